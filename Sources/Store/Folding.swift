// Case folding for names and searches: two texts that differ only in case, or in Unicode's
// canonical forms, fold to the same bytes (Unicode 3.13, canonical caseless matching).
//
//     text ─► composed (NFC) ─► lower ─► upper ─► lower ─► composed (NFC)
//
// Going down, up and down again joins what has two forms on either side (ς and σ, ſ and s; ẞ, whose
// upper case is itself, and ß, whose upper case is SS). The composed form is kept rather than the
// decomposed one, so that a part of a syllable or a letter without its accent is no match.

@_spi(_Unicode) import Swift

package enum Folding {
    package static func fold(_ text: String) -> String {
        if isASCII(text) { return text.lowercased() }
        return composed(composed(text).lowercased().uppercased().lowercased())
    }

    private static func isASCII(_ text: String) -> Bool {
        var bits: UInt8 = 0
        for byte in text.utf8 { bits |= byte }
        return bits < 0x80
    }

    private static func composed(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text._nfc { scalars.append(scalar) }
        return String(scalars)
    }
}
