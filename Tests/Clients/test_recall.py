"""Recall: the message keeps its place and loses its content, everywhere and for everybody."""

import threading
import time

import pytest

from client import GROUP, PRIVATE, SYSTEM, User, problem
from server import until

RECALL = "/api/v1/message/recall"


@pytest.fixture
def three(server):
    return User(server, "anna"), User(server, "bert"), User(server, "cora")


def recall(user, id):
    assert user.post(RECALL, id=id) == {"message": "recall success"}


@pytest.mark.parametrize("place", ["private", "group", "self"])
def test_a_message_is_taken_back(three, place):
    anna, bert, cora = three
    group = anna.create_group(bert)
    to = {"private": {"to": bert.name}, "group": {"group_id": group},
          "self": {"to": anna.name}}[place]
    ids = [anna.send(content=f"word {n}", **to)["id"] for n in range(3)]
    with anna.connect() as a, bert.connect() as b, cora.connect() as c:
        for connection in (a, b, c):
            connection.drain()
        recall(anna, ids[1])
        parties = (a,) if place == "self" else (a, b)
        for connection in parties:
            (event,) = [f for f in connection.drain() if f["type"] == SYSTEM]
            assert event["event"] == "message_recalled" and event["content"]
            members = {"type", "event", "content", "id", "seq", "chat_type", "from", "to",
                       "timestamp"} | ({"group_id"} if place == "group" else set())
            assert set(event) == members
            assert (event["id"], event["seq"], event["from"]) == (ids[1], 2, anna.name)
            assert event["chat_type"] == ("group" if place == "group" else "private")
            name = {"private": bert.name, "group": f"group_{group}", "self": anna.name}[place]
            assert event["to"] == name and event.get("group_id", group) == group
        assert [f for f in c.drain() if f["type"] == SYSTEM] == []
    where = {"private": {"peer": bert.name}, "group": {"group_id": group},
             "self": {"peer": anna.name}}[place]
    first, gone, last = [m for m in anna.history(**where) if m["id"] in ids]
    assert (gone["content"], gone["status"], gone["seq"], gone["id"]) == (
        "", "recalled", 2, ids[1])
    assert (first["content"], last["content"]) == ("word 0", "word 2")
    assert first["status"] != "recalled" != last["status"]
    found = anna.get("/api/v1/message/search", keyword="word", **where)["messages"]
    assert [m["id"] for m in found] == [ids[2], ids[0]]
    last = anna.send(content="the newest", **to)["id"]
    recall(anna, last)
    listed = anna.get("/api/v1/message/conversations")["conversations"][0]
    assert listed["last_message"] == "" and listed["last_from"] == anna.name
    assert listed["last_seq"] == anna.history(**where)[-1]["seq"]


def test_recalling_again_changes_nothing(three):
    anna, bert, _ = three
    id = anna.send(to=bert.name, content="oops")["id"]
    with bert.connect() as b:
        b.drain()
        for _ in range(3):
            recall(anna, id)
        assert [name for name, _ in b.events()] == ["message_recalled"]


def test_the_backlog_brings_the_empty_frame(three):
    anna, bert, _ = three
    group = anna.create_group(bert)
    for to in ({"to": bert.name}, {"group_id": group}):
        ids = [anna.send(content=str(n), msg_id=f"{n}{to}", **to)["id"] for n in range(3)]
        recall(anna, ids[1])
    with bert.connect() as b:
        frames = [f for f in b.drain() if f["type"] in (PRIVATE, GROUP)]
    for kind in (PRIVATE, GROUP):
        mine = [f for f in frames if f["type"] == kind]
        assert [(f["seq"], f["content"], f.get("status")) for f in mine] == [
            (1, "0", None), (2, "", "recalled"), (3, "2", None)]
        assert set(mine[1]) == set(mine[0]) | {"status"}


def test_who_may_not(three):
    anna, bert, cora = three
    group = anna.create_group(bert)
    private = anna.send(to=bert.name, content="x")["id"]
    grouped = bert.send(group_id=group, content="x")["id"]
    problem(bert.call("POST", RECALL, json={"id": private}), 403, "forbidden")
    problem(anna.call("POST", RECALL, json={"id": grouped}), 403, "forbidden")
    for id in (private, grouped):
        problem(cora.call("POST", RECALL, json={"id": id}), 404, "message_not_found")
    bert.post("/api/v1/group/leave", group_id=group)
    problem(bert.call("POST", RECALL, json={"id": grouped}), 404, "message_not_found")
    assert anna.history(group_id=group)[0]["content"] == "x"


def test_sending_a_recalled_message_again_is_the_same_message(three):
    anna, bert, _ = three
    first = anna.send(to=bert.name, content="once", msg_id="mine")
    recall(anna, first["id"])
    again = anna.send(to=bert.name, content="once", msg_id="mine")
    assert (again["id"], again["seq"]) == (first["id"], first["seq"])
    assert [m["content"] for m in anna.history(peer=bert.name)] == [""]
    assert anna.send(to=bert.name, content="once more")["seq"] == 2


def test_it_counts_as_before(three):
    anna, bert, _ = three
    ids = [anna.send(to=bert.name, content="x")["id"] for _ in range(3)]
    recall(anna, ids[1])
    assert bert.get("/api/v1/message/unread")["total"] == 3
    assert bert.post("/api/v1/message/read", peer=anna.name, seq=2)["unread"] == 1


def test_recalled_while_others_read(three):
    """Histories that are read meanwhile show a message whole or not at all, and never again once
    it was gone."""
    anna, bert, _ = three
    ids = [anna.send(to=bert.name, content=f"text {n}")["id"] for n in range(40)]
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            seen.append([m["content"] for m in bert.history(peer=anna.name)])

    thread = threading.Thread(target=read)
    thread.start()
    for id in ids:
        recall(anna, id)
    done.set()
    thread.join(20)
    for before, after in zip(seen, seen[1:]):
        for number, (old, new) in enumerate(zip(before, after)):
            assert new == "" or new == old == f"text {number}"


def test_the_window_ends(servers):
    server = servers(settings={"chat.recall_window_s": "1"}).start()
    anna, bert = User(server, "anna"), User(server, "bert")
    early, late = (anna.send(to=bert.name, content=c)["id"] for c in ("early", "late"))
    recall(anna, early)

    def over():
        id = anna.send(to=bert.name, content="probe")["id"]
        time.sleep(1.05)
        return anna.call("POST", RECALL, json={"id": id}).status_code == 403

    assert until(over, "the window is over")
    problem(anna.call("POST", RECALL, json={"id": late}), 403, "recall_window_over")
    recall(anna, early)
    assert [m["content"] for m in anna.history(peer=bert.name)][:2] == ["", "late"]


def test_no_window_no_recall(servers):
    server = servers(settings={"chat.recall_window_s": "0"}).start()
    anna = User(server, "anna")
    id = anna.send(to=anna.name, content="for ever")["id"]
    problem(anna.call("POST", RECALL, json={"id": id}), 403, "recall_window_over")


def test_it_survives_a_crash(servers):
    server = servers(settings={"storage.fsync": "always"}).start()
    anna, bert = User(server, "anna"), User(server, "bert")
    group = anna.create_group(bert)
    for to in ({"to": bert.name}, {"group_id": group}):
        ids = [anna.send(content=f"text {n}", **to)["id"] for n in range(300)]
        for id in ids[::7]:
            recall(anna, id)

    def state():
        return [[(m["id"], m["seq"], m["content"], m["status"]) for m in anna.history(**where)]
                for where in ({"peer": bert.name}, {"group_id": group})]

    before = state()
    server.kill()
    server.start()
    assert state() == before
    assert [m[2] for m in before[1]] == ["" if n % 7 == 0 else f"text {n}" for n in range(300)]
    assert anna.get("/api/v1/message/search", keyword="text 7")["messages"][0]["content"] != ""
