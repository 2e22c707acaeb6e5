// Which conversation a message is in, by its id: four bytes a message, because ids rise by one.
//
//     page of id / 16,384, entry id mod 16,384
//     entry   0: none │ group: top bit and number │ private: row × 64 + stripe, plus 1
//
// Entries are written under the lock of the conversation's stripe and read without one: a reader
// finds what was there or what is there now, and asks the conversation itself.
//
// Limits: 2^36 messages; 33 million private conversations a stripe.

import Base
import Glibc
import Synchronization

@safe final class MessageDirectory: @unchecked Sendable {
    enum Place: Equatable {
        case none
        case group(UInt32)
        case talk(stripe: Int, row: UInt32)
    }

    private typealias Page = UnsafeMutablePointer<UInt32>
    private static let pageSize = 1 << 14
    private static let pagesMax = 1 << 22
    private static let groupBit: UInt32 = 1 << 31

    /// From calloc(3): virtual memory until it is used.
    private let pages: UnsafeMutablePointer<Atomic<UInt>>
    private let growing = Mutex<Void>(())

    init() {
        guard
            let memory = unsafe calloc(Self.pagesMax, MemoryLayout<Atomic<UInt>>.stride)
        else { preconditionFailure("no memory for the message directory") }
        unsafe pages = memory.bindMemory(to: Atomic<UInt>.self, capacity: Self.pagesMax)
    }

    deinit {
        for index in 0..<Self.pagesMax {
            guard let page = unsafe page(index) else { break }
            unsafe page.deallocate()
        }
        unsafe free(pages)
    }

    /// Pages come without a gap, so that the first missing one ends the search of `deinit`.
    private func page(_ index: Int) -> Page? {
        let bits = unsafe pages[index].load(ordering: .acquiring)
        return unsafe Page(bitPattern: bits)
    }

    subscript(id: UInt64) -> Place {
        get {
            let index = Int(truncatingIfNeeded: id / UInt64(Self.pageSize))
            guard index >= 0, index < Self.pagesMax, let page = unsafe page(index) else {
                return .none
            }
            let entry = unsafe page[Int(truncatingIfNeeded: id) & (Self.pageSize - 1)]
            if entry == 0 { return .none }
            if entry & Self.groupBit != 0 { return .group(entry & ~Self.groupBit) }
            let place = entry - 1
            return .talk(
                stripe: Int(place) % StripeSet.count, row: place / UInt32(StripeSet.count))
        }
        set {
            let index = Int(truncatingIfNeeded: id / UInt64(Self.pageSize))
            guard index >= 0, index < Self.pagesMax else { return }
            let entry: UInt32 =
                switch newValue {
                case .none: 0
                case .group(let group): group | Self.groupBit
                case .talk(let stripe, let row):
                    row &* UInt32(StripeSet.count) &+ UInt32(stripe) &+ 1
                }
            let page = unsafe page(index) ?? grow(index)
            unsafe page[Int(truncatingIfNeeded: id) & (Self.pageSize - 1)] = entry
        }
    }

    private func grow(_ index: Int) -> Page {
        growing.withLock { _ in
            for missing in 0...index {
                if unsafe page(missing) != nil { continue }
                let page = Page.allocate(capacity: Self.pageSize)
                unsafe page.initialize(repeating: 0, count: Self.pageSize)
                unsafe pages[missing].store(UInt(bitPattern: page), ordering: .releasing)
            }
        }
        guard let page = unsafe page(index) else { preconditionFailure("a page that was made") }
        return unsafe page
    }
}
