// Rows 8 to 10 of SPEC 2: contacts.

import Base
import Chat
import Store
import Wire

extension Exchange {
    func contacts() -> Outcome {
        let views = chat.contacts(of: user, &reading)
        json.append { $0.list("contacts", views) { Shape.contact($1, &$0) } }
        return .answer
    }

    func addContact() throws(Failure) -> Outcome {
        let (name, remark) = try fields(["username", "remark"]) { fields throws(FieldDefect) in
            (try fields.string("username"), try fields.optionalString("remark"))
        }
        try chat.addContact(
            named: try Self.filled("username", name), remark: remark, by: user, at: time,
            origin: origin, workspace, &reading)
        return .committed
    }

    func removeContact() throws(Failure) -> Outcome {
        try chat.removeContact(
            named: try parameterOrField("username"), by: user, origin: origin, workspace, &reading)
        return .committed
    }
}
