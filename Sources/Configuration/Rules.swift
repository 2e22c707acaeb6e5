// What a text may be, beyond being text. A rule gets the value and says what is wrong with it and
// what to do, as the end of a sentence that begins with the key; nil when it is good. No rule puts
// the value itself into its sentence, for it may be a secret.

import Glibc

enum Rules {
    static let any: TextRule = { _ in nil }

    static let notEmpty: TextRule = { $0.isEmpty ? "is empty; give a value" : nil }

    static let host: TextRule = { text in
        if text == "localhost" || isIPv4(text) || isIPv6(text) { return nil }
        return "is not an address; give an IPv4 or IPv6 address of this machine, or localhost"
    }

    static let pathOrEmpty: TextRule = { text in
        if text.isEmpty || (text.hasPrefix("/") && isVisible(text)) { return nil }
        return "is not a path; begin it with /"
    }

    static let address: TextRule = { text in
        let rest =
            text.hasPrefix("https://")
            ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        if let first = rest.first, first != "/", isVisible(text) { return nil }
        return "is not a web address; begin it with http:// or https://"
    }

    static let originOrStar: TextRule = { text in
        if text == "*" { return nil }
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex,
            text[colon...].hasPrefix("://")
        else { return "is not an origin; write it as https://chat.example.org" }
        let host = text[colon...].dropFirst(3)
        if host.isEmpty || host.contains("/") || !isVisible(text) {
            return "is not an origin; write scheme, host and port only, without a path or final /"
        }
        return nil
    }

    static let network: TextRule = { text in
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let address = String(parts.first ?? "")
        let bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
        let fix = "write 10.0.0.7, 10.0.0.0/8 or fd00::/8"
        if bits < 0 { return "is not an address or network; \(fix)" }
        guard parts.count == 2 else { return nil }
        guard let prefix = decimal(parts[1]), prefix <= bits else {
            return "has no prefix length between 0 and \(bits) behind its /; \(fix)"
        }
        return nil
    }

    static let tokenSecret: TextRule = { text in
        let count = text.utf8.count
        if count >= 32 { return nil }
        return "has \(count) bytes; a secret needs 32 or more (try: openssl rand -hex 32)"
    }

    static let tokenSecretOrEmpty: TextRule = { $0.isEmpty ? nil : tokenSecret($0) }

    static let passwordOrEmpty: TextRule = { text in
        let count = text.utf8.count
        if count == 0 || (6...72).contains(count) { return nil }
        return "has \(count) bytes; bcrypt reads 6 to 72"
    }

    static let userName: TextRule = { text in
        let scalars = text.unicodeScalars
        let good = scalars.allSatisfy { scalar in
            let properties = scalar.properties
            if properties.isAlphabetic || scalar == "_" || scalar == "." || scalar == "-" {
                return true
            }
            switch properties.generalCategory {
            case .decimalNumber, .nonspacingMark, .spacingMark: return true
            default: return false
            }
        }
        if good, (2...32).contains(scalars.count) { return nil }
        return "is not a user name; give 2 to 32 letters, digits, or any of _ . -"
    }

    static let language: TextRule = { text in
        let good = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        if good, (2...35).contains(text.utf8.count) { return nil }
        return "is not a language tag; write zh, en or pt-BR"
    }

    static let word: TextRule = { text in
        if text.isEmpty || text.contains(where: \.isWhitespace) {
            return "is not one word; give a text without spaces"
        }
        return text.utf8.count > 64 ? "is longer than 64 bytes; give a shorter word" : nil
    }

    // MARK: Parts

    /// Decimal digits only, at most nine.
    static func decimal(_ text: Substring) -> Int? {
        guard (1...9).contains(text.utf8.count) else { return nil }
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(text)
    }

    /// No spaces and no control characters.
    private static func isVisible(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    private static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return unsafe inet_pton(AF_INET, text, &address) == 1
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return unsafe inet_pton(AF_INET6, text, &address) == 1
    }
}
