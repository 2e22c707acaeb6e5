// The seed of a randomised test: printed, and taken from LINGXI_TEST_SEED when that is set, so that
// what failed once can be run again.

package import Base
import Glibc

package enum Seed {
    /// A generator for the test `name`; prints how to have the same one again.
    package static func random(_ name: String) -> SeededRandom {
        let given = unsafe getenv("LINGXI_TEST_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
        let seed = given ?? Random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
        print("\(name): LINGXI_TEST_SEED=\(seed)")
        return SeededRandom(seed: seed)
    }
}
