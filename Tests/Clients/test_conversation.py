"""What users do all day: register, find each other, talk in private and in groups, go and return.

Order is checked by what follows: a conversation's `seq` rises by one, so a message that comes with
the next `seq` proves that nothing came twice or got lost before it.
"""

import time

import jwt
import pytest

from client import (ACK, GROUP, HEARTBEAT, PRIVATE, SYSTEM, Connection, User, fresh, problem)
from server import SECRET, until


@pytest.fixture
def pair(server):
    return User(server, "anna"), User(server, "bert")


def take(connection, count):
    return [(frame["seq"], frame["content"]) for frame in connection.messages(count)]


# Accounts


def test_register_log_in_and_read_oneself(server):
    user = User(server, "名字", nickname="小明")
    answer = user.login()
    assert answer["username"] == user.name and answer["nickname"] == "小明"
    assert answer["expires_at"].endswith("Z")
    claims = jwt.decode(user.token, SECRET, algorithms=["HS256"])
    assert claims["username"] == user.name and claims["role"] == "user"
    assert claims["exp"] - claims["iat"] == 86400 and claims["jti"] and claims["sub"]
    me = user.me()
    assert set(me) == {"id", "username", "nickname", "avatar", "email", "created_at",
                       "last_seen_at", "online"}
    assert (me["username"], me["nickname"], me["avatar"], me["email"]) == (user.name, "小明", "", "")
    assert me["created_at"].endswith("Z") and me["online"] is False


def test_search_finds_any_script_without_regard_to_case(server):
    word = fresh("Ünïcode语")
    found = User(server, "seek", nickname=word)
    other = User(server, "other")
    for keyword in (word, word.upper(), word[2:].lower(), found.name[:-1].upper()):
        users = other.get("/api/v1/user/search", keyword=keyword, limit=200)["users"]
        assert found.name in [user["username"] for user in users], keyword
        assert all("email" not in user for user in users)
    assert other.get("/api/v1/user/search", keyword=fresh("nobody"))["users"] == []
    info = other.get("/api/v1/user/info", username=found.name)
    assert info["nickname"] == word and "email" not in info


# Private messages


def test_two_clients_talk(pair):
    anna, bert = pair
    with anna.connect() as a, bert.connect() as b:
        for number in range(1, 6):
            echo, ack = a.say(f"你好 {number}", to=bert.name)
            assert ack["status"] == "delivered" and ack["seq"] == 2 * number - 1
            got = b.expect(type=PRIVATE, id=ack["id"])
            assert got == echo
            assert (got["from"], got["to"], got["content"]) == (
                anna.name, bert.name, f"你好 {number}")
            assert abs(got["timestamp"] - time.time() * 1000) < 60_000
            echo, ack = b.say(f"hi {number}", to=anna.name)
            assert ack["seq"] == 2 * number
            assert a.expect(type=PRIVATE, id=ack["id"]) == echo


def test_sender_is_who_logged_in(pair):
    anna, bert = pair
    with anna.connect() as a, bert.connect() as b:
        a.send(PRIVATE, to=bert.name, content="forged", msg_id="forged-1",
               **{"from": "somebody", "from_user": "somebody", "unknown": [1, {"a": None}]})
        assert b.expect(type=PRIVATE)["from"] == anna.name
        assert a.expect(type=ACK, msg_id="forged-1")["status"] == "delivered"


def test_status_tells_stored_from_delivered(pair):
    anna, bert = pair
    with anna.connect() as a:
        _, ack = a.say("while away", to=bert.name)
        assert ack["status"] == "stored"
        assert anna.history(peer=bert.name)[0]["status"] == "stored"
        with bert.connect() as b:
            b.expect(type=PRIVATE, id=ack["id"])
            _, ack = a.say("while here", to=bert.name)
            assert ack["status"] == "delivered"
            b.expect(type=PRIVATE, id=ack["id"])
        until(lambda: [m["status"] for m in anna.history(peer=bert.name)] == ["delivered"] * 2,
              "both messages are delivered once the recipient's session has ended")


def test_what_was_missed_comes_once_and_in_order(pair):
    anna, bert = pair
    group = anna.create_group(bert)
    with bert.connect() as b:
        anna.send(to=bert.name, content="seen")
        b.messages(1)
    missed = [anna.send(to=bert.name, content=f"p{n}")["id"] for n in range(30)]
    missed_in_group = [anna.send(group_id=group, content=f"g{n}")["id"] for n in range(30)]
    with bert.connect(settled=False) as b:
        frames = b.messages(60)
        assert [f["id"] for f in frames if f["type"] == PRIVATE] == missed
        assert [f["id"] for f in frames if f["type"] == GROUP] == missed_in_group
        assert [f["seq"] for f in frames if f["type"] == PRIVATE] == list(range(2, 32))
        assert [f["seq"] for f in frames if f["type"] == GROUP] == list(range(1, 31))
        live = anna.send(to=bert.name, content="live")
        assert b.messages(1)[0]["id"] == live["id"]
    with bert.connect() as b:
        after = anna.send(to=bert.name, content="after")
        assert b.messages(1)[0]["id"] == after["id"], "what was received does not come again"


def test_backlog_and_live_traffic_meet_without_gap(pair):
    anna, bert = pair
    for number in range(300):
        anna.send(to=bert.name, content=str(number))
    with anna.connect() as a, bert.connect(settled=False) as b:
        for number in range(300, 400):
            a.say(str(number), to=bert.name)
        assert take(b, 400) == [(n + 1, str(n)) for n in range(400)]


def test_second_connection_replaces_the_first(pair):
    anna, bert = pair
    old = bert.connect()
    new = bert.connect()
    old.closed(4002)
    assert [f["event"] for f in old.passed if f["type"] == SYSTEM] == ["kicked"]
    with anna.connect() as a:
        _, ack = a.say("to the new one", to=bert.name)
        assert ack["status"] == "delivered"
        assert new.expect(type=PRIVATE)["content"] == "to the new one"
    assert bert.me()["online"] is True
    new.close()
    until(lambda: not bert.me()["online"], "offline after the last connection has ended")


def test_heartbeat_is_acknowledged(pair):
    with pair[0].connect() as connection:
        connection.send(HEARTBEAT, msg_id="beat")
        assert connection.expect(type=ACK)["msg_id"] == "beat"
        connection.send(HEARTBEAT)
        assert connection.expect(type=ACK)["status"] == "received"


def test_notes_to_self(pair):
    anna, _ = pair
    with anna.connect() as a:
        echo, ack = a.say("buy milk", to=anna.name)
        assert ack["status"] == "delivered" and echo["to"] == anna.name and ack["seq"] == 1
        _, ack = a.say("buy bread", to=anna.name)
        assert ack["seq"] == 2
    assert [m["content"] for m in anna.history(peer=anna.name)] == ["buy milk", "buy bread"]
    anna.send(to=anna.name, content="written elsewhere")
    with anna.connect() as a:
        assert not [f for f in a.passed if f["type"] == PRIVATE], "notes are in no backlog"


def test_unknown_recipient_fails(pair):
    with pair[0].connect() as a:
        a.send(PRIVATE, msg_id="lost", to=fresh("nobody"), content="hello?")
        ack = a.expect(type=ACK, msg_id="lost")
        assert (ack["status"], ack["reason"]) == ("failed", "user_not_found")


# REST and WebSocket are two doors to one room


def test_sending_by_rest_equals_sending_by_websocket(pair):
    anna, bert = pair
    with anna.connect() as a, bert.connect() as b:
        _, by_socket = a.say("one", to=bert.name)
        by_rest = anna.send(to=bert.name, content="two")
        assert set(by_rest) == set(by_socket) and by_rest["type"] == ACK
        assert by_rest["status"] == "delivered" and by_rest["seq"] == 2 and by_rest["msg_id"]
        one, two = b.messages(2)
        assert set(one) == set(two) and two["id"] == by_rest["id"]
        assert a.messages(1) == [two], "the sender's connection gets what REST sent, too"


@pytest.mark.parametrize("door", ["rest", "websocket"])
def test_same_msg_id_is_one_message(pair, door):
    anna, bert = pair
    with anna.connect() as a, bert.connect() as b:
        _, first = a.say("once", msg_id="same", to=bert.name)
        if door == "rest":
            again = anna.send(to=bert.name, content="once", msg_id="same")
        else:
            a.send(PRIVATE, to=bert.name, content="once", msg_id="same")
            again = a.expect(type=ACK, msg_id="same")
        assert (again["id"], again["seq"]) == (first["id"], first["seq"])
        a.say("next", to=bert.name)
        assert take(b, 2) == [(1, "once"), (2, "next")]
    assert len(anna.history(peer=bert.name)) == 2


def test_same_msg_id_for_something_else_is_a_conflict(pair):
    anna, bert = pair
    third = User(anna.server)
    with anna.connect() as a:
        a.say("this", msg_id="taken", to=bert.name)
        for other in ({"to": bert.name, "content": "that"}, {"to": third.name, "content": "this"}):
            a.send(PRIVATE, msg_id="taken", **other)
            ack = a.expect(type=ACK, msg_id="taken")
            assert (ack["status"], ack["reason"]) == ("failed", "msg_id_conflict")
            answer = anna.call("POST", "/api/v1/message/send", json={"msg_id": "taken"} | other)
            problem(answer, 409, "msg_id_conflict")
    assert len(anna.history(peer=bert.name)) == 1 and not anna.history(peer=third.name)
    assert bert.send(to=anna.name, content="mine", msg_id="taken")["seq"] == 2


# What was said


def test_history_pages_backwards(pair):
    anna, bert = pair
    group = anna.create_group(bert)
    for target in ({"peer": bert.name}, {"group_id": group}):
        to = {"to": bert.name} if "peer" in target else {"group_id": group}
        sent = [anna.send(content=str(n), **to)["id"] for n in range(7)]
        before, pages = {}, []
        for _ in range(3):
            page = anna.get("/api/v1/message/history", limit=3, **target, **before)
            pages.append([m["id"] for m in page["messages"]])
            before = {"before_id": pages[-1][0]}
            assert page["has_more"] is (len(pages) < 3)
        assert pages == [sent[4:], sent[1:4], sent[:1]]
        message = anna.history(**target)[0]
        assert set(message) == {"id", "seq", "msg_id", "chat_type", "from_user", "to_user",
                                "content", "status", "created_at", "timestamp"}
        assert message["from_user"] == anna.name and message["seq"] == 1
        kind, name = ("private", bert.name) if "peer" in target else ("group", f"group_{group}")
        assert (message["chat_type"], message["to_user"]) == (kind, name)


def test_conversations_are_listed_newest_first_with_unread(pair):
    anna, bert = pair
    group = anna.create_group(bert)
    anna.send(to=bert.name, content="one")
    anna.send(group_id=group, content="two")
    anna.send(to=bert.name, content="three")
    private, grouped = bert.get("/api/v1/message/conversations")["conversations"]
    assert (private["chat_type"], private["peer"], private["name"]) == (
        "private", anna.name, anna.nickname)
    assert (private["last_message"], private["last_from"]) == ("three", anna.name)
    assert (private["last_seq"], private["unread"]) == (2, 2)
    assert (grouped["chat_type"], grouped["group_id"], grouped["unread"]) == ("group", group, 1)
    anna.send(group_id=group, content="four")
    newest = bert.get("/api/v1/message/conversations")["conversations"][0]
    assert (newest["group_id"], newest["unread"], newest["last_message"]) == (group, 2, "four")
    own = anna.get("/api/v1/message/conversations")["conversations"]
    assert [c["unread"] for c in own] == [0, 0]


# Who may connect


def test_tokens_by_query_header_and_subprotocol(server):
    user = User(server)
    for way in ({"token": user.token}, {"headers": {"Authorization": f"Bearer {user.token}"}},
                {"protocols": ["bearer", user.token]}):
        with Connection(user, **way) as connection:
            connection.settle()
            if "protocols" in way:
                assert connection.socket.subprotocol == "bearer"


def test_bad_tokens_are_told_by_close_code(server):
    user = User(server)
    claims = jwt.decode(user.token, SECRET, algorithms=["HS256"])
    expired = jwt.encode(claims | {"exp": claims["iat"] - 1}, SECRET, algorithm="HS256")
    unsigned = jwt.encode(claims, None, algorithm="none")
    for token in ("", "x.y.z", user.token[:-2], expired, unsigned):
        Connection(user, token=token).closed(4001)
    Connection(user, headers={}).closed(4001)
    Connection(user, protocols=["bearer", expired]).closed(4001)


def test_plain_request_to_the_websocket_is_told_to_upgrade(server):
    answer = User(server).call("GET", "/api/v1/ws")
    problem(answer, 426, "upgrade_required")
    assert answer.headers["upgrade"].lower() == "websocket"


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_large_messages_whatever_is_offered(pair, compression):
    anna, bert = pair
    with Connection(anna, compression=compression) as a, bert.connect() as b:
        text = "压缩 " * 2000
        echo, ack = a.say(text, to=bert.name)
        assert echo["content"] == text and b.expect(id=ack["id"])["content"] == text
