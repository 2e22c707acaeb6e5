// Elements of a paged array keep their place while it grows, and each dies once with it.

import Base
import Synchronization
import Testing

@Suite struct PagedArrayTests {
    private final class Counted: Sendable {
        static let alive = Atomic(0)
        let number: Int
        init(_ number: Int) {
            self.number = number
            Self.alive.add(1, ordering: .relaxed)
        }
        deinit { Self.alive.subtract(1, ordering: .relaxed) }
    }

    @Test(arguments: [1, 3, 64])
    func pointersNeverMove(pageSize: Int) {
        var array = PagedArray<Int>(pageSize: pageSize)
        var places: [UInt] = []
        for number in 0..<1_000 {
            array.append(number)
            places.append(UInt(bitPattern: unsafe array.pointer(number)))
        }
        #expect(array.count == 1_000)
        for number in 0..<1_000 {
            let place = UInt(bitPattern: unsafe array.pointer(number))
            let value = unsafe array.pointer(number).pointee
            #expect(place == places[number] && value == number)
            unsafe array.pointer(number).pointee = -number
        }
        let values = (0..<1_000).map { unsafe array.pointer($0).pointee }
        #expect(values == (0..<1_000).map { -$0 })
        #expect(Set(places).count == 1_000)
    }

    /// A whole number of pages, one element less and one more.
    @Test func elementsDieWithTheArray() {
        for count in [0, 1, 7, 8, 9, 16, 100] {
            fill(count)
            #expect(Counted.alive.load(ordering: .relaxed) == 0)
        }
    }

    private func fill(_ count: Int) {
        var array = PagedArray<Counted>(pageSize: 8)
        for number in 0..<count { array.append(Counted(number)) }
        #expect(Counted.alive.load(ordering: .relaxed) == count)
        if count == 0 { return }
        let last = unsafe array.pointer(count - 1).pointee.number
        #expect(last == count - 1)
    }
}
