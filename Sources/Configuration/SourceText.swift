// Places in a YAML text that the parser cannot name itself: bytes that are not UTF-8, control
// characters, tabs. And libyaml's own complaints, made into sentences.

import CYAML

enum SourceText {
    /// What forbids handing the text to the parser at all.
    static func check(_ text: [UInt8]) -> DocumentReader.Complaint? {
        if text.count > DocumentReader.bytesMax {
            return DocumentReader.Complaint(
                line: 1, column: 1,
                message: "the text is longer than 1 MiB; no configuration needs that")
        }
        let valid = validLength(text)
        if valid < text.count {
            return complaint(text, valid, "this is not UTF-8; save the text as UTF-8")
        }
        let control = text.firstIndex { byte in
            (byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D) || byte == 0x7F
        }
        if let control {
            return complaint(
                text, control, "a control character stands here; write it as \"\\x..\" in quotes")
        }
        return nil
    }

    /// What libyaml says about a text that is no YAML.
    @unsafe static func syntax(_ parser: yaml_parser_t, _ text: [UInt8]) -> DocumentReader.Complaint
    {
        if unsafe parser.error == YAML_READER_ERROR {
            let offset = min(unsafe parser.problem_offset, text.count)
            return complaint(text, offset, "this character is not allowed in YAML; take it away")
        }
        var words = "this is not YAML"
        if let problem = unsafe parser.problem { words = unsafe String(cString: problem) }
        let line = unsafe parser.problem_mark.line + 1
        let column = unsafe parser.problem_mark.column + 1
        if let tab = tab(indenting: line, text) {
            return DocumentReader.Complaint(
                line: line, column: tab, message: "a tab indents this line; indent with spaces")
        }
        return DocumentReader.Complaint(
            line: line, column: column,
            message: "this is not YAML (\(words)); correct it here or just before")
    }

    /// The column of the first tab in the indentation of `line`, counted from 1.
    private static func tab(indenting line: Int, _ text: [UInt8]) -> Int? {
        let lines = text.split(
            separator: 0x0A, maxSplits: line, omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count else { return nil }
        let indent = lines[line - 1].prefix { $0 == 0x20 || $0 == 0x09 }
        return indent.firstIndex(of: 0x09).map { $0 - indent.startIndex + 1 }
    }

    /// How many bytes from the start are good UTF-8.
    private static func validLength(_ text: [UInt8]) -> Int {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: text.span)
            return text.count
        } catch {
            return min(max(error.byteOffsets.lowerBound, 0), text.count)
        }
    }

    private static func complaint(
        _ text: [UInt8], _ offset: Int, _ message: String
    ) -> DocumentReader.Complaint {
        var line = 1
        var column = 1
        for byte in text.prefix(offset) {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return DocumentReader.Complaint(line: line, column: column, message: message)
    }
}
