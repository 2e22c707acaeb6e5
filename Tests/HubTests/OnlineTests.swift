// Who is online: a registration is replaced by the next of the same device, and the end of the old
// connection takes nothing away from the new one.

import Base
import Hub
import Reactor
import TestSupport
import Testing

@Suite struct OnlineTests {
    private func key(_ number: UInt64) -> ConnectionKey { ConnectionKey(bits: number) }

    @Test func theEndOfAReplacedConnectionRemovesNothing() {
        let online = Online()
        #expect(!online.isOnline(5) && online.userCount == 0)
        #expect(online.register(user: 5, device: "default", key: key(1)) == nil)
        #expect(!online.isOnline(5), "it waits for its turn")
        online.open(user: 5, key: key(1))
        #expect(online.isOnline(5) && online.userCount == 1)
        #expect(online.register(user: 5, device: "default", key: key(2)) == key(1))
        #expect(online.connections(of: 5) == [key(2)])
        online.leave(user: 5, key: key(1))
        online.unregister(user: 5, key: key(1))
        #expect(online.connections(of: 5) == [key(2)])
        online.open(user: 5, key: key(2))
        online.unregister(user: 5, key: key(1))
        #expect(online.isOnline(5) && online.userCount == 1)
        // Over, but not written down: whoever comes next learns of it.
        online.leave(user: 5, key: key(2))
        #expect(!online.isOnline(5) && online.userCount == 0)
        #expect(online.register(user: 5, device: "default", key: key(3)) == key(2))
        online.unregister(user: 5, key: key(3))
        online.unregister(user: 5, key: key(3))
        #expect(online.userCount == 0)
    }

    @Test func eachDeviceHasAConnectionOfItsOwn() {
        let online = Online()
        #expect(online.register(user: 7, device: "phone", key: key(1)) == nil)
        #expect(online.register(user: 7, device: "desk", key: key(2)) == nil)
        for number in UInt64(1)...2 { online.open(user: 7, key: key(number)) }
        #expect(online.userCount == 1)
        #expect(online.register(user: 7, device: "phone", key: key(3)) == key(1))
        #expect(Set(online.connections(of: 7)) == [key(2), key(3)])
        online.unregister(user: 7, key: key(3))
        #expect(online.isOnline(7))
        online.unregister(user: 7, key: key(2))
        #expect(online.userCount == 0)
    }

    @Test func servedIsTheConnectionAndNotTheUser() {
        let online = Online()
        _ = online.register(user: 9, device: "default", key: key(1))
        #expect(!online.isServed(9))
        online.setServed(user: 9, key: key(2))
        #expect(!online.isServed(9))
        online.setServed(user: 9, key: key(1))
        #expect(online.isServed(9))
        // The next connection begins by catching up.
        _ = online.register(user: 9, device: "default", key: key(2))
        #expect(!online.isServed(9))
        online.setServed(user: 9, key: key(1))
        #expect(!online.isServed(9))
        online.unregister(user: 9, key: key(2))
        #expect(!online.isServed(9))
    }

    /// Users of the same stripe, and every order of coming and going.
    @Test func agreesWithAModel() {
        var random = Seed.random("online")
        let online = Online()
        var model: [UInt32: [String: ConnectionKey]] = [:]
        var known: [(UInt32, ConnectionKey)] = []
        for step in UInt64(1)..<5_000 {
            let user = UInt32.random(in: 0..<6, using: &random) * 64 + 3
            if Bool.random(using: &random) {
                let device = ["default", "phone", "desk"][Int.random(in: 0..<3, using: &random)]
                let old = model[user, default: [:]].updateValue(key(step), forKey: device)
                #expect(online.register(user: user, device: device, key: key(step)) == old)
                online.open(user: user, key: key(step))
                known.append((user, key(step)))
            } else if let (user, key) = known.randomElement(using: &random) {
                // Often a connection that was replaced long ago.
                let device = model[user]?.first { $0.value == key }?.key
                if let device { model[user]?[device] = nil }
                online.unregister(user: user, key: key)
            }
            for (user, devices) in model {
                #expect(online.isOnline(user) == !devices.isEmpty)
                #expect(Set(online.connections(of: user)) == Set(devices.values))
            }
            #expect(online.userCount == model.values.count { !$0.isEmpty })
        }
    }
}
