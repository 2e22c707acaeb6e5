// bcrypt by libxcrypt. A hash takes 50 ms and more by design: never on a reactor's thread.

import Base
import CCrypt
import Glibc

package enum PasswordHash {
    /// The `$2b$` hash of a password with a fresh salt. `cost` is 4 to 14; each step doubles the
    /// work.
    package static func make(_ password: String, cost: Int) -> String {
        let salt = Random.bytes(16)
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let size = CInt(setting.count)
        let made = unsafe setting.withUnsafeMutableBufferPointer { setting in
            unsafe salt.withUnsafeBytes { salt in
                unsafe crypt_gensalt_rn(
                    "$2b$", CUnsignedLong(cost), salt.bindMemory(to: CChar.self).baseAddress,
                    CInt(salt.count), setting.baseAddress, size) != nil
            }
        }
        precondition(made, "bcrypt refuses a cost of 4 to 14")
        guard let hash = crypt(password, setting) else {
            preconditionFailure("bcrypt refuses its own setting")
        }
        return hash
    }

    /// Whether `password` is the one of `hash`; takes as long as making the hash.
    package static func verify(_ password: String, _ hash: String) -> Bool {
        guard let again = crypt(password, Array(hash.utf8CString)) else { return false }
        // bcrypt stops at a NUL and after 72 bytes: with more behind that, it is another password.
        let isWhole = TextLimits.passwordBytes ~= password.utf8.count && !password.utf8.contains(0)
        return constantTimeEquals(Array(again.utf8), Array(hash.utf8)) && isWhole
    }

    /// A text in the form of a hash, which takes as long to compare with as a real one.
    package static func decoy(cost: Int) -> String {
        let digits = cost < 10 ? "0\(cost)" : "\(cost)"
        return "$2b$\(digits)$abcdefghijklmnopqrstuu0123456789012345678901234567890"
    }

    private static func crypt(_ password: String, _ setting: [CChar]) -> String? {
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        unsafe memset(data, 0, MemoryLayout<crypt_data>.size)
        defer {
            unsafe memset(data, 0, MemoryLayout<crypt_data>.size)
            unsafe data.deallocate()
        }
        return unsafe setting.withUnsafeBufferPointer {
            unsafe crypt_r(password, $0.baseAddress, data).flatMap {
                let text = unsafe String(cString: $0)
                // libxcrypt says "no" by a text that begins with a star.
                return text.hasPrefix("*") ? nil : text
            }
        }
    }

    private static func constantTimeEquals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for index in a.indices { difference |= a[index] ^ b[index] }
        return difference == 0
    }
}
