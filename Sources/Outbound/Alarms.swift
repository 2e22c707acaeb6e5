// What is to be done at a later moment: a binary heap of deadlines, and what each one means beside
// it. An alarm that is removed only loses its meaning; its place in the heap is given back when its
// time comes, or when such places are the larger part.
//
// Invariant: every entry's deadline is at or after its parent's, at (index - 1) / 2; `bodies` holds
// exactly the alarms that may still ring. Add O(log n), remove O(1) amortised.

struct Alarms {
    typealias Body = () -> Void

    private struct Entry {
        let deadline: UInt64
        let id: UInt64
    }

    private var heap: [Entry] = []
    private var bodies: [UInt64: Body] = [:]
    private var lastID: UInt64 = 0

    var count: Int { bodies.count }
    /// Places taken, those of removed alarms included.
    var places: Int { heap.count }

    /// Alarms with the same deadline ring in the order of adding.
    mutating func add(at deadline: UInt64, _ body: @escaping Body) -> UInt64 {
        lastID += 1
        bodies[lastID] = body
        heap.append(Entry(deadline: deadline, id: lastID))
        rise(heap.count - 1)
        return lastID
    }

    /// Forgets an alarm; one that has rung or was removed is none.
    mutating func remove(_ id: UInt64) {
        guard bodies.removeValue(forKey: id) != nil else { return }
        guard heap.count > 64, heap.count > 2 * bodies.count else { return }
        heap = heap.filter { bodies[$0.id] != nil }
        for index in heap.indices.reversed() { sink(index) }
    }

    /// When the next alarm rings; nil when none will.
    mutating func next() -> UInt64? {
        while let first = heap.first {
            if bodies[first.id] != nil { return first.deadline }
            removeFirst()
        }
        return nil
    }

    /// Takes out the next alarm whose time has come.
    mutating func take(at now: UInt64) -> Body? {
        guard let deadline = next(), deadline <= now, let first = heap.first else { return nil }
        removeFirst()
        return bodies.removeValue(forKey: first.id)
    }

    private static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
        (a.deadline, a.id) < (b.deadline, b.id)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        sink(0)
    }

    private mutating func rise(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard Self.isBefore(heap[index], heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && Self.isBefore(heap[child], heap[least]) {
                least = child
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
