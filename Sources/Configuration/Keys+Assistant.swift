// The rows for the assistant. All of them can be changed in a running server.

extension Keys {
    static let ai: [Key] = [
        Key(
            "ai.providers", .providers(\.ai.providers),
            "OpenAI-compatible endpoints by preference: [{ name, base_url, api_key, model }]",
            reloading: .live, isSecret: true),
        Key(
            "ai.language", .text(\.ai.language, Rules.language),
            "language of the assistant and its tools", reloading: .live),
        Key(
            "ai.mentions", .list(\.ai.mentions, Rules.word),
            "words in a message that call the assistant", reloading: .live),
        count(
            "ai.rounds_max", \.ai.roundsMax, 1...64,
            "rounds of tool calls before the answer must come"),
        Key(
            "ai.first_tool_choice", Key.choice(\.ai.firstToolChoice),
            "tool_choice of a turn's first round: auto, required, none", reloading: .live),
        count(
            "ai.fold_after_turns", \.ai.foldAfterTurns, 1...1_000,
            "turns after which the older ones are folded into the summary"),
        count(
            "ai.turns_concurrent", \.ai.turnsConcurrent, 1...1_000,
            "turns of one user at the same time"),
        count("ai.turns_per_minute", \.ai.turnsPerMinute, 1...10_000, "turns a minute of one user"),
        Key(
            "ai.tokens_per_day",
            .integer(
                \.ai.tokensPerDay, 0...1_000_000_000_000, "give tokens, or 0 for no limit"),
            "tokens a day of one user; 0 is no limit", reloading: .live),
        count(
            "ai.breaker_failures", \.ai.breakerFailures, 1...1_000,
            "failures in a row after which a provider is passed over"),
        Keys.seconds(
            "ai.breaker_pause_s", \.ai.breakerPauseSeconds, 1...86_400,
            "seconds that it is passed over", reloading: .live),
        Keys.seconds(
            "ai.connect_timeout_s", \.ai.connectTimeoutSeconds, 1...300,
            "seconds to connect to a provider", reloading: .live),
        Keys.seconds(
            "ai.first_token_timeout_s", \.ai.firstTokenTimeoutSeconds, 1...3_600,
            "seconds until an answer begins", reloading: .live),
        Keys.seconds(
            "ai.stall_timeout_s", \.ai.stallTimeoutSeconds, 1...3_600,
            "seconds without a token in mid-answer", reloading: .live),
        Keys.seconds(
            "ai.turn_timeout_s", \.ai.turnTimeoutSeconds, 1...86_400,
            "seconds of a whole turn, tools included", reloading: .live),
        address("ai.weather_url", \.ai.weatherURL, "weather (Open-Meteo)"),
        address("ai.geocoding_url", \.ai.geocodingURL, "places of cities (Open-Meteo)"),
        address("ai.places_url", \.ai.placesURL, "points of interest (Nominatim)"),
        address("ai.route_url", \.ai.routeURL, "routes (OSRM)"),
        Key(
            "ai.news_feeds", .map(\.ai.newsFeeds, Rules.address),
            "category to RSS or Atom address: { tech: https://news.example.org/rss }",
            reloading: .live),
    ]

    private static func count(
        _ path: StaticString, _ place: Place<Int>, _ range: ClosedRange<Int>, _ purpose: String
    ) -> Key {
        Key(
            path, .integer(place, range, "give a number in that range"), purpose,
            reloading: .live)
    }

    private static func address(
        _ path: StaticString, _ place: Place<String>, _ service: String
    ) -> Key {
        Key(path, .text(place, Rules.address), "service for \(service)", reloading: .live)
    }
}
