// Bytes that end exactly where a page without access begins: one byte read or written too far stops
// the process, also where raw memory is used and no bounds are checked.

import Glibc

@safe struct PageEnd: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private let usable: Int

    init(capacity: Int) {
        let page = 4_096
        usable = (capacity + page - 1) / page * page
        let mapped = unsafe mmap(
            nil, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            fatalError("no memory")
        }
        unsafe base = mapped
        let result = unsafe mprotect(mapped + usable, page, PROT_NONE)
        precondition(result == 0, "the page cannot be guarded")
    }

    deinit { unsafe munmap(base, usable + 4_096) }

    /// Gives `body` a copy of `bytes` against the guarded page, and returns what it left there.
    mutating func with(_ bytes: [UInt8], _ body: (inout MutableSpan<UInt8>) -> Void) -> [UInt8] {
        precondition(bytes.count <= usable, "more than the page holds")
        let start = unsafe (base + (usable - bytes.count)).assumingMemoryBound(to: UInt8.self)
        let memory = unsafe UnsafeMutableBufferPointer(start: start, count: bytes.count)
        for (index, byte) in bytes.enumerated() { unsafe memory[index] = byte }
        var span = unsafe MutableSpan(_unsafeElements: memory)
        body(&span)
        return unsafe Array(memory)
    }
}
