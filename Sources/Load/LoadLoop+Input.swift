// Bytes in. Nearly all of them are whole text frames, one behind the other, and those are told to
// the handler in place; what is split, fragmented or a control frame goes through the receiver.
//
//     │ left from before │ new bytes: frame │ frame │ frame │ part of a fr…
//                                    told in place            receiver keeps it

import Base
import CLinux
import Glibc
import Wire

extension LoadLoop {
    func readable(_ client: LoadClient) {
        input.removeAll()
        if !client.rest.isEmpty {
            client.rest.withSpan { input.append($0) }
            client.rest.removeAll()
        }
        let descriptor = client.descriptor
        var got = 0
        unsafe input.append(upTo: Self.receiveBytes) {
            got = unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
            return max(got, 0)
        }
        if got <= 0 {
            if got < 0, errno == EAGAIN || errno == EINTR {
                input.withSpan { client.rest.append($0) }
                return
            }
            end(client, .connectionLost(client: client.index))
            return
        }
        bytesReceived &+= UInt64(got)
        let now = Clock.monotonicNanoseconds()
        var used = 0
        switch client.phase {
        case .http: used = response(client)
        case .upgrading:
            used = handshake(client)
            if client.phase == .open { used = frames(&input, from: used, client, now) }
        case .open: used = frames(&input, from: 0, client, now)
        case .connecting, .closed: used = input.count
        }
        if used < input.count, client.phase != .closed {
            let from = used
            input.withSpan { client.rest.append($0.extracting(from..<$0.count)) }
        }
    }

    // MARK: frames

    private func frames(
        _ input: inout ByteBuffer, from start: Int, _ client: LoadClient, _ now: UInt64
    ) -> Int {
        let handler = unsafe handler
        let count = input.count
        var at = start
        while at < count {
            if !client.isInsideMessage {
                at = plainFrames(input.span, from: at, client, handler, now)
                if at == count { return at }
            }
            var bytes = input.mutableSpan
            let result = client.receiver.receive(&bytes, from: at)
            at += result.consumed
            switch result.event {
            case .needMore:
                if result.consumed > 0 { client.isInsideMessage = true }
                return at
            case .message(let message):
                client.isInsideMessage = false
                switch message.place {
                case .inPlace(let range):
                    handler.received(input.span(range), client, on: self, now: now)
                case .assembled:
                    let whole = client.receiver.takeAssembled()
                    handler.received(whole.span, client, on: self, now: now)
                }
            case .ping(let range):
                let key = UInt32(truncatingIfNeeded: random.next())
                client.out.append(webSocketFrame: .pong, input.span(range), maskKey: key)
                wantsToSend(client)
            case .pong: break
            case .close(let code, let reason):
                let text = String(decoding: Array(input.span(reason)), as: UTF8.self)
                let number = code.map { Int($0.rawValue) } ?? 1_005
                end(client, .closedByServer(client: client.index, code: number, reason: text))
            case .failure(let failure):
                end(client, .protocolBroken(client: client.index, failure))
            }
            if client.phase == .closed { return count }
        }
        return at
    }

    /// Tells the handler of whole, unfragmented text frames; returns where something else begins.
    @inline(__always)
    private func plainFrames(
        _ bytes: Span<UInt8>, from start: Int, _ client: LoadClient, _ handler: any LoadHandler,
        _ now: UInt64
    ) -> Int {
        let count = bytes.count
        var at = start
        while at &+ 4 <= count {
            guard bytes[at] == 0x81 else { return at }
            var length = Int(bytes[at &+ 1])
            var payload = at &+ 2
            if length == 126 {
                length = Int(bytes[at &+ 2]) &<< 8 | Int(bytes[at &+ 3])
                guard length > 125 else { return at }
                payload = at &+ 4
            } else if length > 126 {
                return at
            }
            let end = payload &+ length
            guard end <= count else { return at }
            handler.received(bytes.extracting(payload..<end), client, on: self, now: now)
            at = end
        }
        return at
    }

    // MARK: handshake and responses

    /// Sends the request for an upgrade.
    func upgrade(_ client: LoadClient, target: String) {
        let nonce = Random.bytes(16)
        let host = address.description
        let empty: [UInt8] = []
        let input = WebSocketClientHandshake.appendRequest(
            host: host.utf8.span, target: target.utf8.span, nonce: nonce.span,
            fields: empty.span, to: &client.out)
        client.digest = HandshakeDigest.sha1(input.span)
        wantsToSend(client)
    }

    private func handshake(_ client: LoadClient) -> Int {
        let digest = client.digest
        let answer = input.withSpan { WebSocketClientHandshake.check($0, digest: digest.span) }
        switch answer {
        case .incomplete: return 0
        case .accepted(let length):
            client.phase = .open
            unsafe handler.opened(client, on: self)
            return length
        case .refused(let status):
            end(client, .handshakeRefused(client: client.index, status: status))
        case .invalid: end(client, .handshakeInvalid(client: client.index))
        }
        return 0
    }

    private func response(_ client: LoadClient) -> Int {
        let reading = input.withSpan { RESTResponse.read($0) }
        switch reading {
        case .incomplete: return 0
        case .invalid: end(client, .responseInvalid(path: "\(address)"))
        case .response(let response):
            let body = Array(input.span(response.body))
            unsafe handler.responded(
                status: response.status, body: body.span, client, on: self)
            return response.body.upperBound
        }
        return 0
    }
}
