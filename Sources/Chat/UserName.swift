// Which user names and other texts of users are good (SPEC 1 and 11). Lengths of names are counted
// in code points, lengths of passwords, avatars and notices in bytes of UTF-8.

import Store

package enum UserName {
    static let lengths = 2...32
    private static let reserved: Set<String> = ["ai", "admin", "system"]
    private static let reservedPrefix = "group_"

    /// What is wrong with the name, or nil.
    package static func defect(_ name: String) -> String? {
        guard lengths.contains(name.unicodeScalars.count) else {
            return "must have 2 to 32 characters"
        }
        for scalar in name.unicodeScalars where !isAllowed(scalar) {
            return "may hold letters, digits, `_`, `.` and `-` only"
        }
        let folded = Folding.fold(name)
        if reserved.contains(folded) || folded.utf8.starts(with: reservedPrefix.utf8) {
            return "is reserved"
        }
        return nil
    }

    /// Letters, marks and digits of any script, and `_`, `.`, `-`.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber,
            .otherNumber:
            true
        default: scalar == "_" || scalar == "." || scalar == "-"
        }
    }
}

package enum TextLimits {
    static let shortNameCharacters = 1...64
    static let remarkCharactersMax = 64
    /// A character has at most four bytes of UTF-8.
    static let remarkBytesMax = remarkCharactersMax * 4
    static let passwordBytes = 6...72
    static let avatarBytesMax = 512
    static let emailBytesMax = 254
    static let noticeBytesMax = 1_024
    package static let keywordCharacters = 1...64

    /// A nickname or a group's name.
    package static func checkShortName(_ field: String, _ text: String) throws(Failure) {
        guard shortNameCharacters.contains(text.unicodeScalars.count) else {
            throw .field(field, "must have 1 to 64 characters")
        }
    }

    /// A remark may be empty.
    static func checkRemark(_ field: String, _ text: String) throws(Failure) {
        if text.unicodeScalars.count > remarkCharactersMax {
            throw .field(field, "must have at most \(remarkCharactersMax) characters")
        }
    }

    package static func checkPassword(_ field: String, _ text: String) throws(Failure) {
        guard passwordBytes.contains(text.utf8.count) else {
            throw .field(field, "must have 6 to 72 bytes")
        }
        if text.utf8.contains(0) { throw .field(field, "must not hold NUL") }
    }

    static func checkBytes(_ field: String, _ text: String, most: Int) throws(Failure) {
        if text.utf8.count > most { throw .field(field, "must have at most \(most) bytes") }
    }
}
