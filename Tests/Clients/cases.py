"""What a right call of each endpoint looks like, and every way to get it wrong.

`@NAME` stands for a thing of the scene (test_errors.py): a user's name, a group's id, a message's.
"""

GET, POST, PUT, DELETE = "GET", "POST", "PUT", "DELETE"

# method, path, the query or body of a right call, whether a token is needed
ROUTES = [
    (POST, "user/register", {"username": "@new", "password": "secret12"}, False),
    (POST, "user/login", {"username": "@anna", "password": "correct horse"}, False),
    (GET, "user/me", {}, True),
    (PUT, "user/me", {"nickname": "Anna"}, True),
    (PUT, "user/password", {"old_password": "@password", "new_password": "@password"}, True),
    (GET, "user/search", {"keyword": "@anna"}, True),
    (GET, "user/info", {"username": "@anna"}, True),
    (GET, "user/contacts", {}, True),
    (POST, "user/contacts/add", {"username": "@bert", "remark": "B"}, True),
    (DELETE, "user/contacts/delete", {"username": "@contact"}, True),
    (GET, "message/history", {"peer": "@bert"}, True),
    (GET, "message/conversations", {}, True),
    (POST, "message/send", {"to": "@bert", "content": "hello"}, True),
    (POST, "message/read", {"peer": "@bert", "seq": 1}, True),
    (GET, "message/unread", {}, True),
    (GET, "message/search", {"keyword": "hello"}, True),
    (POST, "message/recall", {"id": "@message"}, True),
    (POST, "group/create", {"name": "talk"}, True),
    (GET, "group/mygroups", {}, True),
    (GET, "group/search", {"keyword": "talk"}, True),
    (GET, "group/info", {"group_id": "@own"}, True),
    (GET, "group/members", {"group_id": "@own"}, True),
    (POST, "group/join", {"group_id": "@open"}, True),
    (POST, "group/leave", {"group_id": "@joined"}, True),
    (POST, "group/invite", {"group_id": "@own", "username": "@bert"}, True),
    (POST, "group/kick", {"group_id": "@hall", "username": "@cora"}, True),
    (PUT, "group/update", {"group_id": "@own", "notice": "new"}, True),
    (POST, "group/dismiss", {"group_id": "@doomed"}, True),
]
BODIES = [route for route in ROUTES if route[0] in (POST, PUT)]

REGISTER = (POST, "user/register", {"username": "@new", "password": "secret12"})
LOGIN = (POST, "user/login", {"username": "@anna", "password": "correct horse"})
SEND = (POST, "message/send", {"to": "@bert", "content": "hello"})
CREATE = (POST, "group/create", {"name": "talk"})
INVITE = (POST, "group/invite", {"group_id": "@own", "username": "@bert"})
SEARCH = (GET, "user/search", {"keyword": "x"})
GROUPS = (GET, "group/search", {"keyword": "x"})
HISTORY = (GET, "message/history", {"peer": "@bert"})
PASSWORD = (PUT, "user/password",
            {"old_password": "@password", "new_password": "another horse"})
ADD = (POST, "user/contacts/add", {"username": "@bert"})
FORGET = (DELETE, "user/contacts/delete", {"username": "@bert"})
READ = (POST, "message/read", {"peer": "@bert"})
FIND = (GET, "message/search", {"keyword": "x"})
RECALL = (POST, "message/recall", {"id": "@message"})
KICK = (POST, "group/kick", {"group_id": "@room", "username": "@bert"})
UPDATE = (PUT, "group/update", {"group_id": "@room", "name": "hall"})
DISMISS = (POST, "group/dismiss", {"group_id": "@room"})

INVALID = (400, "invalid_request")
REMOVED = object()


def fields(route, name, *values, answer=INVALID):
    return [(*route, {name: value}, *answer) for value in values]


# method, path, right call, what is changed in it, status, code
CASES = [
    *fields(REGISTER, "username", REMOVED, 5, None, "", "a", "a" * 33, "a b", "a\u0000b", "a/b",
            "group_7", "GROUP_x", "ai", "AI", "admin", "Admin", "system", "👍👍"),
    *fields(REGISTER, "password", REMOVED, 5, ["x"], "", "12345", "p" * 73, "密" * 25, "abc\u0000def"),
    *fields(REGISTER, "nickname", 5, "n" * 65),
    *fields(REGISTER, "username", "@anna", "@ANNA", answer=(409, "user_exists")),
    *fields(LOGIN, "username", REMOVED, 5),
    *fields(LOGIN, "password", REMOVED, 5),
    *fields(LOGIN, "password", "wrong horse", answer=(401, "wrong_password")),
    *fields(LOGIN, "username", "@nobody", answer=(401, "wrong_password")),
    *fields(SEARCH, "keyword", REMOVED, "", "k" * 65),
    *fields(SEARCH, "limit", "0", "-1", "x", "1.5", "99999999999999999999999"),
    *fields(GROUPS, "keyword", REMOVED, "", "k" * 65),
    *fields(GROUPS, "limit", "0", "-1", "x"),
    *fields((GET, "user/info", {"username": "@anna"}), "username", REMOVED),
    *fields((GET, "user/info", {"username": "@anna"}), "username", "@nobody",
            answer=(404, "user_not_found")),
    *fields(HISTORY, "peer", REMOVED),
    *fields(HISTORY, "peer", "@nobody", answer=(404, "user_not_found")),
    *fields(HISTORY, "group_id", "@own"),
    *fields(HISTORY, "limit", "0", "-1", "x"),
    *fields(HISTORY, "before_id", "x", "-1", "1.5"),
    *fields((GET, "message/history", {"group_id": "@own"}), "group_id", "x", "1.5", "-1"),
    *fields((GET, "message/history", {"group_id": "@own"}), "group_id", "987654321",
            answer=(404, "group_not_found")),
    *fields((GET, "message/history", {"group_id": "@own"}), "group_id", "@foreign",
            answer=(403, "not_a_member")),
    *fields(SEND, "to", REMOVED, 5, ["@bert"]),
    *fields(SEND, "to", "@nobody", answer=(404, "user_not_found")),
    *fields(SEND, "content", REMOVED, 5, {"text": "hello"}),
    *fields(SEND, "content", "", answer=(400, "content_empty")),
    *fields(SEND, "content", "c" * 16385, "中" * 5462, answer=(413, "content_too_long")),
    *fields(SEND, "msg_id", 5),
    *fields(SEND, "msg_id", "m" * 65, answer=(400, "msg_id_too_long")),
    *fields(SEND, "group_id", "@own"),
    *fields((POST, "message/send", {"content": "hello"}), "group_id", 987654321,
            answer=(404, "group_not_found")),
    *fields((POST, "message/send", {"content": "hello"}), "group_id", "@foreign",
            answer=(403, "not_a_member")),
    *fields((POST, "message/send", {"content": "hello"}), "group_id", True, 1.5),
    *fields(CREATE, "name", REMOVED, 5, "", "n" * 65),
    *fields(CREATE, "max_count", "many", 1, 0, -5, 10001, 2.5),
    *fields(CREATE, "notice", 5, "n" * 1025),
    *fields((GET, "group/info", {}), "group_id", REMOVED, "x", "1.5"),
    *fields((GET, "group/info", {}), "group_id", "987654321", answer=(404, "group_not_found")),
    *fields((GET, "group/members", {}), "group_id", REMOVED, "x"),
    *fields((GET, "group/members", {}), "group_id", "987654321", answer=(404, "group_not_found")),
    *fields((GET, "group/members", {}), "group_id", "@foreign", answer=(403, "not_a_member")),
    *fields((POST, "group/join", {}), "group_id", REMOVED, True, [1]),
    *fields((POST, "group/join", {}), "group_id", 987654321, answer=(404, "group_not_found")),
    *fields((POST, "group/join", {}), "group_id", "@full", answer=(409, "group_full")),
    *fields((POST, "group/leave", {}), "group_id", REMOVED, True),
    *fields((POST, "group/leave", {}), "group_id", 987654321, answer=(404, "group_not_found")),
    *fields((POST, "group/leave", {}), "group_id", "@foreign", answer=(403, "not_a_member")),
    *fields(INVITE, "group_id", REMOVED, True),
    *fields(INVITE, "group_id", 987654321, answer=(404, "group_not_found")),
    *fields(INVITE, "group_id", "@foreign", answer=(403, "not_a_member")),
    *fields(INVITE, "username", REMOVED, 5),
    *fields(INVITE, "username", "@nobody", answer=(404, "user_not_found")),
    *fields(PASSWORD, "old_password", REMOVED, 5, None),
    *fields(PASSWORD, "old_password", "", "wrong horse", "p" * 600, answer=(403, "wrong_password")),
    *fields(PASSWORD, "new_password", REMOVED, 5, "", "12345", "p" * 73, "密" * 25, "abc\u0000def"),
    *fields(ADD, "username", REMOVED, 5, "", ["@bert"], "@anna", "@ANNA"),
    *fields(ADD, "username", "@nobody", answer=(404, "user_not_found")),
    *fields(ADD, "remark", 5, "r" * 65, {"a": 1}),
    *fields(FORGET, "username", REMOVED, ""),
    *fields(FORGET, "username", "@nobody", "@cora", answer=(404, "user_not_found")),
    *fields(READ, "peer", REMOVED, 5, ""),
    *fields(READ, "peer", "@nobody", answer=(404, "user_not_found")),
    *fields(READ, "group_id", "@own"),
    *fields(READ, "seq", "1", -1, 1.5, True, 2**64),
    *fields((POST, "message/read", {}), "group_id", 987654321, answer=(404, "group_not_found")),
    *fields((POST, "message/read", {}), "group_id", "@foreign", answer=(403, "not_a_member")),
    *fields((POST, "message/read", {}), "group_id", 0, -1, "x", 1.5),
    *fields(FIND, "keyword", REMOVED, "", "k" * 65),
    *fields(FIND, "limit", "0", "-1", "x", "1.5"),
    *fields(FIND, "before_id", "x", "-1", "1.5"),
    *fields(FIND, "peer", ""),
    *fields(FIND, "peer", "@nobody", answer=(404, "user_not_found")),
    *fields(FIND, "group_id", "x", "0", "-1", "1.5"),
    *fields(FIND, "group_id", "987654321", answer=(404, "group_not_found")),
    *fields(FIND, "group_id", "@foreign", answer=(403, "not_a_member")),
    (*FIND, {"peer": "@bert", "group_id": "@own"}, *INVALID),
    *fields(RECALL, "id", REMOVED, "1", 1.5, True, 0, -1, None),
    *fields(RECALL, "id", 2**53, 2**62, "@unseen", "@unread", answer=(404, "message_not_found")),
    *fields(RECALL, "id", "@received", answer=(403, "forbidden")),
    *fields(KICK, "group_id", REMOVED, True, "1", 0),
    *fields(KICK, "group_id", 987654321, answer=(404, "group_not_found")),
    *fields(KICK, "group_id", "@joined", "@foreign", answer=(403, "not_owner")),
    *fields(KICK, "username", REMOVED, 5, "", "@anna", "@ANNA"),
    *fields(KICK, "username", "@nobody", answer=(404, "user_not_found")),
    *fields(KICK, "username", "@cora", answer=(403, "not_a_member")),
    *fields(UPDATE, "group_id", REMOVED, True, "1", 0),
    *fields(UPDATE, "group_id", 987654321, answer=(404, "group_not_found")),
    *fields(UPDATE, "group_id", "@joined", "@foreign", answer=(403, "not_owner")),
    *fields(UPDATE, "name", 5, "", "n" * 65),
    *fields(UPDATE, "notice", 5, "n" * 1025),
    *fields(UPDATE, "max_count", "many", 1, 0, -5, 10001, 2.5),
    *fields(DISMISS, "group_id", REMOVED, True, "1", 0),
    *fields(DISMISS, "group_id", 987654321, answer=(404, "group_not_found")),
    *fields(DISMISS, "group_id", "@joined", "@foreign", answer=(403, "not_owner")),
]
