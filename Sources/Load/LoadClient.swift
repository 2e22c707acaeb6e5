// One connection of the generator, as a REST client or as a WebSocket client.
//
//     connecting ──► http ────────────────────────► closed
//          └───────► upgrading ──► open (frames) ──┘
//
// What is to be sent gathers in `out` and leaves once a turn. Of what came, only what does not
// make a whole is kept: the start of a header in `rest`, of a message in `receiver`.

import Base
import Glibc
import Wire

final class LoadClient {
    enum Phase {
        case connecting, http, upgrading, open, closed
    }

    /// The most that is read of one message, in bytes.
    static let messageBytesMax: UInt32 = 1 << 20

    let index: Int
    var descriptor: CInt = -1
    var phase = Phase.connecting
    /// What the connection becomes when it is there.
    let purpose: Phase
    var out = ByteBuffer()
    /// Bytes of `out` that the kernel has.
    var outSent = 0
    var isDirty = false
    var awaitsWritable = false
    var rest = ByteBuffer()
    var receiver: WebSocketReceiver
    /// The receiver is inside of a message that came in pieces.
    var isInsideMessage = false
    /// SHA-1 that the server's answer to the handshake has to show.
    var digest: [UInt8] = []

    init(index: Int, purpose: Phase) {
        self.index = index
        self.purpose = purpose
        receiver = WebSocketReceiver(
            role: .client, messageBytesMax: Self.messageBytesMax, fragmentsMax: 1_024)
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
        phase = .closed
    }
}
