// Whether somebody but the sender is there to get a group message: counted over all reactors, with
// each connection of each member.

import Base
import Hub
import Reactor
import Testing

private final class IdleDelegate: LoopDelegate {
    func accepted(on loop: EventLoop, _ slot: UInt32) -> any Session {
        preconditionFailure("nobody listens")
    }
    func executed(on loop: EventLoop) {}
    func ticked(on loop: EventLoop) {}
    func shutDown(_ session: any Session, on loop: EventLoop, _ slot: UInt32) {}
    func append(_ message: Span<UInt8>, inForm form: UInt8, to output: inout ByteBuffer) {}
}

@Suite struct GroupPresenceTests {
    private func isHeard(_ hub: Hub, _ sender: UInt32, _ group: UInt32) -> Bool {
        var effect = Effect(.groupMessage)
        effect.userA = sender
        effect.group = group
        var buffer = ByteBuffer()
        effect.append(to: &buffer)
        hub.markOnline(&buffer)
        return Effect.read(buffer, at: 0)?.effect.recipientIsOnline ?? false
    }

    @Test func countsOthersOnly() throws {
        let delegate = IdleDelegate()
        let loops = try (0..<2).map {
            try EventLoop(index: $0, delegate: delegate, connectionsMax: 16)
        }
        let hub = Hub(loops: loops)
        let (first, second) = (
            LoopHub(hub: hub, loop: loops[0], mark: 0), LoopHub(hub: hub, loop: loops[1], mark: 0)
        )
        func enter(_ place: LoopHub, _ slot: UInt32, _ user: UInt32, _ groups: [UInt32]) {
            let key = ConnectionKey(reactor: place === first ? 0 : 1, generation: 1, slot: slot)
            _ = hub.online.register(user: user, device: "\(slot)", key: key)
            hub.online.open(user: user, key: key)
            place.add(slot: slot, user: user, groups: groups, lsn: 1)
        }
        func leave(_ place: LoopHub, _ slot: UInt32, _ user: UInt32) {
            let key = ConnectionKey(reactor: place === first ? 0 : 1, generation: 1, slot: slot)
            place.remove(slot: slot)
            hub.online.unregister(user: user, key: key)
        }
        #expect(!isHeard(hub, 1, 42))
        enter(first, 0, 1, [42, 50])
        #expect(!isHeard(hub, 1, 42))
        // A second device of the sender is nobody else.
        enter(second, 1, 1, [42, 50])
        #expect(!isHeard(hub, 1, 42))
        enter(second, 2, 2, [42])
        #expect(isHeard(hub, 1, 42) && isHeard(hub, 2, 42))
        #expect(!isHeard(hub, 1, 50) && !isHeard(hub, 1, 7))
        leave(first, 0, 1)
        #expect(isHeard(hub, 1, 42) && isHeard(hub, 2, 42))
        leave(second, 1, 1)
        #expect(!isHeard(hub, 2, 42))
        leave(second, 2, 2)
        #expect(!isHeard(hub, 2, 42) && !isHeard(hub, 1, 42))
        // Twice is once.
        second.remove(slot: 2)
        #expect(!isHeard(hub, 1, 42))
        withExtendedLifetime((delegate, loops)) {}
    }
}
