// The rows for conversations and for the limits that protect the server.

extension Keys {
    static let chat: [Key] = [
        seconds(
            "chat.heartbeat_s", \.chat.heartbeatSeconds, 1...3_600,
            "seconds of silence before a heartbeat or a ping is sent"),
        seconds(
            "chat.cursor_interval_s", \.chat.cursorIntervalSeconds, 1...3_600,
            "seconds of deliveries that may repeat after a crash"),
        Key(
            "chat.devices_max",
            .integer(\.chat.devicesMax, 1...1_000, "a user has at least one device"),
            "devices of a user that are remembered; the longest unseen is forgotten"),
        Key(
            "chat.multi_device", .truth(\.chat.multiDevice),
            "true lets a user be connected from several devices at once"),
        Key(
            "chat.recall_window_s",
            .integer(
                \.chat.recallWindowSeconds, 0...31_536_000,
                "give seconds, at most a year, or 0 to allow no recall"),
            "seconds in which a message can be recalled"),
        Key(
            "chat.content_bytes_max",
            .integer(
                \.chat.contentBytesMax, 1...1_000_000, "a larger message is a file"),
            "most bytes of a message's content"),
        Key(
            "chat.frame_bytes_max",
            .integer(
                \.chat.frameBytesMax, 1_024...16_777_216, "give between 1 KiB and 16 MiB"),
            "most bytes of a WebSocket message, its JSON included"),
        Key(
            "chat.outbound_bytes_max",
            .integer(
                \.chat.outboundBytesMax, 1_024...1_073_741_824, "give between 1 KiB and 1 GiB"),
            "bytes that may wait for a slow reader before it is closed with 4008"),
        Key(
            "chat.group_members_max",
            .integer(\.chat.groupMembersMax, 2...1_000_000, "a group has at least two places"),
            "highest max_count of a group"),
        Key(
            "chat.groups_per_user_max",
            .integer(\.chat.groupsPerUserMax, 1...1_000_000, "give at least one group a user"),
            "most groups a user can be in"),
    ]

    static let limits: [Key] = [
        Key(
            "limits.enabled", .truth(\.limits.enabled),
            "false switches the rate limits off; sizes and time-outs stay", reloading: .live),
        rate(
            "limits.anonymous_per_s", \.limits.anonymousPerSecond,
            "calls a second without a token, by address"),
        rate(
            "limits.anonymous_burst", \.limits.anonymousBurst, "such calls at once after a pause"),
        rate(
            "limits.login_per_minute", \.limits.loginPerMinute,
            "log-ins and registrations a minute, by address and by user name"),
        rate("limits.rest_per_s", \.limits.restPerSecond, "calls a second of one user"),
        rate("limits.rest_burst", \.limits.restBurst, "such calls at once after a pause"),
        rate("limits.ws_per_s", \.limits.webSocketPerSecond, "messages a second of a connection"),
        rate("limits.ws_burst", \.limits.webSocketBurst, "such messages at once after a pause"),
        Key(
            "limits.body_bytes_max",
            .integer(\.limits.bodyBytesMax, 1_024...67_108_864, "give between 1 KiB and 64 MiB"),
            "most bytes of a request's body", reloading: .live),
        seconds(
            "limits.header_timeout_s", \.limits.headerTimeoutSeconds, 1...3_600,
            "seconds in which a request's header must be complete", reloading: .live),
        seconds(
            "limits.body_timeout_s", \.limits.bodyTimeoutSeconds, 1...3_600,
            "seconds in which a request's body must be complete", reloading: .live),
        seconds(
            "limits.idle_timeout_s", \.limits.idleTimeoutSeconds, 1...86_400,
            "seconds that a connection without a request is kept", reloading: .live),
    ]

    static func seconds(
        _ path: StaticString, _ place: Place<Int>, _ range: ClosedRange<Int>, _ purpose: String,
        reloading: Key.Reloading = .restart
    ) -> Key {
        Key(
            path, .integer(place, range, "give seconds in that range"), purpose,
            reloading: reloading)
    }

    private static func rate(
        _ path: StaticString, _ place: Place<Int>, _ purpose: String
    ) -> Key {
        Key(
            path,
            .integer(
                place, 1...1_000_000, "give at least 1; limits.enabled: false switches limits off"),
            purpose, reloading: .live)
    }
}
