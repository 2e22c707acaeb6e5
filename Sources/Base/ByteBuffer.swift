// A growable run of bytes that is owned by one place: what is written next to a socket, a log or a
// record is written into one of these first.
//
//     base ──► │ count bytes, initialised │ capacity - count bytes, free │
//
// Invariant: 0 <= count <= capacity. Removing all bytes keeps the memory, so a buffer that is used
// again and again stops allocating once it has met its largest use. Reading goes through `span`
// (bounds-checked); only the leaf operations in this file touch raw memory.

@usableFromInline
@safe package struct ByteBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    /// Bytes written so far.
    @usableFromInline package private(set) var count: Int
    /// Bytes that fit before the memory has to grow.
    @usableFromInline package private(set) var capacity: Int

    @inlinable
    package init(capacity: Int = 0) {
        let size = max(capacity, 16)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        self.count = 0
        self.capacity = size
    }

    deinit { unsafe base.deallocate() }

    @inlinable package var isEmpty: Bool { count == 0 }

    /// All bytes, for reading.
    @inlinable
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe UnsafeBufferPointer(
                start: base.assumingMemoryBound(to: UInt8.self), count: count)
            let view = unsafe Span(_unsafeElements: bytes)
            return unsafe _overrideLifetime(view, borrowing: self)
        }
    }

    /// The bytes in `range`, for reading. A range outside of the buffer is a programmer's error.
    @inlinable
    @_lifetime(borrow self)
    package func span(_ range: Range<Int>) -> Span<UInt8> {
        span.extracting(range)
    }

    /// Calls `body` with all bytes: for buffers that are stored in a class.
    @inlinable
    package func withSpan<R>(_ body: (Span<UInt8>) -> R) -> R { body(span) }

    /// All bytes, for change in place.
    @inlinable
    package var mutableSpan: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get {
            let bytes = unsafe UnsafeMutableBufferPointer(
                start: base.assumingMemoryBound(to: UInt8.self), count: count)
            let view = unsafe MutableSpan(_unsafeElements: bytes)
            return unsafe _overrideLifetime(view, mutating: &self)
        }
    }

    /// All bytes as raw memory, for a system call. Good until the next change.
    @unsafe @inlinable
    package var raw: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Makes room for `more` bytes beyond `count`, at least doubling when it has to grow.
    @inlinable
    package mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @usableFromInline
    mutating func grow(_ more: Int) {
        let size = max(capacity * 2, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        unsafe larger.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe base = larger
        capacity = size
    }

    @inlinable
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inlinable
    package mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe append(raw: $0) }
    }

    @unsafe @inlinable
    package mutating func append(raw bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        reserve(bytes.count)
        unsafe (base + count).copyMemory(from: start, byteCount: bytes.count)
        count += bytes.count
    }

    @inlinable
    package mutating func append(_ text: StaticString) {
        unsafe append(
            raw: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The text's UTF-8, as it is.
    @inlinable
    package mutating func append(_ text: String) {
        append(text.utf8.span)
    }

    /// Little-endian, unaligned.
    @inlinable
    package mutating func append<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T) {
        let size = MemoryLayout<T>.size
        reserve(size)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: count, as: T.self)
        count += size
    }

    /// Overwrites bytes that were appended before, little-endian.
    @inlinable
    package mutating func set<T: FixedWidthInteger & BitwiseCopyable>(
        littleEndian value: T, at offset: Int
    ) {
        precondition(
            offset >= 0 && offset + MemoryLayout<T>.size <= count, "set outside of the buffer")
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }

    /// Little-endian, unaligned.
    @inlinable
    package func get<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, at offset: Int) -> T {
        precondition(
            offset >= 0 && offset + MemoryLayout<T>.size <= count, "get outside of the buffer")
        return unsafe T(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Appends `size` bytes that `fill` writes; it says how many it wrote.
    @unsafe @inlinable
    package mutating func append(
        upTo size: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        reserve(size)
        let written = unsafe fill(UnsafeMutableRawBufferPointer(start: base + count, count: size))
        precondition(written >= 0 && written <= size, "fill wrote more than its space")
        count += written
    }

    /// Keeps the first `length` bytes.
    @inlinable
    package mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count, "truncate to more than there is")
        count = length
    }

    /// Drops the first `length` bytes and moves the rest to the front.
    @inlinable
    package mutating func removeFirst(_ length: Int) {
        precondition(length >= 0 && length <= count, "remove more than there is")
        if length == 0 { return }
        // copyMemory bears overlap.
        unsafe base.copyMemory(from: base + length, byteCount: count - length)
        count -= length
    }

    /// Forgets the bytes and keeps the memory.
    @inlinable
    package mutating func removeAll() { count = 0 }

    /// Forgets the bytes, and gives memory beyond `most` bytes back when it was not needed this
    /// time.
    package mutating func removeAll(keepingAtMost most: Int) {
        let used = count
        count = 0
        // By halves, and only after a use that was small: under steady load a buffer keeps what
        // that needs, and what a burst took is given back step by step.
        if capacity > most, used < capacity / 4 {
            self = ByteBuffer(capacity: max(most, capacity / 2))
        }
    }
}
