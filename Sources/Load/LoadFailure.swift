// What ends a run before its time: each a sentence that says who did what.

import Base
import Wire

enum LoadFailure: Error {
    case system(SystemError)
    case handshakeRefused(client: Int, status: Int)
    case handshakeInvalid(client: Int)
    case closedByServer(client: Int, code: Int, reason: String)
    case connectionLost(client: Int)
    case protocolBroken(client: Int, WebSocketFailure)
    case responseInvalid(path: String)
    case requestRefused(path: String, status: Int, body: String)
    case timedOut(String)

    var text: String {
        switch self {
        case .system(let error): error.description
        case .handshakeRefused(let client, let status):
            "client \(client): the handshake was refused with status \(status)"
        case .handshakeInvalid(let client):
            "client \(client): the answer to the handshake is none"
        case .closedByServer(let client, let code, let reason):
            "client \(client): the server closed with \(code)\(reason.isEmpty ? "" : ": " + reason)"
        case .connectionLost(let client): "client \(client): the connection was lost"
        case .protocolBroken(let client, let failure):
            "client \(client): the server sent \(failure.reason)"
        case .responseInvalid(let path): "\(path): the response is no HTTP"
        case .requestRefused(let path, let status, let body): "\(path): status \(status): \(body)"
        case .timedOut(let what): "timed out: \(what)"
        }
    }
}
