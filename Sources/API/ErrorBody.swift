// Errors as RFC 9457 problem documents.

package import Base
package import Chat
import Wire

package enum ErrorBody {
    package static let contentType: StaticString = "application/problem+json"

    /// `{"type","title","status","detail","code"}`, and `errors` where fields are at fault.
    /// `status` where it is not the one of the code (what HTTP itself refuses).
    package static func append(
        _ failure: Failure, status: UInt16? = nil, to buffer: inout ByteBuffer
    ) {
        let status = status ?? failure.code.status
        buffer.append { writer in
            writer.beginObject()
            writer.key("type")
            writer.word("about:blank")
            writer.key("title")
            writer.word(HTTPStatus(rawValue: status)?.reason ?? "Error")
            writer.key("status")
            writer.number(status)
            writer.key("detail")
            if let detail = failure.detail {
                writer.string(detail)
            } else {
                writer.word(failure.code.sentence)
            }
            writer.key("code")
            writer.word(failure.code.name)
            if !failure.fields.isEmpty {
                writer.key("errors")
                writer.beginArray()
                for field in failure.fields {
                    writer.beginObject()
                    writer.key("field")
                    writer.string(field.field)
                    writer.key("message")
                    writer.string(field.message)
                    writer.endObject()
                }
                writer.endArray()
            }
            writer.endObject()
        }
    }
}
