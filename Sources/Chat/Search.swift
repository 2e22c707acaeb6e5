// Search by a part of the name, in any script and without regard to case. It looks at every row, a
// stripe's lock at a time: on a worker's thread, not on a reactor's.

import Base
package import Store

extension Chat {
    /// Users whose name or nickname contains `keyword`, by id, at most `limit`.
    package func searchUsers(
        _ keyword: String, limit: Int, at time: Int64, _ reading: inout Reading
    ) -> [UserView] {
        let folded = Folding.fold(keyword)
        var found: [UserView] = []
        var number: UInt32 = 0
        while number < tables.lastUser, found.count < limit {
            number += 1
            let user = number
            let matches = tables.withLocked(.user(user), &reading) {
                $0.matches(user, keyword: folded)
            }
            if matches, let view = self.user(user, at: time, &reading) { found.append(view) }
        }
        return found
    }

    /// Groups whose name contains `keyword`, by id, at most `limit`.
    package func searchGroups(
        _ keyword: String, limit: Int, _ reading: inout Reading
    ) -> [GroupInfo] {
        let folded = Folding.fold(keyword)
        var found: [GroupInfo] = []
        var number: UInt32 = 0
        while number < tables.lastGroup, found.count < limit {
            number += 1
            let group = number
            let info = tables.withLocked(.group(group), &reading) { locked in
                locked.matches(group: group, keyword: folded) ? locked.groupInfo(group) : nil
            }
            if let info { found.append(info) }
        }
        return found
    }
}
