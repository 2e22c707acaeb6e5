// The lists of a reactor against the plain thing, a set of slots for each group.

import Base
import Hub
import TestSupport
import Testing

@Suite struct GroupOnlineTests {
    private func check(_ groups: borrowing GroupOnline, _ model: [UInt32: Set<UInt32>]) {
        #expect(groups.invariantsHold())
        for group in UInt32(0)..<14 {
            let slots = groups.slots(of: group)
            if slots.count != Set(slots).count || Set(slots) != model[group] ?? [] {
                Issue.record("group \(group): \(slots), not \(model[group] ?? [])")
            }
        }
        for slot in UInt32(0)..<24 {
            let expected = Set(model.filter { $0.value.contains(slot) }.keys)
            let mine = groups.groups(of: slot)
            if mine.count != Set(mine).count || Set(mine) != expected {
                Issue.record("slot \(slot): \(mine), not \(expected)")
            }
        }
    }

    @Test func agreesWithSets() {
        var random = Seed.random("group-online")
        var groups = GroupOnline()
        var model: [UInt32: Set<UInt32>] = [:]
        for step in 0..<6_000 {
            let slot = UInt32.random(in: 0..<20, using: &random)
            let group = UInt32.random(in: 1..<12, using: &random)
            let joins = (step / 700) % 2 == 0 ? 6 : 3
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<joins:
                #expect(
                    groups.add(slot, to: group) == model[group, default: []].insert(slot).inserted)
            case joins..<9:
                let was = model[group]?.remove(slot) != nil
                #expect(groups.remove(slot, from: group) == was)
            default:
                let expected = model.filter { $0.value.contains(slot) }.keys.sorted()
                #expect(groups.removeAll(slot).sorted() == expected)
                for group in expected { model[group]?.remove(slot) }
            }
            #expect(groups.contains(slot, group: group) == model[group]?.contains(slot) ?? false)
            check(groups, model)
        }
    }

    @Test func whatIsUnknownIsEmpty() {
        var groups = GroupOnline()
        #expect(groups.slots(of: 1) == [] && groups.groups(of: 99) == [])
        #expect(!groups.contains(99, group: 1) && !groups.remove(99, from: 1))
        #expect(groups.removeAll(99) == [])
        #expect(groups.invariantsHold())
    }
}
