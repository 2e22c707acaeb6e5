// "did you mean": the known word that is nearest to a mistyped one, by Levenshtein's distance.

enum Suggestion {
    /// Longer words are not compared: nobody mistypes a key of that length, an attacker might.
    static let wordBytesMax = 64

    /// The word among `known` with the least distance to `word`, where that is at most a third of
    /// the word (and at least one slip, at most three); nil where none is that near.
    static func nearest(to word: String, among known: [String]) -> String? {
        let given = Array(word.lowercased().utf8)
        guard !given.isEmpty, given.count <= wordBytesMax else { return nil }
        let limit = min(max(given.count / 3, 1), 3)
        var best: (word: String, distance: Int)?
        for candidate in known {
            let distance = distance(given, Array(candidate.lowercased().utf8))
            if distance <= limit, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.word
    }

    /// `; did you mean "port"?`, or `otherwise` where nothing is near.
    static func fix(_ word: String, among known: [String], otherwise: String) -> String {
        if let near = nearest(to: word, among: known) { return "; did you mean \(near)?" }
        return "; \(otherwise)"
    }

    /// Insertions, deletions, substitutions and swaps of neighbours, each of cost 1.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var cost = min(previous[j + 1], row[j]) + 1
                cost = min(cost, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                row.append(cost)
            }
            before = previous
            previous = row
        }
        return previous[b.count]
    }
}
