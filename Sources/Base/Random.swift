// Randomness: from the kernel where it must not be guessed (secrets, ids), from a seed where a test
// or a load generator must be able to say again what it did.

import CLinux
import Glibc

package enum Random {
    /// Fills with bytes that nobody can foresee (getrandom(2)).
    package static func fill(_ bytes: inout [UInt8]) {
        var filled = 0
        while filled < bytes.count {
            let start = filled
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe getrandom($0.baseAddress! + start, $0.count - start, 0)
            }
            if got < 0 {
                precondition(errno == EINTR, "the kernel gives no randomness")
                continue
            }
            filled += got
        }
    }

    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        fill(&bytes)
        return bytes
    }
}

/// SplitMix64: small, quick, and the same everywhere for the same seed. Not for secrets.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
