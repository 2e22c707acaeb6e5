// The close handshake as transcripts: who begins, what crosses, what is lost; and that no order of
// events sends two close frames.

import Testing
import Wire

@Suite struct WebSocketClosingTests {
    private enum Event: CaseIterable {
        case close, received, failed, timedOut, lost
    }

    private func apply(
        _ event: Event, to closing: inout WebSocketClosing
    ) -> WebSocketClosing.Action {
        switch event {
        case .close: closing.close(.goingAway)
        case .received: closing.received(.normal)
        case .failed: closing.failed(.textNotUTF8)
        case .timedOut: closing.timedOut()
        case .lost: closing.lost()
        }
    }

    private func transcript(_ role: WebSocketRole, _ events: [Event]) -> [WebSocketClosing.Action] {
        var closing = WebSocketClosing(role: role)
        return events.map { apply($0, to: &closing) }
    }

    @Test func theServerBegins() {
        #expect(
            transcript(.server, [.close, .close, .received, .received, .lost])
                == [.sendClose(.goingAway), .nothing, .drop, .nothing, .nothing])
        #expect(transcript(.server, [.close, .timedOut]) == [.sendClose(.goingAway), .drop])
        #expect(transcript(.server, [.close, .lost]) == [.sendClose(.goingAway), .drop])
        #expect(transcript(.server, [.close, .failed]) == [.sendClose(.goingAway), .drop])
    }

    @Test func thePeerBegins() {
        #expect(
            transcript(.server, [.received, .close, .failed, .timedOut])
                == [.echoClose(.normal, thenDrop: true), .nothing, .nothing, .nothing])
        #expect(
            transcript(.client, [.received, .close, .lost, .timedOut])
                == [.echoClose(.normal, thenDrop: false), .nothing, .drop, .nothing])
        #expect(
            transcript(.client, [.received, .timedOut])
                == [.echoClose(.normal, thenDrop: false), .drop])
        var closing = WebSocketClosing(role: .server)
        #expect(closing.received(nil) == .echoClose(nil, thenDrop: true))
    }

    @Test func theClientLetsTheServerDrop() {
        #expect(
            transcript(.client, [.close, .received, .lost])
                == [.sendClose(.goingAway), .nothing, .drop])
        #expect(
            transcript(.client, [.close, .received, .timedOut])
                == [.sendClose(.goingAway), .nothing, .drop])
    }

    @Test func faultsAndLosses() {
        #expect(
            transcript(.server, [.failed, .received, .lost])
                == [.sendCloseAndDrop(.invalidPayload), .nothing, .nothing])
        #expect(transcript(.server, [.lost, .close]) == [.drop, .nothing])
        #expect(transcript(.server, [.timedOut, .close]) == [.nothing, .sendClose(.goingAway)])
    }

    /// All orders of up to five events.
    @Test func atMostOneCloseFrameAndOneDrop() {
        func walk(_ closing: WebSocketClosing, _ depth: Int, _ sent: Int, _ dropped: Int) {
            #expect(sent <= 1 && dropped <= 1)
            #expect(closing.isOpen == (sent == 0 && dropped == 0))
            #expect(closing.isEnded == (dropped == 1))
            guard depth < 5 else { return }
            for event in Event.allCases {
                var next = closing
                switch apply(event, to: &next) {
                case .nothing: walk(next, depth + 1, sent, dropped)
                case .sendClose, .echoClose(_, thenDrop: false):
                    walk(next, depth + 1, sent + 1, dropped)
                case .sendCloseAndDrop, .echoClose(_, thenDrop: true):
                    walk(next, depth + 1, sent + 1, dropped + 1)
                case .drop: walk(next, depth + 1, sent, dropped + 1)
                }
            }
        }
        walk(WebSocketClosing(role: .server), 0, 0, 0)
        walk(WebSocketClosing(role: .client), 0, 0, 0)
    }
}
