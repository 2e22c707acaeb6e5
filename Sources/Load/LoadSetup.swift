// What a run needs before it begins: users with tokens, a group, and open WebSockets.
//
//     register ──► log in ──► create the group, join ──► connect ──► a heartbeat is answered
//
// Users who are there already (from a run before, with the same prefix) are logged in only. The
// bare reference knows no users: its clients just connect and say which of them they are.

import Base
import Wire

enum LoadSetup {
    private static let password = "load-password"

    struct Account {
        let name: String
        let token: String
    }

    static func names(_ options: LoadOptions) -> [String] {
        (0..<options.clients).map { "\(options.usersPrefix)\($0)" }
    }

    static func accounts(
        _ options: LoadOptions, _ address: LoadAddress
    ) throws(LoadFailure) -> [Account] {
        let names = names(options)
        let bodies = names.map { "{\"username\":\(quoted($0)),\"password\":\"\(password)\"}" }
        let path = "/api/v1/user/register"
        let registered = try RESTCalls.perform(
            bodies.map { RESTRequest(path: path, token: nil, body: $0) }, address,
            title: "registering")
        for response in registered where response.status != 200 && response.status != 409 {
            throw refused(path, response)
        }
        let loginPath = "/api/v1/user/login"
        let logins = try RESTCalls.perform(
            bodies.map { RESTRequest(path: loginPath, token: nil, body: $0) }, address,
            title: "logging in")
        var accounts: [Account] = []
        for (name, response) in zip(names, logins) {
            guard response.status == 200, let token = text("token", in: response) else {
                throw refused(loginPath, response)
            }
            accounts.append(Account(name: name, token: token))
        }
        return accounts
    }

    /// A new group of all accounts; returns its number.
    static func group(
        _ accounts: [Account], _ address: LoadAddress
    ) throws(LoadFailure) -> Int64 {
        guard let owner = accounts.first else { return 0 }
        let create = RESTRequest(
            path: "/api/v1/group/create", token: owner.token,
            body: "{\"name\":\"load\",\"max_count\":\(max(accounts.count, 2))}")
        let created = try RESTCalls.perform([create], address, title: "creating the group")
        guard let response = created.first, response.status == 200,
            let group = number("id", in: response)
        else {
            throw created.first.map { refused(create.path, $0) } ?? .timedOut(create.path)
        }
        let joinPath = "/api/v1/group/join"
        let joined = try RESTCalls.perform(
            accounts.dropFirst().map {
                RESTRequest(path: joinPath, token: $0.token, body: "{\"group_id\":\(group)}")
            }, address, title: "joining")
        for response in joined where response.status != 200 { throw refused(joinPath, response) }
        return group
    }

    private static func refused(_ path: String, _ response: RESTCalls.Response) -> LoadFailure {
        .requestRefused(
            path: path, status: response.status,
            body: String(decoding: response.body.prefix(400), as: UTF8.self))
    }

    private static func quoted(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.append(jsonString: text)
        return String(decoding: Array(buffer.span), as: UTF8.self)
    }

    private static func text(_ name: StaticString, in response: RESTCalls.Response) -> String? {
        do {
            return try JSONFields<1>(response.body.span, names: [name]).string(name)
        } catch {
            return nil
        }
    }

    private static func number(_ name: StaticString, in response: RESTCalls.Response) -> Int64? {
        do {
            return try JSONFields<1>(response.body.span, names: [name]).integer(name)
        } catch {
            return nil
        }
    }
}
