// CRC-32C against the published vectors, against the plain definition, and in pieces.

import Base
import TestSupport
import Testing

@Suite struct ChecksumTests {
    /// Bit by bit, as RFC 3720 defines it.
    private func reference(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
        }
        return ~sum
    }

    private struct Published: Sendable {
        let bytes: [UInt8]
        let sum: UInt32
    }

    /// RFC 3720, appendix B.4, and the customary check value.
    private static let published: [Published] = [
        Published(bytes: Array("123456789".utf8), sum: 0xE306_9283),
        Published(bytes: [], sum: 0),
        Published(bytes: Array(repeating: 0, count: 32), sum: 0x8A91_36AA),
        Published(bytes: Array(repeating: 0xFF, count: 32), sum: 0x62A8_AB43),
        Published(bytes: Array(UInt8(0)..<32), sum: 0x46DD_794E),
        Published(bytes: Array((UInt8(0)..<32).reversed()), sum: 0x113F_DB5C),
    ]

    @Test(arguments: published.indices)
    func hasThePublishedSums(index: Int) {
        let (bytes, sum) = (Self.published[index].bytes, Self.published[index].sum)
        #expect(Checksum.crc32c(bytes.span) == sum)
        #expect(reference(bytes) == sum)
    }

    /// Every length and alignment around the eight bytes that are taken at a time.
    @Test func agreesWithTheDefinition() {
        var random = Seed.random("checksum")
        let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        for start in 0..<9 {
            for length in 0..<70 {
                let part = Array(bytes[start..<start + length])
                #expect(
                    Checksum.crc32c(bytes.span.extracting(start..<start + length))
                        == reference(part))
            }
        }
        for cut in 0...300 {
            let first = Checksum.crc32c(bytes.span.extracting(..<cut))
            #expect(
                Checksum.crc32c(bytes.span.extracting(cut...), from: first) == reference(bytes))
        }
    }
}
