// Taking the content of a message out of memory. The message keeps its place, its numbers and its
// msg_id, so that everything which counts goes on counting.

import Base

extension LockedTables {
    /// Empties the message and marks it as recalled; nothing happens to one that is not there.
    func recall(_ key: ConversationKey, sequence: UInt32) {
        let cache = cache(of: key)
        _ = change(key) { $0.recall(sequence, cache) }
    }
}
