"""Groups: who is in, who learns of it, who may read and write, and what each member missed."""

import pytest

from client import ACK, GROUP, SYSTEM, User, fresh, problem


@pytest.fixture
def three(server):
    return User(server, "anna"), User(server, "bert"), User(server, "cora")


def names(user, group):
    members = user.get("/api/v1/group/members", group_id=group)["members"]
    return {member["username"]: member["role"] for member in members}


def test_create_and_describe(three):
    anna, bert, _ = three
    name = fresh("读书会")
    made = anna.post("/api/v1/group/create", name=name, max_count=5, notice="Fridays")
    assert set(made) == {"id", "name"} and made["name"] == name
    group = anna.get("/api/v1/group/info", group_id=made["id"])
    assert set(group) == {"id", "name", "owner", "notice", "max_count", "member_count",
                          "created_at", "role"}
    assert (group["owner"], group["notice"], group["max_count"], group["member_count"]) == (
        anna.name, "Fridays", 5, 1)
    assert group["role"] == "owner"
    assert anna.get("/api/v1/group/mygroups")["groups"] == [group]
    seen = bert.get("/api/v1/group/search", keyword=name[:6].upper())["groups"]
    assert made["id"] in [found["id"] for found in seen]
    assert all("role" not in found for found in seen if found["id"] == made["id"])
    default = anna.post("/api/v1/group/create", name=fresh("default"))["id"]
    assert anna.get("/api/v1/group/info", group_id=default)["max_count"] == 200


def test_everyone_in_a_group_hears_everyone(three):
    anna, bert, cora = three
    group = anna.create_group(bert, cora)
    with anna.connect() as a, bert.connect() as b, cora.connect() as c:
        all_three = (a, b, c)
        for number, speaker in enumerate(all_three * 3, start=1):
            echo, ack = speaker.say(f"line {number}", group_id=group)
            assert (ack["status"], ack["seq"]) == ("delivered", number)
            assert (echo["group_id"], echo["to"]) == (group, f"group_{group}")
            for listener in all_three:
                if listener is not speaker:
                    assert listener.expect(type=GROUP) == echo
        a.send(GROUP, msg_id="by-name", to=f"group_{group}", content="line 10")
        assert a.expect(type=ACK, msg_id="by-name")["seq"] == 10
        assert c.expect(type=GROUP)["content"] == "line 10"
    assert [m["status"] for m in bert.history(group_id=group)] == ["stored"] * 10


def test_members_and_their_states(three):
    anna, bert, cora = three
    group = anna.create_group(bert)
    with bert.connect():
        members = anna.get("/api/v1/group/members", group_id=group)["members"]
        assert {m["username"]: (m["role"], m["online"]) for m in members} == {
            anna.name: ("owner", False), bert.name: ("member", True)}
        assert all(set(m) == {"username", "nickname", "role", "online", "joined_at"}
                   for m in members)
    problem(cora.call("GET", f"/api/v1/group/members?group_id={group}"), 403, "not_a_member")


def test_joining_inviting_and_leaving_are_announced(three):
    anna, bert, cora = three
    group = anna.create_group()
    with anna.connect() as a, bert.connect() as b, cora.connect() as c:
        bert.post("/api/v1/group/join", group_id=group)
        for connection in (a, b):
            event = connection.expect(type=SYSTEM, event="member_joined")
            assert (event["group_id"], event["username"]) == (group, bert.name)
            assert event["content"] and not event.get("by")
        bert.post("/api/v1/group/invite", group_id=group, target_username=cora.name)
        for connection in (a, b, c):
            event = connection.expect(type=SYSTEM, event="member_joined")
            assert (event["username"], event["by"]) == (cora.name, bert.name)
        _, ack = c.say("hello", group_id=group)
        assert a.expect(type=GROUP)["id"] == b.expect(type=GROUP)["id"] == ack["id"]
        anna.post("/api/v1/group/leave", group_id=group)
        for connection in (b, c):
            event = connection.expect(type=SYSTEM, event="member_left")
            assert (event["username"], event["owner"]) == (anna.name, bert.name)
        assert names(bert, group) == {bert.name: "owner", cora.name: "member"}
        assert not [f for f in a.passed if f.get("event") == "member_left"]
        b.say("after anna", group_id=group)
        c.expect(type=GROUP, content="after anna")
        anna.send(to=anna.name, content="fence")
        assert a.messages(1)[0]["content"] == "fence", "who has left hears nothing more"


def test_the_last_one_out_dissolves_the_group(three):
    anna, bert, _ = three
    group = anna.create_group(bert)
    for member in (anna, bert):
        member.post("/api/v1/group/leave", group_id=group)
    problem(anna.call("GET", f"/api/v1/group/info?group_id={group}"), 404, "group_not_found")
    assert anna.get("/api/v1/group/mygroups")["groups"] == []
    assert all(c.get("group_id") != group
               for c in anna.get("/api/v1/message/conversations")["conversations"])


def test_joining_and_inviting_twice_change_nothing(three):
    anna, bert, _ = three
    group = anna.create_group(bert)
    bert.post("/api/v1/group/join", group_id=group)
    anna.post("/api/v1/group/invite", group_id=group, username=bert.name)
    assert anna.get("/api/v1/group/info", group_id=group)["member_count"] == 2


def test_a_full_group_takes_nobody(three):
    anna, bert, cora = three
    group = anna.create_group(bert, max_count=2)
    body = {"group_id": group}
    problem(cora.call("POST", "/api/v1/group/join", json=body), 409, "group_full")
    body["username"] = cora.name
    problem(anna.call("POST", "/api/v1/group/invite", json=body), 409, "group_full")
    assert set(names(anna, group)) == {anna.name, bert.name}


def test_strangers_may_neither_read_nor_write(three):
    anna, bert, _ = three
    group = anna.create_group()
    anna.send(group_id=group, content="secret")
    history = f"/api/v1/message/history?group_id={group}"
    problem(bert.call("GET", history), 403, "not_a_member")
    for path, body in (("message/send", {"content": "x"}), ("group/leave", {}),
                       ("group/invite", {"username": bert.name})):
        answer = bert.call("POST", f"/api/v1/{path}", json={"group_id": group} | body)
        problem(answer, 403, "not_a_member")
    with bert.connect() as b:
        b.send(GROUP, msg_id="in", group_id=group, content="x")
        ack = b.expect(type=ACK, msg_id="in")
        assert (ack["status"], ack["reason"]) == ("failed", "not_a_member")
    assert len(anna.history(group_id=group)) == 1


def test_the_backlog_of_a_member_begins_at_joining(three):
    anna, bert, _ = three
    group = anna.create_group()
    anna.send(group_id=group, content="before")
    bert.post("/api/v1/group/join", group_id=group)
    anna.send(group_id=group, content="since")
    with bert.connect(settled=False) as b:
        assert [m["content"] for m in b.messages(1)] == ["since"]
    assert [m["content"] for m in bert.history(group_id=group)] == ["before", "since"]


def test_each_member_has_a_cursor_of_his_own(three):
    anna, bert, cora = three
    group = anna.create_group(bert, cora)
    anna.send(group_id=group, content="one")
    with bert.connect(settled=False) as b:
        assert b.messages(1)[0]["content"] == "one"
    anna.send(group_id=group, content="two")
    with bert.connect(settled=False) as b, cora.connect(settled=False) as c:
        assert [m["seq"] for m in b.messages(1)] == [2]
        assert [m["seq"] for m in c.messages(2)] == [1, 2]
