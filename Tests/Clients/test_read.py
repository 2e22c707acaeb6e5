"""Read marks: forward only, one's own messages never count, and every connection of the reader
hears of it."""

import threading

import pytest

from client import SYSTEM, User

READ, UNREAD = "/api/v1/message/read", "/api/v1/message/unread"


@pytest.fixture(scope="module")
def settings():
    return {"chat.multi_device": "true"}


@pytest.fixture
def three(server):
    return User(server, "anna"), User(server, "bert"), User(server, "cora")


def unread(user):
    """What is unread, by peer or group; both lists must say the same."""
    answer = user.get(UNREAD)
    assert set(answer) == {"total", "conversations"}
    counts = {}
    for entry in answer["conversations"]:
        place = "peer" if entry["chat_type"] == "private" else "group_id"
        assert set(entry) == {"chat_type", place, "unread"} and entry["unread"] > 0
        counts[entry[place]] = entry["unread"]
    assert answer["total"] == sum(counts.values())
    listed = user.get("/api/v1/message/conversations")["conversations"]
    assert counts == {c.get("peer", c.get("group_id")): c["unread"] for c in listed if c["unread"]}
    return counts


def mark(user, **body):
    answer = user.post(READ, **body)
    assert set(answer) == {"message", "unread"} and answer["message"] == "read"
    return answer["unread"]


def test_reading_a_private_conversation(three):
    anna, bert, _ = three
    for number in range(5):
        anna.send(to=bert.name, content=str(number))
    assert unread(bert) == {anna.name: 5} and unread(anna) == {}
    assert mark(bert, peer=anna.name, seq=2) == 3
    assert mark(bert, peer=anna.name.upper()) == 0
    assert unread(bert) == {}
    anna.send(to=bert.name, content="more")
    assert unread(bert) == {anna.name: 1}


@pytest.mark.parametrize("place", ["private", "group"])
def test_own_messages_never_count(three, place):
    anna, bert, _ = three
    group = anna.create_group(bert)
    for speaker in (anna, bert, anna, bert, bert, anna, bert):
        other = anna if speaker is bert else bert
        speaker.send(content="x", **({"to": other.name} if place == "private"
                                     else {"group_id": group}))
    where = {"peer": anna.name} if place == "private" else {"group_id": group}
    name = anna.name if place == "private" else group
    assert unread(bert) == {name: 3}
    left = [mark(bert, seq=seq, **where) for seq in range(1, 8)]
    assert left == [2, 2, 1, 1, 1, 0, 0]
    assert unread(bert) == {}
    where = {"peer": bert.name} if place == "private" else where
    assert [mark(anna, seq=seq, **where) for seq in (3, 5, 99)] == [3, 1, 0]


def test_the_mark_never_moves_back(three):
    anna, bert, _ = three
    for number in range(4):
        anna.send(to=bert.name, content=str(number))
    with bert.connect() as b:
        assert mark(bert, peer=anna.name, seq=3) == 1
        for seq in (1, 0, 3):
            assert mark(bert, peer=anna.name, seq=seq) == 1
        assert [f["seq"] for f in b.drain() if f["type"] == SYSTEM] == [3]
        assert mark(bert, peer=anna.name, seq=10**9) == 0
        assert [(f["seq"], f["unread"]) for f in b.drain() if f["type"] == SYSTEM] == [(4, 0)]
    assert unread(bert) == {}


def test_every_connection_of_the_reader_hears_and_nobody_else(three):
    anna, bert, _ = three
    group = anna.create_group(bert)
    anna.send(to=bert.name, content="one")
    anna.send(group_id=group, content="one")
    with (bert.connect(device="a") as first, bert.connect(device="b") as second,
          anna.connect() as a):
        for frames in (first.drain(), second.drain(), a.drain()):
            assert not [f for f in frames if f["type"] == SYSTEM]
        mark(bert, peer=anna.name)
        mark(bert, group_id=group)
        for connection in (first, second):
            private, grouped = [f for f in connection.drain() if f["type"] == SYSTEM]
            assert private["content"] and grouped["content"]
            assert set(private) == {"type", "event", "content", "peer", "seq", "unread",
                                    "timestamp"}
            assert (private["event"], private["peer"], private["seq"], private["unread"]) == (
                "read", anna.name, 1, 0)
            assert (grouped["event"], grouped["group_id"], grouped["seq"]) == ("read", group, 1)
            assert "peer" not in grouped
        assert not [f for f in a.drain() if f["type"] == SYSTEM]


def test_counts_begin_at_joining(three):
    anna, bert, _ = three
    group = anna.create_group()
    for number in range(5):
        anna.send(group_id=group, content=str(number))
    bert.post("/api/v1/group/join", group_id=group)
    assert unread(bert) == {} and mark(bert, group_id=group) == 0
    anna.send(group_id=group, content="since")
    assert unread(bert) == {group: 1} and mark(bert, group_id=group, seq=3) == 1
    bert.post("/api/v1/group/leave", group_id=group)
    assert unread(bert) == {}
    anna.send(group_id=group, content="meanwhile")
    bert.post("/api/v1/group/join", group_id=group)
    assert unread(bert) == {}


def test_a_conversation_that_has_not_begun(three):
    anna, bert, _ = three
    assert mark(anna, peer=bert.name) == 0 and mark(anna, peer=anna.name) == 0
    group = anna.create_group()
    assert mark(anna, group_id=group) == 0 and mark(anna, group_id=group, seq=0) == 0
    anna.send(to=anna.name, content="a note")
    assert unread(anna) == {} and mark(anna, peer=anna.name) == 0


def test_the_newest_stands_first(three):
    anna, bert, cora = three
    group = anna.create_group(cora)
    anna.send(to=cora.name, content="x")
    bert.send(to=cora.name, content="x")
    anna.send(group_id=group, content="x")
    entries = cora.get(UNREAD)["conversations"]
    assert [e.get("peer", e.get("group_id")) for e in entries] == [group, bert.name, anna.name]
    anna.send(to=cora.name, content="x")
    assert cora.get(UNREAD)["conversations"][0] == {
        "chat_type": "private", "peer": anna.name, "unread": 2}


def test_two_devices_read_at_once(server, three):
    """Whatever the order, the mark ends at the highest, and each event is higher than the last."""
    anna, bert, _ = three
    for number in range(60):
        anna.send(to=bert.name, content=str(number))
    second = bert.twin()
    with bert.connect() as b:
        b.drain()
        threads = [threading.Thread(target=lambda u=u, s=s: [
            mark(u, peer=anna.name, seq=n) for n in s])
            for u, s in ((bert, range(1, 60, 2)), (second, range(2, 61, 2)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        seqs = [(f["seq"], f["unread"]) for f in b.drain() if f["type"] == SYSTEM]
        assert seqs == sorted(set(seqs)) and seqs[-1] == (60, 0)
        assert all(seq + left == 60 for seq, left in seqs)


def test_marks_survive_a_crash(servers):
    server = servers(settings={"storage.fsync": "always"}).start()
    anna, bert = User(server, "anna"), User(server, "bert")
    group = anna.create_group(bert)
    for number in range(6):
        anna.send(to=bert.name, content="x")
        (anna if number % 2 else bert).send(group_id=group, content="x")
    mark(bert, peer=anna.name, seq=4)
    mark(bert, group_id=group, seq=2)
    before = unread(bert)
    assert before == {anna.name: 2, group: 2}
    server.kill()
    server.start()
    assert unread(bert) == before
    assert mark(bert, group_id=group, seq=1) == 2 and mark(bert, group_id=group) == 0
