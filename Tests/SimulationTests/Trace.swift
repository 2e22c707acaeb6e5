// What a run did, line by line, for whoever looks into a seed. The same seed writes the same lines.

final class Trace {
    private(set) var lines: [String] = []
    private let isOn: Bool

    init(isOn: Bool) { self.isOn = isOn }

    func note(_ line: @autoclosure () -> String) {
        if isOn { lines.append(line()) }
    }
}
