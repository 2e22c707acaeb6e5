// Every user's name by number, readable without a lock: names never change, and a page never moves.
// Frames and lists name users while they hold the lock of a conversation, where the users' own
// stripes could not be locked any more.
//
// Also the way back, from a folded name to the number, under a lock of its own (a leaf in the lock
// order). A deleted user's number keeps its name; the folded name becomes free.

import Base
import Synchronization

@safe
final class NameTable: @unchecked Sendable {
    private typealias Page = UnsafeMutablePointer<String>
    private static let pageSize = 4_096
    private static let pagesMax = 1 << 16

    private let pages: UnsafeMutablePointer<Page?>
    private let highest = Atomic<UInt32>(0)
    private let numbers = Mutex<[String: UInt32]>([:])

    init() {
        unsafe pages = UnsafeMutablePointer.allocate(capacity: Self.pagesMax)
        unsafe pages.initialize(repeating: nil, count: Self.pagesMax)
    }

    deinit {
        for index in 0..<Self.pagesMax {
            if let page = unsafe pages[index] {
                unsafe page.deinitialize(count: Self.pageSize)
                unsafe page.deallocate()
            }
        }
        unsafe pages.deallocate()
    }

    /// Users that a table can name.
    static var usersMax: UInt32 { UInt32(pageSize * pagesMax - 1) }

    /// The highest number in use.
    var last: UInt32 { highest.load(ordering: .acquiring) }

    /// The name of a user that exists or existed; empty for a number that was never given.
    subscript(user: UInt32) -> String {
        guard user <= last, let page = unsafe pages[Int(user) / Self.pageSize] else { return "" }
        return unsafe page[Int(user) % Self.pageSize]
    }

    func number(ofFolded folded: String) -> UInt32? { numbers.withLock { $0[folded] } }

    /// Reserves the next number for a name; nil when the name is taken or the table is full.
    func add(_ name: String, folded: String) -> UInt32? {
        numbers.withLock { numbers in
            let user = last + 1
            guard numbers[folded] == nil, user <= Self.usersMax else { return nil }
            set(name, user)
            numbers[folded] = user
            return user
        }
    }

    /// Puts a name at a number that a record says; for replay. Without its folded form it stays
    /// free: its user is gone.
    func restore(_ name: String, folded: String?, user: UInt32) {
        numbers.withLock { numbers in
            set(name, user)
            if let folded { numbers[folded] = user }
        }
    }

    private func set(_ name: String, _ user: UInt32) {
        let index = Int(user) / Self.pageSize
        if unsafe pages[index] == nil {
            let page = Page.allocate(capacity: Self.pageSize)
            unsafe page.initialize(repeating: "", count: Self.pageSize)
            unsafe pages[index] = page
        }
        if let page = unsafe pages[index] { unsafe page[Int(user) % Self.pageSize] = name }
        if user > last { highest.store(user, ordering: .releasing) }
    }
}
