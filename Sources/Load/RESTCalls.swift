// Many REST calls at once: a list of requests goes in, the list of responses comes out.
//
//     requests ──► 16 connections, one request under way on each ──► responses, in the same order
//
// Bounded: when nothing is answered for `silenceSeconds`, the whole is given up.

import Base
import Wire

struct RESTRequest {
    let path: String
    let token: String?
    /// JSON.
    let body: String
}

final class RESTCalls: LoadHandler {
    struct Response {
        let status: Int
        let body: [UInt8]
    }

    private static let connections = 16
    private static let silenceSeconds: UInt64 = 20

    private let requests: [RESTRequest]
    private var responses: [Response?]
    private var next = 0
    private var answered = 0
    /// Which request each connection waits for.
    private var underWay: [Int?] = []
    private var failure: LoadFailure?

    private init(_ requests: [RESTRequest]) {
        self.requests = requests
        responses = Array(repeating: nil, count: requests.count)
    }

    /// Makes all calls; `title` is for the progress line.
    static func perform(
        _ requests: [RESTRequest], _ address: LoadAddress, title: String
    ) throws(LoadFailure) -> [Response] {
        let calls = RESTCalls(requests)
        let loop = try LoadLoop(address, seed: 0, handler: calls)
        defer { loop.closeAll() }
        for _ in 0..<min(connections, requests.count) {
            calls.underWay.append(nil)
            _ = try loop.connect(.http)
        }
        var last = Clock.monotonicNanoseconds()
        var seen = 0
        var shown = last
        while calls.answered < requests.count {
            loop.turn(milliseconds: 100)
            if let failure = calls.failure { throw failure }
            let now = Clock.monotonicNanoseconds()
            if calls.answered > seen {
                seen = calls.answered
                last = now
            }
            if now > last + silenceSeconds * 1_000_000_000 {
                throw .timedOut("\(title): no answer for \(silenceSeconds) s")
            }
            if now > shown + 1_000_000_000 {
                shown = now
                Terminal.note("\(title): \(calls.answered) of \(requests.count)")
            }
        }
        return calls.responses.compactMap { $0 }
    }

    func opened(_ client: LoadClient, on loop: LoadLoop) { sendNext(client, on: loop) }

    private func sendNext(_ client: LoadClient, on loop: LoadLoop) {
        guard next < requests.count else { return }
        let request = requests[next]
        underWay[client.index] = next
        next += 1
        client.out.append("POST ")
        client.out.append(request.path)
        client.out.append(" HTTP/1.1\r\nHost: ")
        client.out.append(loop.address.description)
        if let token = request.token {
            client.out.append("\r\nAuthorization: Bearer ")
            client.out.append(token)
        }
        client.out.append("\r\nContent-Type: application/json\r\nContent-Length: ")
        client.out.append(decimal: request.body.utf8.count)
        client.out.append("\r\n\r\n")
        client.out.append(request.body)
        loop.wantsToSend(client)
    }

    func responded(status: Int, body: Span<UInt8>, _ client: LoadClient, on loop: LoadLoop) {
        guard let index = underWay[client.index] else {
            failure = failure ?? .responseInvalid(path: "a response that nobody asked for")
            return
        }
        underWay[client.index] = nil
        responses[index] = Response(status: status, body: Array(body))
        answered += 1
        sendNext(client, on: loop)
    }

    func received(
        _ payload: Span<UInt8>, _ client: LoadClient, on loop: LoadLoop, now: UInt64
    ) {}

    func ended(_ client: LoadClient, _ reason: LoadFailure, on loop: LoadLoop) {
        // A connection without a request under way may go, unless there is more to ask for.
        if underWay[client.index] == nil, next >= requests.count { return }
        failure = failure ?? reason
    }
}

extension Array<UInt8> {
    init(_ bytes: Span<UInt8>) {
        self.init()
        reserveCapacity(bytes.count)
        for index in bytes.indices { append(bytes[index]) }
    }
}
