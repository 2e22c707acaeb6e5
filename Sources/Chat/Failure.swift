// Why a command is refused: a closed list of codes that clients can act on, the same in REST and in
// failed acks (SPEC 11), each with its HTTP status and a sentence for people.

package struct FieldFailure: Sendable, Equatable {
    package let field: String
    package let message: String

    package init(field: String, message: String) {
        self.field = field
        self.message = message
    }
}

package struct Failure: Error, Sendable {
    package enum Code: Sendable, CaseIterable {
        case invalidJSON, invalidRequest, unauthorized, forbidden, userDisabled, wrongPassword
        /// At log-in: an unknown name and a wrong password are the same.
        case wrongCredentials
        case notFound, methodNotAllowed, payloadTooLarge, unsupportedMediaType
        case userExists, userNotFound, groupNotFound, messageNotFound, notAMember, notOwner
        case groupFull, contentEmpty, contentTooLong, msgIDTooLong, msgIDConflict
        case recallWindowOver, rateLimited, quotaExceeded, storageUnavailable, aiNotConfigured
        case aiUnavailable, runNotFound, upgradeRequired, shuttingDown
    }

    package let code: Code
    /// A sentence a person can read; nil for the code's own.
    package let detail: String?
    package let fields: [FieldFailure]

    package init(_ code: Code, _ detail: String? = nil, fields: [FieldFailure] = []) {
        self.code = code
        self.detail = detail
        self.fields = fields
    }

    /// One field of the request is wrong.
    package static func field(_ name: String, _ message: String) -> Failure {
        Failure(
            .invalidRequest, "\(name): \(message)",
            fields: [FieldFailure(field: name, message: message)])
    }
}

extension Failure.Code {
    package var name: StaticString {
        switch self {
        case .invalidJSON: "invalid_json"
        case .invalidRequest: "invalid_request"
        case .unauthorized: "unauthorized"
        case .forbidden: "forbidden"
        case .userDisabled: "user_disabled"
        case .wrongPassword, .wrongCredentials: "wrong_password"
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        case .payloadTooLarge: "payload_too_large"
        case .unsupportedMediaType: "unsupported_media_type"
        case .userExists: "user_exists"
        case .userNotFound: "user_not_found"
        case .groupNotFound: "group_not_found"
        case .messageNotFound: "message_not_found"
        case .notAMember: "not_a_member"
        case .notOwner: "not_owner"
        case .groupFull: "group_full"
        case .contentEmpty: "content_empty"
        case .contentTooLong: "content_too_long"
        case .msgIDTooLong: "msg_id_too_long"
        case .msgIDConflict: "msg_id_conflict"
        case .recallWindowOver: "recall_window_over"
        case .rateLimited: "rate_limited"
        case .quotaExceeded: "quota_exceeded"
        case .storageUnavailable: "storage_unavailable"
        case .aiNotConfigured: "ai_not_configured"
        case .aiUnavailable: "ai_unavailable"
        case .runNotFound: "run_not_found"
        case .upgradeRequired: "upgrade_required"
        case .shuttingDown: "shutting_down"
        }
    }

    package var status: UInt16 {
        switch self {
        case .invalidJSON, .invalidRequest, .contentEmpty, .msgIDTooLong: 400
        case .unauthorized, .wrongCredentials: 401
        case .forbidden, .userDisabled, .wrongPassword, .notAMember, .notOwner: 403
        case .recallWindowOver: 403
        case .notFound, .userNotFound, .groupNotFound, .messageNotFound, .runNotFound: 404
        case .methodNotAllowed: 405
        case .userExists, .groupFull, .msgIDConflict: 409
        case .payloadTooLarge, .contentTooLong: 413
        case .unsupportedMediaType: 415
        case .upgradeRequired: 426
        case .rateLimited, .quotaExceeded: 429
        case .aiUnavailable: 502
        case .storageUnavailable, .aiNotConfigured, .shuttingDown: 503
        }
    }

    package var sentence: StaticString {
        switch self {
        case .invalidJSON: "The body is not valid JSON."
        case .invalidRequest: "The request is not valid."
        case .unauthorized: "A valid token is needed."
        case .forbidden: "This token does not open this endpoint."
        case .userDisabled: "This account is disabled."
        case .wrongCredentials: "The user name or the password is wrong."
        case .wrongPassword: "The old password is wrong."
        case .notFound: "There is nothing at this path."
        case .methodNotAllowed: "This path does not take this method."
        case .payloadTooLarge: "The body is too large."
        case .unsupportedMediaType: "The body must be application/json."
        case .userExists: "This user name is taken."
        case .userNotFound: "There is no such user."
        case .groupNotFound: "There is no such group."
        case .messageNotFound: "There is no such message."
        case .notAMember: "Only members of the group may do this."
        case .notOwner: "Only the owner of the group may do this."
        case .groupFull: "The group has no place left."
        case .contentEmpty: "The content is empty."
        case .contentTooLong: "The content is too long."
        case .msgIDTooLong: "The msg_id is longer than 64 bytes."
        case .msgIDConflict: "This msg_id stands for another message."
        case .recallWindowOver: "The time for recalling this message is over."
        case .rateLimited: "Too many requests; try again later."
        case .quotaExceeded: "The quota is used up."
        case .storageUnavailable: "The server cannot store anything now; try again later."
        case .aiNotConfigured: "No AI provider is configured."
        case .aiUnavailable: "No AI provider answers."
        case .runNotFound: "There is no such run."
        case .upgradeRequired: "This endpoint speaks WebSocket."
        case .shuttingDown: "The server is going away."
        }
    }
}
