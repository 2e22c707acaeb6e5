// As much of HTTP/1.1 responses as a server of this contract sends to a REST client: a status, a
// Content-Length, a body. A response without a length is refused.
//
//     HTTP/1.1 200 OK CRLF   Content-Length: 2 CRLF   CRLF   {}

import Wire

struct RESTResponse {
    enum Reading {
        case incomplete
        case response(RESTResponse)
        case invalid
    }

    static let headBytesMax = 16_384
    static let bodyBytesMax = 1 << 20

    let status: Int
    /// Where the body stands in what was read.
    let body: Range<Int>

    static func read(_ bytes: Span<UInt8>) -> Reading {
        var length: Int?
        var status: Int?
        var start = 0
        var at = 0
        while at < bytes.count, at < headBytesMax {
            guard bytes[at] == UInt8(ascii: "\n") else {
                at += 1
                continue
            }
            let end = at > start && bytes[at - 1] == UInt8(ascii: "\r") ? at - 1 : at
            let line = bytes.extracting(start..<end)
            at += 1
            start = at
            if status == nil {
                guard line.count >= 12, let number = decimal(line, 9..<12) else { return .invalid }
                status = number
            } else if line.isEmpty {
                guard let status, let length, length <= bodyBytesMax else { return .invalid }
                if bytes.count - at < length { return .incomplete }
                return .response(RESTResponse(status: status, body: at..<at + length))
            } else if line.count > 15,
                line.equals("content-length:", ignoringCaseIn: 0..<15)
            {
                var from = 15
                while from < line.count, line[from] == UInt8(ascii: " ") { from += 1 }
                guard let number = decimal(line, from..<line.count) else { return .invalid }
                length = number
            }
        }
        return at >= headBytesMax ? .invalid : .incomplete
    }

    private static func decimal(_ line: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count < 10 else { return nil }
        var value = 0
        for index in range {
            guard line[index] >= UInt8(ascii: "0"), line[index] <= UInt8(ascii: "9") else {
                return nil
            }
            value = value * 10 + Int(line[index] - UInt8(ascii: "0"))
        }
        return value
    }
}
