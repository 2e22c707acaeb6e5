"""kill -9 at any instant: what was acknowledged is there, once, in order; nothing is invented.

A round: senders stream messages by WebSocket and by REST, each to a private conversation and to a
group; receivers read. In the middle the process is killed. After the restart the histories are
compared with what was sent, acknowledged and received:

    acknowledged ⊆ stored ⊆ sent        received before ⊆ stored        received in all = stored

`seq` runs from 1 without a gap; the same message keeps its `id` and `seq` for ever.
"""

import os
import random
import secrets
import threading
import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from client import ACK, GROUP, PRIVATE, User, fresh

POLICIES = ["always", "interval", "never"]
SENDERS = 3
POSTERS = 2
WINDOW = 16


class Stream(threading.Thread):
    """Sends without end, at most WINDOW messages ahead of their acks, until the server is gone."""

    def __init__(self, user, peer, group, sent, acked, changed):
        super().__init__(daemon=True)
        self.connection = user.connect()
        self.user, self.peer, self.group = user, peer, group
        self.sent, self.acked, self.changed = sent, acked, changed
        self.error = None

    def run(self):
        waiting = 0
        try:
            while True:
                while waiting < WINDOW:
                    self.send_one()
                    waiting += 1
                frame = self.connection.receive()
                if frame["type"] == ACK:
                    assert frame["status"] in ("stored", "delivered"), frame
                    waiting -= 1
                    with self.changed:
                        self.acked[frame["msg_id"]] = (frame["id"], frame["seq"])
                        self.changed.notify_all()
        except (ConnectionClosed, OSError):
            pass
        except Exception as error:
            self.error = error
            with self.changed:
                self.changed.notify_all()

    def send_one(self):
        msg_id, content, to = write_down(self.sent, self.user, self.peer, self.group)
        self.connection.send(
            type=GROUP if "group_id" in to else PRIVATE, msg_id=msg_id, content=content, **to)


class Poster(threading.Thread):
    """The same by REST: one request after the other until the server is gone."""

    def __init__(self, user, peer, group, sent, acked, changed):
        super().__init__(daemon=True)
        self.user, self.peer, self.group = user, peer, group
        self.sent, self.acked, self.changed = sent, acked, changed
        self.error = None

    def run(self):
        try:
            while True:
                msg_id, content, to = write_down(self.sent, self.user, self.peer, self.group)
                ack = self.user.send(msg_id=msg_id, content=content, **to)
                with self.changed:
                    self.acked[msg_id] = (ack["id"], ack["seq"])
                    self.changed.notify_all()
        except httpx.TransportError:
            pass
        except Exception as error:
            self.error = error
            with self.changed:
                self.changed.notify_all()


def write_down(sent, user, peer, group):
    """The next message of a stream, in its book before it goes out."""
    msg_id = fresh("stream")
    content = f"{msg_id} " + "x" * (len(sent) % 200)
    if len(sent) % 2:
        target, to = ("private", user.name), {"to": peer.name}
    else:
        target, to = ("group", group), {"group_id": group}
    sent[msg_id] = (target, content, user)
    return msg_id, content, to


class Reader(threading.Thread):
    """Reads until the connection ends; keeps every message."""

    def __init__(self, user):
        super().__init__(daemon=True)
        self.connection = user.connect(settled=False)
        self.seen = []

    def run(self):
        try:
            while True:
                frame = self.connection.receive(60)
                if frame["type"] in (PRIVATE, GROUP):
                    self.seen.append(frame)
        except (ConnectionClosed, OSError, TimeoutError):
            pass


class Scene:
    """Senders, one receiver, one group, and the book of what was sent, acknowledged, received."""

    def __init__(self, server):
        self.server = server
        self.senders = [User(server, "sender") for _ in range(SENDERS)]
        self.posters = [User(server, "poster") for _ in range(POSTERS)]
        self.receiver = User(server, "receiver")
        self.group = self.receiver.create_group(*self.senders, *self.posters)
        self.sent, self.acked, self.received = {}, {}, []

    def round(self, acks, seconds=0, policy=None):
        """Streams until `acks` more are acknowledged and so many seconds longer, kills, restarts
        (with another policy where one is given), checks."""
        changed = threading.Condition()
        reader = Reader(self.receiver)
        reader.start()
        goal = len(self.acked) + acks
        kinds = [(Stream, sender) for sender in self.senders]
        kinds += [(Poster, poster) for poster in self.posters]
        books = [{} for _ in kinds]
        streams = [kind(user, self.receiver, self.group, book, self.acked, changed)
                   for (kind, user), book in zip(kinds, books)]
        for stream in streams:
            stream.start()
        with changed:
            reached = changed.wait_for(
                lambda: len(self.acked) >= goal or any(s.error for s in streams), timeout=60)
            changed.wait_for(lambda: any(s.error for s in streams), timeout=seconds)
        self.server.kill()
        for thread in (*streams, reader):
            thread.join(20)
            assert not thread.is_alive()
        assert not [s.error for s in streams if s.error], [s.error for s in streams]
        assert reached, f"{len(self.acked)} of {goal} acks in 60 s\n{self.server.log()}"
        for book in books:
            self.sent.update(book)
        self.received += reader.seen
        if policy:
            self.server.settings["storage.fsync"] = policy
        self.server.start()
        self.check()

    def histories(self):
        """Every conversation as the server has it now, by its key in `sent`."""
        stored = {("group", self.group): self.receiver.history(group_id=self.group)}
        for sender in self.senders + self.posters:
            stored["private", sender.name] = self.receiver.history(peer=sender.name)
        return stored

    def check(self):
        stored = {}
        for target, messages in self.histories().items():
            assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1)), target
            identities = [m["id"] for m in messages]
            assert identities == sorted(set(identities)), f"ids rise in {target}"
            for message in messages:
                name = message["msg_id"]
                assert name in self.sent, f"invented: {message}"
                assert name not in stored, f"twice: {message}"
                assert self.sent[name][:2] == (target, message["content"])
                assert self.sent[name][2].name == message["from_user"]
                stored[name] = (message["id"], message["seq"])
        lost = {name: place for name, place in self.acked.items() if stored.get(name) != place}
        assert not lost, f"acknowledged, but not there so: {list(lost.items())[:5]} of {len(lost)}"
        for frame in self.received:
            assert stored.get(frame["msg_id"]) == (frame["id"], frame["seq"]), (
                f"shown, but not there so: {frame}")
        self.stored = stored

    def resend(self):
        """What is not acknowledged is sent again under the same msg_id: its fate is then known."""
        for name, (target, content, sender) in self.sent.items():
            if name in self.acked:
                continue
            to = {"group_id": self.group} if target[0] == "group" else {"to": self.receiver.name}
            ack = sender.send(content=content, msg_id=name, **to)
            if name in self.stored:
                assert (ack["id"], ack["seq"]) == self.stored[name], "stored before, so the same"
            self.acked[name] = (ack["id"], ack["seq"])
        self.check()
        assert len(self.stored) == len(self.sent)

    def drain(self):
        """The receiver comes back: with what he saw before, he must end with all that is stored."""
        missing = set(self.stored) - {f["msg_id"] for f in self.received}
        with self.receiver.connect(settled=False) as connection:
            again = []
            while missing:
                frame = connection.messages(1)[0]
                again.append(frame)
                missing.discard(frame["msg_id"])
        for key in {(f["type"], f["from"] if f["type"] == PRIVATE else 0) for f in again}:
            seqs = [f["seq"] for f in again
                    if (f["type"], f["from"] if f["type"] == PRIVATE else 0) == key]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), f"order of {key}: {seqs}"
        self.received += again
        self.check()
        assert {f["msg_id"] for f in self.received} == set(self.stored)


@pytest.mark.parametrize("policy", POLICIES)
def test_killed_between_messages(servers, policy):
    server = servers(settings={"storage.fsync": policy}).start()
    anna, bert = User(server), User(server)
    group = anna.create_group(bert)
    acks = []
    for number in range(4):
        acks.append(anna.send(to=bert.name, content=f"private {number}"))
        acks.append(anna.send(group_id=group, content=f"group {number}"))
        server.kill()
        server.start()
        stored = bert.history(peer=anna.name) + bert.history(group_id=group)
        assert {(m["id"], m["seq"], m["msg_id"]) for m in stored} == {
            (a["id"], a["seq"], a["msg_id"]) for a in acks}
        assert len(stored) == len(acks)
    assert [m["username"] for m in anna.get("/api/v1/group/members", group_id=group)["members"]] \
        == [anna.name, bert.name]
    with bert.connect(settled=False) as b:
        assert {f["id"] for f in b.messages(8)} == {a["id"] for a in acks}


@pytest.mark.parametrize("policy", POLICIES)
def test_killed_in_a_stream(servers, policy):
    scene = Scene(servers(settings={"storage.fsync": policy}).start())
    for _ in range(2):
        scene.round(acks=400)
    scene.resend()
    scene.drain()


@pytest.mark.full
@pytest.mark.parametrize("policy", POLICIES)
def test_killed_twenty_times(servers, policy):
    scene = Scene(servers(settings={"storage.fsync": policy}).start())
    for _ in range(20):
        scene.round(acks=1000)
    scene.resend()
    scene.drain()


@pytest.mark.parametrize("kills", [6, pytest.param(36, marks=pytest.mark.full)])
def test_killed_at_random_moments(servers, kills):
    """One data directory through many lives, synced always and at intervals in turn; what was not
    acknowledged is sent again in the next life."""
    chance = seeded("random moments")
    scene = Scene(servers(settings={"storage.fsync": "always"}).start())
    for kill in range(kills):
        scene.round(acks=chance.randint(1, 300), seconds=chance.uniform(0, 0.02),
                    policy=["interval", "always"][kill % 2])
        scene.resend()
    scene.drain()


def seeded(name):
    """A source of chance whose seed is printed, and may be given."""
    seed = int(os.environ.get("LINGXI_TEST_SEED", secrets.randbelow(2**32)))
    print(f"{name}: LINGXI_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.mark.fuzz
def test_kill_at_random(servers):
    chance = seeded("kill")
    scene = Scene(servers(settings={"storage.fsync": chance.choice(POLICIES)}).start())
    end = time.monotonic() + float(os.environ.get("LINGXI_FUZZ_SECONDS", "60"))
    while time.monotonic() < end:
        scene.round(acks=chance.randint(1, 2000))
    scene.resend()
    scene.drain()


def test_accounts_and_groups_survive(servers):
    server = servers().start()
    anna, bert = User(server, nickname="安娜"), User(server)
    group = anna.create_group(bert)
    before = (anna.me(), anna.get("/api/v1/group/info", group_id=group))
    server.kill()
    server.start()
    after = (anna.me(), anna.get("/api/v1/group/info", group_id=group))
    assert after == before, "the old token serves, and nothing has changed"
    assert User(server).me()["id"] > max(anna.me()["id"], bert.me()["id"]), "no id is used again"
    anna.send(to=bert.name, content="still talking")
    server.restart()
    assert anna.history(peer=bert.name)[0]["content"] == "still talking"


# Damage on disk


def damaged(server, count=50):
    """A killed server's directory with `count` messages: their texts, and a finder of bytes."""
    server.start()
    anna, bert = User(server), User(server)
    texts = [f"{fresh('mark')}-{secrets.token_hex(16)}" for _ in range(count)]
    for text in texts:
        anna.send(to=bert.name, content=text)
    server.kill()
    return anna, bert, texts


def locate(server, text):
    """The log file that holds this text, and where."""
    for path in sorted(server.data.rglob("*.log")):
        offset = path.read_bytes().find(text.encode())
        if offset >= 0:
            return path, offset
    raise AssertionError(f"no *.log file under {server.data} holds {text!r}")


@pytest.mark.parametrize("kind", ["cut", "garbage", "zeros"])
def test_a_torn_end_is_cut_off_and_said(servers, kind):
    server = servers()
    anna, bert, texts = damaged(server)
    path, offset = locate(server, texts[-1])
    tail = offset + len(texts[-1]) // 2
    content = bytearray(path.read_bytes())
    if kind == "cut":
        del content[tail:]
    elif kind == "zeros":
        content[tail:] = bytes(len(content) - tail)
    else:
        content[tail:tail + 64] = random.Random(1).randbytes(len(content[tail:tail + 64]))
    path.write_bytes(content)
    server.start()
    server.said(r"(?i)torn|cut off|truncat", since=server.first_line)
    assert [m["content"] for m in bert.history(peer=anna.name)] == texts[:-1]
    ack = anna.send(to=bert.name, content="goes on")
    assert ack["seq"] == len(texts)
    server.kill()
    server.start()
    assert bert.history(peer=anna.name)[-1]["content"] == "goes on"


@pytest.mark.parametrize("position", ["first", "middle"])
def test_damage_in_the_middle_is_never_skipped(servers, position):
    server = servers()
    _, _, texts = damaged(server)
    path, offset = locate(server, texts[0 if position == "first" else len(texts) // 2])
    content = bytearray(path.read_bytes())
    content[offset + 3] ^= 0x20
    path.write_bytes(content)
    said = server.refuses()
    assert path.name in said, said
    content[offset + 3] ^= 0x20
    path.write_bytes(content)
    with server:
        assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200
