// Rows 18 to 28 of SPEC 2: groups.

import Base
import Chat
import Store
import Wire

extension Exchange {
    func createGroup() throws(Failure) -> Outcome {
        let (name, most, notice) = try fields(["name", "max_count", "notice"]) {
            fields throws(FieldDefect) in
            (
                try fields.string("name"), try fields.optionalInteger("max_count"),
                try fields.optionalString("notice")
            )
        }
        try chat.createGroup(
            name: name, notice: notice, membersMax: most.map { Int(clamping: $0) }, by: user,
            at: time, origin: origin, workspace, &reading)
        return .committed
    }

    func myGroups() throws(Failure) -> Outcome {
        let views = chat.groups(of: user, &reading)
        json.append { $0.list("groups", views) { Shape.group($1, &$0) } }
        return .answer
    }

    func searchGroups() throws(Failure) -> Outcome {
        let keyword = try keyword()
        let limit = try limit()
        let (chat, user) = (chat, user)
        return try work {
            var reading = Reading()
            let found = chat.searchGroups(keyword, limit: limit, &reading)
            return (chat.views(found, for: user, &reading), reading)
        } then: { exchange, result throws(Failure) in
            exchange.reading.saw(result.1.lsn)
            exchange.json.append { $0.list("groups", result.0) { Shape.group($1, &$0) } }
            return .answer
        }
    }

    func showGroup() throws(Failure) -> Outcome {
        let view = try chat.group(try groupParameter(), for: user, &reading)
        json.append { Shape.group(view, &$0) }
        return .answer
    }

    func members() throws(Failure) -> Outcome {
        let views = try chat.members(of: try groupParameter(), for: user, &reading)
        json.append { $0.list("members", views) { Shape.member($1, &$0) } }
        return .answer
    }

    func joinGroup() throws(Failure) -> Outcome {
        try chat.joinGroup(
            try groupField(), by: user, at: time, origin: origin, workspace, &reading)
        return .committed
    }

    func leaveGroup() throws(Failure) -> Outcome {
        try chat.leaveGroup(
            try groupField(), by: user, at: time, origin: origin, workspace, &reading)
        return .committed
    }

    func invite() throws(Failure) -> Outcome {
        let (group, name, alias) = try fields(["group_id", "username", "target_username"]) {
            fields throws(FieldDefect) in
            (
                try fields.integer("group_id"), try fields.optionalString("username"),
                try fields.optionalString("target_username")
            )
        }
        guard let name = name ?? alias else { throw .field("username", "is missing") }
        try chat.invite(
            named: name, to: try Self.group(group), by: user, at: time, origin: origin, workspace,
            &reading)
        return .committed
    }

    func kick() throws(Failure) -> Outcome {
        let (group, name) = try fields(["group_id", "username"]) { fields throws(FieldDefect) in
            (try fields.integer("group_id"), try fields.string("username"))
        }
        try chat.kick(
            named: try Self.filled("username", name), from: try Self.group(group), by: user,
            answer: "{\"message\":\"kick success\"}", at: time, origin: origin, workspace, &reading)
        return .committed
    }

    func updateGroup() throws(Failure) -> Outcome {
        let (group, name, notice, most) = try fields(["group_id", "name", "notice", "max_count"]) {
            fields throws(FieldDefect) in
            (
                try fields.integer("group_id"), try fields.optionalString("name"),
                try fields.optionalString("notice"), try fields.optionalInteger("max_count")
            )
        }
        try chat.updateGroup(
            try Self.group(group), name: name, notice: notice,
            membersMax: most.map { Int(clamping: $0) }, by: user, at: time, origin: origin,
            workspace, &reading
        ) { view, buffer in buffer.append { Shape.group(view, &$0) } }
        return .committed
    }

    func dismissGroup() throws(Failure) -> Outcome {
        try chat.dismissGroup(
            try groupField(), by: user, answer: "{\"message\":\"dismiss success\"}", at: time,
            origin: origin, workspace, &reading)
        return .committed
    }

    private func groupField() throws(Failure) -> UInt32 {
        let value = try fields(["group_id"]) { fields throws(FieldDefect) in
            try fields.integer("group_id")
        }
        return try Self.group(value)
    }
}
