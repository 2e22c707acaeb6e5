// What the log has held for too long (SPEC 8): a request gets 503, a message its failed ack. When
// the disk comes back, what was stored after all is sent to everybody as usual, the answer is not.

import Base
import Chat
import Hub
import Reactor
import Wire

extension HTTPSession: Requester {
    func unanswered(
        _ answer: Span<UInt8>, request: UInt32, on loop: EventLoop, _ slot: UInt32
    ) {
        guard let plan = waiting, request == self.request else { return }
        waiting = nil
        self.answer(plan, failure: Failure(.storageUnavailable), on: loop, slot)
        if !isBackedUp { loop.resume(slot) }
    }
}

extension WebSocketSession: Requester {
    func unanswered(
        _ answer: Span<UInt8>, request: UInt32, on loop: EventLoop, _ slot: UInt32
    ) {
        // Every answer that a chat connection waits for is an ack, in a whole frame.
        guard
            case .header(let header) = WebSocketFrameHeader.decode(
                answer, role: .client, allowsCompression: false),
            header.length <= answer.count
        else { return }
        let json = answer.extracting(header.length...)
        guard case .message(let ack) = FrontendMessage.read(json) else { return }
        var msgID = ByteBuffer(capacity: 64)
        if let token = ack.messageID { msgID.append(unescaped: token, of: json) }
        let frame = loop.stage { buffer in
            SystemFrame.appendFailedAck(
                to: &buffer, msgID: msgID.span, failure: Failure(.storageUnavailable),
                time: loop.unixMilliseconds)
        }
        loop.send(frame, to: slot)
    }
}
