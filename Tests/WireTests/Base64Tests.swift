// Base64 against RFC 4648's own vectors, Foundation's encoder, and the rule that every text that is
// accepted is the one text of its bytes.

import Base
import Foundation
import TestSupport
import Testing
import Wire

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func vectors(plain: String, encoded: String) {
        #expect(encode(Array(plain.utf8), isURL: false) == Array(encoded.utf8))
        #expect(decode(Array(encoded.utf8), isURL: false) == Array(plain.utf8))
        let unpadded = encoded.replacing("=", with: "")
        #expect(encode(Array(plain.utf8), isURL: true) == Array(unpadded.utf8))
        #expect(decode(Array(unpadded.utf8), isURL: true) == Array(plain.utf8))
    }

    @Test func agreesWithFoundation() {
        var random = Seed.random("base64")
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let reference = Data(bytes).base64EncodedString()
            #expect(encode(bytes, isURL: false) == Array(reference.utf8))
            #expect(decode(Array(reference.utf8), isURL: false) == bytes)
            let url = reference.replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
            #expect(encode(bytes, isURL: true) == Array(url.utf8))
            #expect(decode(Array(url.utf8), isURL: true) == bytes)
        }
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "Zm9vZ", "Z===", "====", "=",
        "Zg==Zg==",
        " Zg==", "Zg==\n", "Zm 9v", "Zm9-", "Zm9_", "Zm+=", "Zm=v", "=m9v", "é==",
    ])
    func refusesPadded(text: String) {
        #expect(decode(Array(text.utf8), isURL: false) == nil)
    }

    @Test(arguments: [
        "Z", "Zg==", "Zh", "Zm9", "Zm9vZ", "Zm9+", "Zm9/", "Zm-", "Zg\n", " Zg", "Zm9v=", "é",
    ])
    func refusesURL(text: String) {
        #expect(decode(Array(text.utf8), isURL: true) == nil)
    }

    @Test func everyShortTextIsCanonical() {
        // Of all two-byte texts exactly one stands for each byte.
        var accepted = 0
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                guard let bytes = decode([first, second], isURL: true) else { continue }
                accepted += 1
                #expect(encode(bytes, isURL: true) == [first, second])
            }
        }
        #expect(accepted == 256)
    }

    private func encode(_ bytes: [UInt8], isURL: Bool) -> [UInt8] {
        var buffer = ByteBuffer()
        if isURL { buffer.append(base64URL: bytes.span) } else { buffer.append(base64: bytes.span) }
        return buffer.span.indices.map { buffer.span[$0] }
    }

    private func decode(_ text: [UInt8], isURL: Bool) -> [UInt8]? {
        var buffer = ByteBuffer()
        buffer.append(UInt8(ascii: "!"))
        let isGood =
            isURL
            ? buffer.append(decodingBase64URL: text.span) : buffer.append(decodingBase64: text.span)
        #expect(isGood || buffer.count == 1)
        return isGood ? buffer.span.indices.dropFirst().map { buffer.span[$0] } : nil
    }
}
