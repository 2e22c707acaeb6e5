// Bytes whose end is the end of accessible memory: a parser that reads one byte too many faults
// instead of finding something plausible there.
//
//     │ no access │ … free …           bytes │ no access │
//
// Reading before the start faults only when the bytes fill their pages. Meant to be used again and
// again: `place` moves other bytes to the edge without asking the system for anything.

import Glibc

@safe package struct GuardedBytes: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private let pageSize: Int
    private let capacity: Int
    private var count = 0

    /// Room for at least `capacity` bytes.
    package init(capacity: Int) {
        pageSize = sysconf(CInt(_SC_PAGESIZE))
        self.capacity = (max(capacity, 1) + pageSize - 1) / pageSize * pageSize
        let size = self.capacity + 2 * pageSize
        let area = unsafe mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let area = unsafe area, unsafe area != MAP_FAILED else {
            preconditionFailure("no memory for guarded bytes")
        }
        unsafe base = area
        let before = unsafe mprotect(area, pageSize, PROT_NONE)
        let behind = unsafe mprotect(area + pageSize + self.capacity, pageSize, PROT_NONE)
        precondition(before == 0 && behind == 0, "no guard pages")
    }

    deinit { unsafe munmap(base, capacity + 2 * pageSize) }

    /// Puts a copy of `bytes` at the edge.
    package mutating func place(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= capacity, "more bytes than there is room for")
        count = bytes.count
        guard count > 0 else { return }
        let start = unsafe base + pageSize + capacity - count
        unsafe bytes.withUnsafeBytes { source in
            if let from = source.baseAddress {
                unsafe start.copyMemory(from: from, byteCount: source.count)
            }
        }
    }

    /// The bytes that were placed last.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let start = unsafe base + pageSize + capacity - count
            let bytes = unsafe UnsafeBufferPointer(
                start: start.assumingMemoryBound(to: UInt8.self), count: count)
            let view = unsafe Span(_unsafeElements: bytes)
            return unsafe _overrideLifetime(view, borrowing: self)
        }
    }
}
