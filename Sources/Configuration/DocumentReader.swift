// From the bytes of a YAML text to its tree, by libyaml's event parser.
//
// Only what a configuration needs is let in: one document, maps, lists and scalars. Anchors,
// aliases and tags outside of YAML's core are refused (so nothing can be multiplied: no "billion
// laughs"), and read on behind, so that all problems are found in one run. A text that is no YAML
// at all ends the reading at the first such place.
//
// Limits: `bytesMax` of text, `depthMax` of nesting. Every recursion here is bounded by the latter.

import CYAML

@safe struct DocumentReader: ~Copyable {
    static let bytesMax = 1 << 20
    static let depthMax = 16

    /// A problem at a place of the text.
    struct Complaint {
        let line: Int
        let column: Int
        let message: String
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private var complaints: [Complaint] = []
    /// Set once the text has proven to be no YAML: nothing after that means anything.
    private var failed = false

    /// - Returns: the root, nil for an empty text; and what is wrong with the text.
    static func read(_ text: [UInt8]) -> (root: Node?, complaints: [Complaint]) {
        if let complaint = SourceText.check(text) { return (nil, [complaint]) }
        // libyaml takes a byte order mark only when it may guess the encoding.
        let bytes = text.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(text.dropFirst(3)) : text
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            var reader = DocumentReader()
            unsafe yaml_parser_set_encoding(reader.parser, YAML_UTF8_ENCODING)
            // An empty array may have no address, and libyaml insists on one.
            var nothing: UInt8 = 0
            if let start = buffer.baseAddress, !buffer.isEmpty {
                unsafe yaml_parser_set_input_string(reader.parser, start, buffer.count)
                return reader.document(text)
            }
            return unsafe withUnsafePointer(to: &nothing) { start in
                unsafe yaml_parser_set_input_string(reader.parser, start, 0)
                return reader.document(text)
            }
        }
    }

    private init() {
        unsafe parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        let made = unsafe yaml_parser_initialize(parser)
        precondition(made == 1, "no memory for a YAML parser")
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    // MARK: The grammar of events

    private mutating func document(_ text: [UInt8]) -> (root: Node?, complaints: [Complaint]) {
        var root: Node?
        reading: while true {
            let event = next(text)
            switch event.kind {
            case .documentStart where root != nil:
                complain(event, "a second document begins; keep one, and no line ---")
                break reading
            case .streamStart, .documentStart, .documentEnd:
                continue
            case .streamEnd, .failure:
                break reading
            case .scalar, .alias, .sequenceStart, .mappingStart, .end:
                root = node(event, depth: 0, text)
            }
        }
        return (root, complaints)
    }

    private mutating func node(_ event: Event, depth: Int, _ text: [UInt8]) -> Node {
        var node = Node(line: event.line, column: event.column, content: .refused)
        if depth > Self.depthMax {
            complain(event, "nested deeper than \(Self.depthMax) levels; no key needs that")
            failed = true
            return node
        }
        if event.hasAnchor {
            complain(event, "an anchor (&) is not supported; write the value where it is needed")
        }
        switch event.kind {
        case .alias:
            complain(event, "an alias (*) is not supported; write the value where it is needed")
        case .scalar:
            node.content = .scalar(event.text, event.isQuoted ? .quoted : .plain)
        case .sequenceStart:
            node.content = sequence(depth: depth, text)
        case .mappingStart:
            node.content = mapping(depth: depth, text)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .end, .failure:
            break
        }
        if event.hasForeignTag {
            complain(event, "a tag (!) has no meaning here; take it away")
            node.content = .refused
        }
        return node
    }

    private mutating func sequence(depth: Int, _ text: [UInt8]) -> Node.Content {
        var items: [Node] = []
        while let event = nextInside(text) {
            items.append(node(event, depth: depth + 1, text))
        }
        return failed ? .refused : .sequence(items)
    }

    private mutating func mapping(depth: Int, _ text: [UInt8]) -> Node.Content {
        var pairs: [(key: Node, value: Node)] = []
        while let event = nextInside(text) {
            let key = node(event, depth: depth + 1, text)
            guard let second = nextInside(text) else { break }
            pairs.append((key, node(second, depth: depth + 1, text)))
        }
        return failed ? .refused : .mapping(pairs)
    }

    /// The next event of the collection that is being read; nil at its end or when all is over.
    private mutating func nextInside(_ text: [UInt8]) -> Event? {
        if failed { return nil }
        let event = next(text)
        switch event.kind {
        case .scalar, .alias, .sequenceStart, .mappingStart: return event
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .end, .failure: return nil
        }
    }

    private mutating func complain(_ event: Event, _ message: String) {
        guard complaints.count <= Problems.most else { return }
        complaints.append(Complaint(line: event.line, column: event.column, message: message))
    }

    // MARK: libyaml

    /// Takes the next event, copied out of libyaml's memory.
    private mutating func next(_ text: [UInt8]) -> Event {
        var raw = unsafe yaml_event_t()
        guard !failed, unsafe yaml_parser_parse(parser, &raw) == 1 else {
            if !failed { complaints.append(unsafe SourceText.syntax(parser.pointee, text)) }
            failed = true
            return Event(kind: .failure)
        }
        defer { unsafe yaml_event_delete(&raw) }
        return unsafe Event(raw)
    }
}
