"""Groups change: settings, members put out, groups that end. Who hears of it, in which order with
the messages, and who hears nothing more."""

import threading
import time

import httpx
import pytest

from client import ACK, GROUP, SYSTEM, Connection, User, fresh, problem

JOIN, LEAVE, KICK = (f"/api/v1/group/{p}" for p in ("join", "leave", "kick"))
UPDATE, DISMISS = "/api/v1/group/update", "/api/v1/group/dismiss"


@pytest.fixture
def four(server):
    return [User(server, n) for n in ("anna", "bert", "cora", "dora")]


def names(user, group):
    members = user.get("/api/v1/group/members", group_id=group)["members"]
    return [(m["username"], m["role"]) for m in members]


def info(user, group):
    return user.get("/api/v1/group/info", group_id=group)


# Settings


@pytest.mark.parametrize("change", [
    {"name": "新名"}, {"notice": "n" * 1024}, {"notice": ""}, {"max_count": 2},
    {"max_count": 10000}, {"name": "x", "notice": "y", "max_count": 7},
])
def test_the_owner_changes_the_settings(four, change):
    anna, bert, cora, _ = four
    group = anna.create_group(bert, notice="old")
    before = info(anna, group)
    with anna.connect() as a, bert.connect() as b, cora.connect() as c:
        assert anna.put(UPDATE, group_id=group, **change) == before | change
        assert info(anna, group) == before | change
        for connection in (a, b):
            (event,) = [f for f in connection.drain() if f["type"] == SYSTEM]
            assert event["event"] == "group_updated" and event["content"]
            assert {k: event[k] for k in ("group_id", "name", "notice", "max_count", "owner")} == {
                "group_id": group, "name": (before | change)["name"],
                "notice": (before | change)["notice"],
                "max_count": (before | change)["max_count"], "owner": anna.name}
        assert c.events() == [], "not of the group"


def test_a_change_that_changes_nothing_is_no_event(four):
    anna, bert, *_ = four
    group = anna.create_group(bert)
    before = info(anna, group)
    with bert.connect() as b:
        assert anna.put(UPDATE, group_id=group) == before
        same = {k: before[k] for k in ("name", "notice", "max_count")}
        assert anna.put(UPDATE, group_id=group, **same) == before
        assert b.events() == []


def test_a_group_cannot_be_smaller_than_its_members(four):
    anna, bert, cora, dora = four
    group = anna.create_group(bert, cora)
    answer = anna.call("PUT", UPDATE, json={"group_id": group, "max_count": 2})
    problem(answer, 400, "invalid_request", "max_count")
    anna.put(UPDATE, group_id=group, max_count=3)
    problem(dora.call("POST", JOIN, json={"group_id": group}), 409, "group_full")


def test_a_new_name_is_found_and_the_old_one_is_not(four):
    anna, *_ = four
    old, new = fresh("Alt"), fresh("Neu")
    group = anna.post("/api/v1/group/create", name=old)["id"]
    anna.put(UPDATE, group_id=group, name=new)
    assert anna.get("/api/v1/group/search", keyword=old)["groups"] == []
    assert [g["id"] for g in anna.get("/api/v1/group/search", keyword=new.upper())["groups"]] == [
        group]


# Putting out


def test_who_is_put_out_hears_it_and_then_nothing(four):
    anna, bert, cora, dora = four
    group = anna.create_group(bert, cora)
    with anna.connect() as a, bert.connect() as b, cora.connect() as c, dora.connect() as d:
        anna.send(group_id=group, content="before")
        anna.post(KICK, group_id=group, username=bert.name)
        anna.send(group_id=group, content="after")
        for connection, hears_after in ((a, True), (b, False), (c, True)):
            frames = [f for f in connection.drain() if f["type"] in (GROUP, SYSTEM)]
            seen = [f.get("event") or f["content"] for f in frames]
            assert seen == ["before", "member_kicked"] + ["after"] * hears_after
            event = frames[1]
            assert set(event) == {"type", "event", "content", "group_id", "username", "timestamp"}
            assert (event["group_id"], event["username"]) == (group, bert.name)
        assert d.drain() == []
        assert names(anna, group) == [(anna.name, "owner"), (cora.name, "member")]
        b.send(GROUP, msg_id="out", group_id=group, content="let me in")
        ack = b.expect(type=ACK, msg_id="out")
        assert (ack["status"], ack["reason"]) == ("failed", "not_a_member")
        for path in ("message/history", "group/members"):
            answer = bert.call("GET", f"/api/v1/{path}", params={"group_id": group})
            problem(answer, 403, "not_a_member")
        assert bert.get("/api/v1/group/mygroups")["groups"] == []
        listed = bert.get("/api/v1/message/conversations")["conversations"]
        assert [c["chat_type"] for c in listed] == ["private"], "the test's own notes"
        bert.post(JOIN, group_id=group)
        anna.send(group_id=group, content="again")
        seen = [f.get("event") or f["content"] for f in b.drain() if f["type"] in (GROUP, SYSTEM)]
        assert seen == ["member_joined", "again"]
    assert [m["content"] for m in bert.history(group_id=group)] == ["before", "after", "again"]


def test_who_was_put_out_has_no_backlog_of_it(four):
    anna, bert, *_ = four
    group = anna.create_group(bert)
    anna.send(group_id=group, content="missed")
    anna.post(KICK, group_id=group, username=bert.name)
    anna.send(group_id=group, content="not his")
    with bert.connect() as b:
        assert b.drain() == []
    bert.post(JOIN, group_id=group)
    anna.send(group_id=group, content="since")
    with bert.connect() as b:
        assert [f["content"] for f in b.drain() if f["type"] == GROUP] == ["since"]


def test_put_out_while_sending(server):
    """Up to some moment everything is in, from then on nothing; and everybody sees the same."""
    anna, bert, cora = (User(server, n) for n in ("anna", "bert", "cora"))
    for round in range(5):
        group = anna.create_group(bert, cora)
        with bert.connect() as b, cora.connect() as c:
            def flood():
                for number in range(60):
                    b.send(GROUP, msg_id=f"{round}-{number}", group_id=group, content=str(number))

            thread = threading.Thread(target=flood)
            thread.start()
            time.sleep(0.001 * round)
            anna.post(KICK, group_id=group, username=bert.name)
            thread.join()
            acks = [b.expect(type=ACK, msg_id=f"{round}-{n}") for n in range(60)]
            states = [ack["status"] for ack in acks]
            count = states.count("failed")
            assert states[60 - count:] == ["failed"] * count, "in order"
            assert {a["reason"] for a in acks if a["status"] == "failed"} <= {"not_a_member"}
            stored = [m["content"] for m in cora.history(group_id=group)]
            assert stored == [str(n) for n in range(60 - count)]
            heard = [f for f in c.drain() if f["type"] in (GROUP, SYSTEM)]
            assert [f.get("event") or f["content"] for f in heard] == stored + ["member_kicked"]
            own = [f for f in b.drain() if f["type"] in (GROUP, SYSTEM)]
            assert [f.get("event") or f["content"] for f in own] == stored + ["member_kicked"]


def test_put_out_while_the_backlog_is_read(four):
    """A conversation that is still being caught up with ends where the membership does."""
    anna, bert, *_ = four
    group = anna.create_group(bert)
    with anna.connect() as a:
        for number in range(300):
            a.say("x" * 4000 + str(number), group_id=group)
    connection = bert.connect(settled=False)
    assert connection.messages(1)[0]["seq"] == 1
    anna.post(KICK, group_id=group, username=bert.name)
    anna.send(group_id=group, content="after")
    frames = connection.drain()
    got = [f["seq"] for f in frames if f["type"] == GROUP]
    assert got == list(range(2, 2 + len(got))) and 301 not in got
    assert [f["event"] for f in frames if f["type"] == SYSTEM] == ["member_kicked"]
    connection.close()


# The end of a group


def test_a_dismissed_group_is_gone_for_everybody(four):
    anna, bert, cora, dora = four
    group, other = anna.create_group(bert, cora), anna.create_group(bert)
    with anna.connect() as a, bert.connect() as b, cora.connect() as c, dora.connect() as d:
        anna.send(group_id=group, content="last words")
        assert anna.post(DISMISS, group_id=group) == {"message": "dismiss success"}
        for connection in (a, b, c):
            frames = [f for f in connection.drain() if f["type"] in (GROUP, SYSTEM)]
            assert [f.get("event") or f["content"] for f in frames] == [
                "last words", "group_dismissed"]
            assert frames[1]["group_id"] == group and frames[1]["content"]
        assert d.drain() == []
        b.send(GROUP, msg_id="late", group_id=group, content="x")
        assert b.expect(type=ACK, msg_id="late")["reason"] == "group_not_found"
        for user in (anna, bert, dora):
            for path in ("group/info", "group/members", "message/history"):
                answer = user.call("GET", f"/api/v1/{path}", params={"group_id": group})
                problem(answer, 404, "group_not_found")
            for path, body in (("join", {}), ("leave", {}), ("dismiss", {}),
                               ("invite", {"username": dora.name}),
                               ("kick", {"username": cora.name})):
                answer = user.call("POST", f"/api/v1/group/{path}", json={"group_id": group} | body)
                problem(answer, 404, "group_not_found")
        assert [g["id"] for g in bert.get("/api/v1/group/mygroups")["groups"]] == [other]
        assert cora.get("/api/v1/group/mygroups")["groups"] == []
        assert group not in [c.get("group_id") for c in bert.get(
            "/api/v1/message/conversations")["conversations"]]
        anna.send(group_id=other, content="still here")
        assert b.expect(type=GROUP)["content"] == "still here"
    with bert.connect() as b:
        assert [f for f in b.drain() if f.get("group_id") == group] == []


def test_dismissing_while_members_connect(server):
    anna = User(server, "anna")
    members = [User(server, "member") for _ in range(8)]
    for round in range(4):
        group = anna.create_group(*members)
        anna.send(group_id=group, content="one")
        connections = []

        def connect(user):
            connections.append(Connection(user))

        threads = [threading.Thread(target=connect, args=(m,)) for m in members]
        for thread in threads[:4]:
            thread.start()
        anna.post(DISMISS, group_id=group)
        for thread in threads[4:]:
            thread.start()
        for thread in threads:
            thread.join(10)
        for connection in connections:
            seen = [f.get("event") or f["content"] for f in connection.drain()
                    if f.get("group_id") == group]
            assert seen in ([], ["one"], ["group_dismissed"], ["one", "group_dismissed"],
                            ["group_dismissed", "one"]), seen
            connection.settle()
            connection.close()


# Leaving


def test_hand_over_goes_by_the_time_of_joining(four):
    anna, bert, cora, dora = four
    group = anna.create_group(bert, cora, dora)
    bert.post(LEAVE, group_id=group)
    bert.post(JOIN, group_id=group)
    with dora.connect() as d:
        anna.post(LEAVE, group_id=group)
        assert names(dora, group) == [
            (cora.name, "owner"), (dora.name, "member"), (bert.name, "member")]
        assert info(dora, group)["owner"] == cora.name
        problem(dora.call("PUT", UPDATE, json={"group_id": group, "name": "x"}), 403, "not_owner")
        cora.put(UPDATE, group_id=group, name="mine")
        cora.post(KICK, group_id=group, username=bert.name)
        cora.post(LEAVE, group_id=group)
        frames = [f for f in d.drain() if f["type"] == SYSTEM]
        assert [(f["event"], f.get("username"), f.get("owner")) for f in frames] == [
            ("member_left", anna.name, cora.name), ("group_updated", None, cora.name),
            ("member_kicked", bert.name, None), ("member_left", cora.name, dora.name)]
        assert names(dora, group) == [(dora.name, "owner")]
        dora.post(LEAVE, group_id=group)
        assert d.events() == [], "nobody is left to hear it"
    problem(dora.call("GET", f"/api/v1/group/info?group_id={group}"), 404, "group_not_found")


# Races and limits


def test_the_last_place_is_given_once(server):
    anna = User(server, "anna")
    rivals = [User(server, "rival") for _ in range(6)]
    for _ in range(5):
        group = anna.create_group(max_count=2)
        answers = []
        threads = [threading.Thread(target=lambda r=r: answers.append(
            r.call("POST", JOIN, json={"group_id": group}).status_code)) for r in rivals]
        with anna.connect() as a:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
            assert sorted(answers) == [200, 409, 409, 409, 409, 409]
            assert len(names(anna, group)) == 2
            assert [name for name, _ in a.events()] == ["member_joined"]


def test_a_name_is_given_once_whatever_its_case(server):
    anna = User(server, "anna")
    for _ in range(5):
        name = fresh("Ünïcode")
        forms = [name, name.upper(), name.lower(), name.replace("ï", "i\u0308")] * 2
        answers = []

        def register(form):
            answers.append(httpx.post(
                f"{server.url}/api/v1/user/register", trust_env=False, timeout=10,
                json={"username": form, "password": "secret12"}).status_code)

        threads = [threading.Thread(target=register, args=(form,)) for form in forms]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(answers) == [200] + [409] * 7
        assert len(anna.get("/api/v1/user/search", keyword=name)["users"]) == 1


def test_the_limits_of_members_and_of_groups(servers):
    server = servers(settings={"chat.group_members_max": "3", "chat.groups_per_user_max": "3"})
    server.start()
    anna, bert, cora, dora = (User(server, n) for n in ("anna", "bert", "cora", "dora"))
    answer = anna.call("POST", "/api/v1/group/create", json={"name": "x", "max_count": 4})
    problem(answer, 400, "invalid_request", "max_count")
    group = anna.create_group(bert, cora)
    assert info(anna, group)["max_count"] == 3, "two hundred at most, as far as it may be"
    problem(dora.call("POST", JOIN, json={"group_id": group}), 409, "group_full")
    answer = anna.call("PUT", UPDATE, json={"group_id": group, "max_count": 4})
    problem(answer, 400, "invalid_request", "max_count")
    others = [anna.create_group(), anna.create_group()]
    answer = anna.call("POST", "/api/v1/group/create", json={"name": "one too many"})
    full = problem(answer, 409, "group_full")
    assert "3 groups" in full["detail"]
    foreign = bert.create_group()
    problem(anna.call("POST", JOIN, json={"group_id": foreign}), 409, "group_full")
    body = {"group_id": foreign, "username": anna.name}
    problem(bert.call("POST", "/api/v1/group/invite", json=body), 409, "group_full")
    anna.post(DISMISS, group_id=others[0])
    anna.post(JOIN, group_id=foreign)
    problem(anna.call("POST", "/api/v1/group/create", json={"name": "x"}), 409, "group_full")
    bert.post(KICK, group_id=foreign, username=anna.name)
    anna.post("/api/v1/group/create", name="a place is free again")


def test_a_user_in_a_thousand_groups(servers):
    server = servers(settings={"chat.groups_per_user_max": "1000", "storage.fsync": "never"})
    server.start()
    anna, bert = User(server, "anna"), User(server, "bert")
    groups = [anna.post("/api/v1/group/create", name=f"g{n}")["id"] for n in range(1000)]
    problem(anna.call("POST", "/api/v1/group/create", json={"name": "x"}), 409, "group_full")
    bert.post(JOIN, group_id=groups[500])
    assert [g["id"] for g in anna.get("/api/v1/group/mygroups")["groups"]] == groups
    with anna.connect() as a:
        bert.send(group_id=groups[500], content="found you")
        assert a.expect(type=GROUP)["content"] == "found you"
        assert len(anna.get("/api/v1/message/conversations")["conversations"]) == 1000
        for group in groups[::2]:
            anna.post(LEAVE, group_id=group)
        assert [g["id"] for g in anna.get("/api/v1/group/mygroups")["groups"]] == groups[1::2]
    assert info(bert, groups[500])["owner"] == bert.name


def test_changes_survive_a_crash(servers):
    server = servers(settings={"storage.fsync": "always"}).start()
    anna, bert, cora, dora = (User(server, n) for n in ("anna", "bert", "cora", "dora"))
    kept, gone = anna.create_group(bert, cora, dora), anna.create_group(bert)
    anna.put(UPDATE, group_id=kept, name="new", notice="n", max_count=9)
    anna.post(KICK, group_id=kept, username=bert.name)
    anna.post(DISMISS, group_id=gone)
    anna.post(LEAVE, group_id=kept)
    anna.post(JOIN, group_id=kept)

    def state():
        return [(info(u, kept), names(u, kept), u.get("/api/v1/group/mygroups"))
                for u in (cora, dora, anna)] + [bert.get("/api/v1/group/mygroups")]

    before = state()
    assert before[0][1] == [(cora.name, "owner"), (dora.name, "member"), (anna.name, "member")]
    server.kill()
    server.start()
    assert state() == before and bert.get("/api/v1/group/mygroups")["groups"] == []
    problem(anna.call("GET", f"/api/v1/group/info?group_id={gone}"), 404, "group_not_found")
