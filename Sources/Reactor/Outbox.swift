// What one turn of a loop sends, for all of its connections together.
//
//     arena  │ m1 │ m2 │ m3 │ p1 │ a1 │ …           every message of the turn, once
//     nodes    0 ─m1─► 1 ─m2─► 2 ─m3─► 3           "m1 m2 m3" is what 1,000 connections get:
//              └──p1─► 4 ─a1─► 5                    they all hold the number 3, nothing else
//
// A connection's share of a turn is one number, the node at the end of a path through a tree whose
// edges are messages. Appending a message to a connection follows an edge, or adds one; so members
// of a group that get the same messages in the same order share one path, and a delivery costs a
// load, a compare and a store. Where the messages of a path lie side by side in the arena (the rule
// in a fan-out), the path is one run of bytes that goes to send(2) as it is; other paths are put
// together once in an assembly buffer, and the next connection with the same node reuses that.
// There are a few such buffers, since connections that take the same messages in different forms
// come in turns.
//
// Invariants: node 0 is the empty path. parent < node. total(node) = total(parent) + length(node).
// run(node) is where the whole path starts in the arena if it is contiguous, else `scattered`.

package import Base

/// A message in the arena of the turn; good until the turn's flush.
package struct StagedMessage {
    let offset: UInt32
    let length: UInt32
    /// Bytes.
    package var count: Int { Int(length) }
}

package struct Outbox: ~Copyable {
    struct Node {
        var parent: UInt32
        var offset: UInt32
        var length: UInt32
        var total: UInt32
        var run: UInt32
        /// The edge that was followed last, which is nearly always the one that is asked for next.
        var lastOffset: UInt32
        var lastChild: UInt32
    }

    static let scattered = UInt32.max
    private static let root = Node(
        parent: 0, offset: 0, length: 0, total: 0, run: 0, lastOffset: .max, lastChild: 0)

    package var arena = ByteBuffer(capacity: 64 * 1_024)
    private var nodes: [Node] = [Outbox.root]
    /// Where another form of a message is made.
    private var scratch = ByteBuffer()
    private var assembled: InlineArray<4, ByteBuffer>
    /// The node whose path is in the buffer of the same index; 0 for none.
    private var assembledNodes: InlineArray<4, UInt32> = .init(repeating: 0)
    /// The buffer that is used next.
    private var nextAssembly = 0

    package init() {
        assembled = .init { _ in ByteBuffer(capacity: 16 * 1_024) }
    }

    /// The bytes that were appended to the arena since it was `start` bytes long, as a message.
    package func staged(from start: Int) -> StagedMessage {
        StagedMessage(
            offset: UInt32(truncatingIfNeeded: start),
            length: UInt32(truncatingIfNeeded: arena.count - start))
    }

    /// What `make` makes of the message, as another message of the arena; the same one when it
    /// makes nothing.
    mutating func reform(
        _ message: StagedMessage, _ make: (Span<UInt8>, inout ByteBuffer) -> Void
    ) -> StagedMessage {
        let start = Int(message.offset)
        let end = arena.count
        // A field of its own would be borrowed together with the arena.
        var output = ByteBuffer()
        swap(&output, &scratch)
        output.removeAll(keepingAtMost: ReactorLimits.formBytesKept)
        make(arena.span(start..<start + message.count), &output)
        arena.append(output.span)
        let isSame = output.isEmpty
        swap(&output, &scratch)
        return isSame ? message : staged(from: end)
    }

    /// The node of `pending` with `message` behind it.
    package mutating func append(_ message: StagedMessage, to pending: UInt32) -> UInt32 {
        // An empty message begins where the next one does: as an edge it would hide that one.
        if message.length == 0 { return pending }
        let from = Int(pending)
        if nodes[from].lastOffset == message.offset { return nodes[from].lastChild }
        let parent = nodes[from]
        let node = UInt32(truncatingIfNeeded: nodes.count)
        var run = Self.scattered
        if pending == 0 {
            run = message.offset
        } else if parent.run != Self.scattered, parent.run + parent.total == message.offset {
            run = parent.run
        }
        nodes.append(
            Node(
                parent: pending, offset: message.offset, length: message.length,
                total: parent.total + message.length, run: run, lastOffset: .max, lastChild: 0))
        nodes[from].lastOffset = message.offset
        nodes[from].lastChild = node
        return node
    }

    /// Bytes of the path that ends in `node`.
    package func count(_ node: UInt32) -> Int { Int(nodes[Int(node)].total) }

    /// Calls `body` with the bytes of the path that ends in `node`, in order and in one piece.
    package mutating func withBytes<R>(of node: UInt32, _ body: (Span<UInt8>) -> R) -> R {
        let end = nodes[Int(node)]
        if end.run != Self.scattered {
            let start = Int(end.run)
            return body(arena.span(start..<start + Int(end.total)))
        }
        for index in assembledNodes.indices where assembledNodes[index] == node {
            return body(assembled[index].span)
        }
        return body(assembled[assemble(node)].span)
    }

    /// Fills an assembly buffer from the end of the path to its start, because nodes know their
    /// parents only, and returns which.
    private mutating func assemble(_ node: UInt32) -> Int {
        let index = nextAssembly
        nextAssembly = (index + 1) % assembledNodes.count
        let total = Int(nodes[Int(node)].total)
        var path = ByteBuffer()
        swap(&path, &assembled[index])
        path.removeAll()
        unsafe path.append(upTo: total) { space in
            var end = total
            var at = Int(node)
            while at != 0 {
                let step = nodes[at]
                let start = Int(step.offset)
                end -= Int(step.length)
                unsafe arena.span(start..<start + Int(step.length)).withUnsafeBytes {
                    unsafe UnsafeMutableRawBufferPointer(rebasing: space[end...]).copyMemory(
                        from: $0)
                }
                at = Int(step.parent)
            }
            return total
        }
        swap(&path, &assembled[index])
        assembledNodes[index] = node
        return index
    }

    /// Everything has been sent or put aside: the next turn starts from nothing.
    package mutating func removeAll() {
        if nodes.count > 1 {
            nodes.removeAll(keepingCapacity: true)
            nodes.append(Self.root)
        }
        arena.removeAll(keepingAtMost: ReactorLimits.turnBytesKept)
        for index in assembledNodes.indices where assembledNodes[index] != 0 {
            assembled[index].removeAll(keepingAtMost: ReactorLimits.turnBytesKept)
            assembledNodes[index] = 0
        }
        nextAssembly = 0
    }
}
