// One event of libyaml's parser as a Swift value: a scalar, or the start or end of something.

import CYAML

struct Event {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case scalar, alias, sequenceStart, mappingStart
        /// Of a sequence or mapping.
        case end
        /// Nothing more can be read.
        case failure
    }

    var kind: Kind
    var line = 1
    var column = 1
    var text = ""
    var isQuoted = false
    var hasAnchor = false
    /// A tag that is not one of YAML's core types.
    var hasForeignTag = false

    init(kind: Kind) { self.kind = kind }

    @unsafe init(_ raw: yaml_event_t) {
        line = unsafe raw.start_mark.line + 1
        column = unsafe raw.start_mark.column + 1
        switch unsafe raw.type {
        case YAML_STREAM_START_EVENT: kind = .streamStart
        case YAML_STREAM_END_EVENT: kind = .streamEnd
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT: kind = .alias
        case YAML_SCALAR_EVENT:
            kind = .scalar
            let scalar = unsafe raw.data.scalar
            if let start = unsafe scalar.value {
                text = unsafe String(
                    decoding: UnsafeBufferPointer(start: start, count: scalar.length),
                    as: UTF8.self)
            }
            unsafe isQuoted = scalar.style != YAML_PLAIN_SCALAR_STYLE
            unsafe hasAnchor = scalar.anchor != nil
            unsafe take(tag: scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            unsafe hasAnchor = raw.data.sequence_start.anchor != nil
            unsafe take(tag: raw.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            unsafe hasAnchor = raw.data.mapping_start.anchor != nil
            unsafe take(tag: raw.data.mapping_start.tag)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: kind = .end
        default: kind = .failure
        }
    }

    /// Core tags (YAML 1.2, 10.3) say what the key wants anyway; only `!!str` and `!` change
    /// something: they make text of what looks like a number.
    @unsafe private mutating func take(tag: UnsafeMutablePointer<yaml_char_t>?) {
        guard let tag = unsafe tag else { return }
        let name = unsafe String(decodingCString: tag, as: UTF8.self)
        let core = "tag:yaml.org,2002:"
        let known = ["str", "int", "bool", "null", "seq", "map"].contains { name == core + $0 }
        if name == "!" || name == core + "str" {
            isQuoted = true
        } else if !known {
            hasForeignTag = true
        }
    }
}
