// What must hold between keys. A relation is checked only where the keys that it concerns have no
// problem of their own, and is reported at the place of the one that was given last.

extension Loader {
    /// Room for the members around a message's content in a frame or body.
    static var envelopeBytes: Int { 1_024 }

    mutating func checkRelations() {
        checkSizes()
        checkTimes()
        checkSecrets()
        checkOrigins()
        let certificate = configuration.server.tlsCertificatePath
        let key = configuration.server.tlsKeyPath
        require(
            certificate.isEmpty == key.isEmpty, ["server.tls_cert", "server.tls_key"],
            "one of the two is empty; set both for TLS, or none")
    }

    private mutating func checkSizes() {
        let chat = configuration.chat
        let least = chat.contentBytesMax + Self.envelopeBytes
        require(
            chat.frameBytesMax >= least, ["chat.frame_bytes_max", "chat.content_bytes_max"],
            "a frame of \(chat.frameBytesMax) bytes does not hold a content of "
                + "\(chat.contentBytesMax); make the frame at least \(least)")
        require(
            configuration.limits.bodyBytesMax >= least,
            ["limits.body_bytes_max", "chat.content_bytes_max"],
            "a body of \(configuration.limits.bodyBytesMax) bytes does not hold a content of "
                + "\(chat.contentBytesMax); make the body at least \(least)")
        require(
            chat.outboundBytesMax >= chat.frameBytesMax,
            ["chat.outbound_bytes_max", "chat.frame_bytes_max"],
            "\(chat.outboundBytesMax) bytes do not hold one frame of \(chat.frameBytesMax); "
                + "make outbound_bytes_max at least that")
    }

    private mutating func checkTimes() {
        let ai = configuration.ai
        let parts: [(String, Int)] = [
            ("ai.connect_timeout_s", ai.connectTimeoutSeconds),
            ("ai.first_token_timeout_s", ai.firstTokenTimeoutSeconds),
            ("ai.stall_timeout_s", ai.stallTimeoutSeconds),
        ]
        for (path, seconds) in parts {
            require(
                seconds <= ai.turnTimeoutSeconds, [path, "ai.turn_timeout_s"],
                "\(seconds) s are longer than the whole turn (\(ai.turnTimeoutSeconds) s); "
                    + "shorten one or lengthen the other")
        }
    }

    private mutating func checkSecrets() {
        let auth = configuration.auth
        require(
            auth.jwtSecret.isEmpty || !auth.previousJWTSecrets.contains(auth.jwtSecret),
            ["auth.previous_jwt_secrets", "auth.jwt_secret"],
            "the current secret is among the previous ones; take it out there")
        require(
            Set(auth.previousJWTSecrets).count == auth.previousJWTSecrets.count,
            ["auth.previous_jwt_secrets"], "a secret stands there twice; keep one")
        let names = configuration.ai.providers.map(\.name)
        require(
            Set(names).count == names.count, ["ai.providers"],
            "two providers have one name; give each its own")
    }

    private mutating func checkOrigins() {
        let message = "\"*\" is any origin, others beside it mean nothing; keep one or the others"
        let cors = configuration.server.corsOrigins
        require(!cors.contains("*") || cors.count == 1, ["server.cors_origins"], message)
        let sockets = configuration.server.webSocketOrigins
        require(!sockets.contains("*") || sockets.count == 1, ["server.ws_origins"], message)
    }

    private mutating func require(_ holds: Bool, _ paths: [String], _ message: String) {
        guard !holds, failed.isDisjoint(with: paths) else { return }
        unrelated.formUnion(paths)
        var place = "defaults"
        var best = -1
        for path in paths {
            guard let origin = origins[path], origin.rank > best else { continue }
            best = origin.rank
            place = origin.description
        }
        let names = paths.joined(separator: ", ")
        problems.add(place, "\(names): \(message)")
    }
}

extension Origin {
    /// Rises with precedence; within one rank the first key named counts.
    fileprivate var rank: Int {
        switch self {
        case .file: 0
        case .variable: 1
        case .flag: 2
        }
    }
}
