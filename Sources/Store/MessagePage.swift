// One piece of memory that holds messages one behind the other, and where each begins.
//
//     │ entry 0 │ entry 1 │ …  ──►      free      ◄──  … │ start 1 │ start 0 │
//     0                        used                        16 bits each, from the end
//
// Entries are only ever appended, and what is written never changes: whoever keeps an earlier view
// (a page, how much of it was used, how many entries that were) reads on undisturbed while another
// appends. That is how a snapshot is written while the server serves.
//
// Limits: entries begin below 64 KiB; who appends sees to it (`MessageTail.bytesMax`).

import Base

@safe struct MessagePage: @unchecked Sendable {
    /// The header is the capacity in bytes.
    private let storage: ManagedBuffer<Int, UInt8>

    init(capacity: Int) {
        storage = ManagedBuffer<Int, UInt8>.create(minimumCapacity: capacity) { _ in capacity }
    }

    var capacity: Int { storage.header }

    /// Bytes that one more entry takes beside its own.
    static let startBytes = 2

    /// Where entry `index` begins.
    @inline(__always)
    func start(_ index: Int) -> Int {
        let offset = capacity - (index + 1) * Self.startBytes
        precondition(index >= 0 && offset >= 0, "an entry that is not there")
        return unsafe storage.withUnsafeMutablePointerToElements {
            Int(
                unsafe UInt16(
                    littleEndian: UnsafeRawPointer($0 + offset).loadUnaligned(as: UInt16.self)))
        }
    }

    func setStart(_ index: Int, _ start: Int) {
        let offset = capacity - (index + 1) * Self.startBytes
        precondition(index >= 0 && offset >= 0 && start >= 0 && start <= 0xffff, "no such start")
        unsafe storage.withUnsafeMutablePointerToElements {
            unsafe UnsafeMutableRawPointer($0 + offset).storeBytes(
                of: UInt16(start).littleEndian, as: UInt16.self)
        }
    }

    /// Calls `body` with the bytes in `range`.
    @inline(__always)
    func withBytes<R, E: Error>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= capacity, "outside of the page")
        let start = unsafe storage.withUnsafeMutablePointerToElements { unsafe $0 }
        let bytes = unsafe UnsafeBufferPointer(
            start: start + range.lowerBound, count: range.count)
        return try body(unsafe Span(_unsafeElements: bytes))
    }

    /// Writes `bytes` at `offset`, where nothing is in use yet.
    func write(_ bytes: Span<UInt8>, at offset: Int) {
        precondition(offset >= 0 && offset + bytes.count <= capacity, "outside of the page")
        unsafe storage.withUnsafeMutablePointerToElements { start in
            unsafe bytes.withUnsafeBytes { source in
                guard let base = source.baseAddress else { return }
                unsafe UnsafeMutableRawPointer(start + offset).copyMemory(
                    from: base, byteCount: source.count)
            }
        }
    }

    func write<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= capacity, "outside")
        unsafe storage.withUnsafeMutablePointerToElements {
            unsafe UnsafeMutableRawPointer($0 + offset).storeBytes(
                of: value.littleEndian, as: T.self)
        }
    }

    func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, at offset: Int) -> T {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= capacity, "outside")
        return unsafe storage.withUnsafeMutablePointerToElements {
            unsafe T(
                littleEndian: UnsafeRawPointer($0 + offset).loadUnaligned(as: T.self))
        }
    }

    /// The same entries in a page of another size.
    func copy(used: Int, count: Int, capacity: Int) -> MessagePage {
        precondition(capacity >= used + count * Self.startBytes, "too small for its entries")
        let copy = MessagePage(capacity: capacity)
        withBytes(0..<used) { copy.write($0, at: 0) }
        let starts = count * Self.startBytes
        withBytes(self.capacity - starts..<self.capacity) {
            copy.write($0, at: capacity - starts)
        }
        return copy
    }

    /// Whether both are the same memory.
    func isSame(as other: MessagePage) -> Bool { storage === other.storage }
}
