"""A disk that is full, fails or hangs: nothing that is acknowledged is lost, nothing waits for
longer than five seconds, reads go on, and service resumes when the disk does.

`Book` keeps account: what was sent, and what became of it. In the end every acknowledged message is
there once, under its number, and sending the others again makes them so.
"""

import threading
import time

import httpx
import pytest

from client import ACK, GROUP, HEARTBEAT, PRIVATE, User, fresh, problem
from disk import EIO, ENOSPC, FaultyDisk, SmallDisk
from server import until
from wire import Wire, request

HOLD_SECONDS = 5
# The server answers with the tick before; a busy machine may take its time to notice.
EARLY, LATE = 0.5, 2.0
FAILING, BACK = r"storage is failing", r"storage is back"


class Book:
    """What `sender` sends to `receiver` and to their group, and what became of it."""

    def __init__(self, server, policy=None):
        self.server = server
        self.sender, self.receiver = User(server), User(server)
        # A user of another stripe, whom none of this concerns.
        self.other = User(server)
        self.group = self.sender.create_group(self.receiver)
        self.sent, self.acked = {}, {}

    def message(self, size):
        name = fresh("book")
        group = len(self.sent) % 2
        target = {"group_id": self.group} if group else {"to": self.receiver.name}
        self.sent[name] = target | {"content": f"{name} " + "x" * size}
        return name, (GROUP if group else PRIVATE), self.sent[name]

    def send(self, connection, size=100):
        """Sends one on the WebSocket and waits for nothing."""
        name, type, members = self.message(size)
        connection.send(type, msg_id=name, **members)
        return name

    def ack(self, connection, name, seconds=10):
        """The ack of this message, booked."""
        ack = connection.expect(seconds, type=ACK, msg_id=name)
        if ack["status"] == "failed":
            assert ack["reason"] == "storage_unavailable", ack
        else:
            self.acked[name] = (ack["id"], ack["seq"])
        return ack

    def say(self, connection, size=100):
        return self.ack(connection, self.send(connection, size))

    def use_up(self, connection):
        """Sends until nothing fits any more, large messages first: what is at hand is used up."""
        for size in (16_000, 1_000, 10):
            for _ in range(2_000):
                if self.say(connection, size)["status"] == "failed":
                    break
            else:
                raise AssertionError("the log does not fill up")

    def post(self):
        """Sends one by REST; the response."""
        name, _, members = self.message(10)
        answer = self.sender.call("POST", "/api/v1/message/send", json=members | {"msg_id": name})
        if answer.status_code == 200:
            self.acked[name] = (answer.json()["id"], answer.json()["seq"])
        else:
            problem(answer, 503, "storage_unavailable")
            assert answer.headers["retry-after"] == "1"
        return answer

    def refused(self, connection):
        """Both doors refuse, at once; reads go on at once, and the connection is alive."""
        begin = time.monotonic()
        assert self.say(connection)["status"] == "failed"
        assert self.post().status_code == 503
        assert self.other.me()["username"] == self.other.name
        assert self.other.get("/api/v1/message/conversations") == {"conversations": []}
        connection.settle()
        took = time.monotonic() - begin
        assert took < HOLD_SECONDS - EARLY, took

    def resumes(self, connection):
        """Returns when the server takes messages again."""
        until(lambda: self.say(connection)["status"] != "failed", "service resumes")

    def stored(self):
        """What is there, by msg_id; checks that it is in order and without gap, and ours."""
        found = {}
        for target in ({"peer": self.sender.name}, {"group_id": self.group}):
            messages = self.receiver.history(**target)
            assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1)), target
            assert [m["id"] for m in messages] == sorted(m["id"] for m in messages)
            for message in messages:
                name = message["msg_id"]
                assert name not in found, f"twice: {message}"
                assert message["content"] == self.sent[name]["content"], message
                found[name] = (message["id"], message["seq"])
        return found

    def check(self):
        """What was acknowledged is there; what is sent again is there once."""
        found = self.stored()
        lost = {name for name, place in self.acked.items() if found.get(name) != place}
        assert not lost, f"acknowledged and lost: {lost}"
        for name, members in self.sent.items():
            if name not in self.acked:
                ack = self.sender.send(msg_id=name, **members)
                assert found.get(name, (ack["id"], ack["seq"])) == (ack["id"], ack["seq"])
                self.acked[name] = (ack["id"], ack["seq"])
        assert self.stored() == self.acked


@pytest.fixture
def small_disk():
    disk = SmallDisk(16)
    yield disk
    disk.close()


def on(disk, servers, **options):
    server = servers(**options)
    server.data = disk.path / "data"
    server.data.mkdir()
    return server


# Full


@pytest.mark.parametrize(
    "policy", ["always", pytest.param("interval", marks=pytest.mark.full)])
def test_a_full_disk(servers, small_disk, policy):
    server = on(small_disk, servers, settings={"storage.fsync": policy}).start()
    book = Book(server)
    with book.sender.connect() as connection:
        for _ in range(40):
            assert book.say(connection)["status"] == "stored"
        small_disk.fill()
        book.use_up(connection)
        server.said(FAILING + r".*No space left on device")
        for _ in range(3):
            book.refused(connection)
        assert book.stored() == book.acked, "what was refused is not there"
        assert sum("storage is failing" in line for line in server.lines) == 1, server.log()
        small_disk.empty()
        server.said(BACK)
        book.resumes(connection)
        book.check()
    server.kill()
    server.start()
    book.check()


def test_a_restart_on_a_full_disk(servers, small_disk):
    server = on(small_disk, servers).start()
    book = Book(server)
    with book.sender.connect() as connection:
        for _ in range(40):
            book.say(connection)
        small_disk.fill()
        book.use_up(connection)
    for end in (server.kill, server.kill, server.stop):
        end()
        small_disk.fill()
        first = len(server.lines)
        server.start()
        server.said(FAILING + r".*No space left on device", since=first)
        assert book.stored() == book.acked
        with book.sender.connect() as connection:
            book.refused(connection)
        # Trimming the last segment gave some back, but less than another segment needs.
        small_disk.fill()
        assert book.stored() == book.acked
    with book.sender.connect() as connection:
        small_disk.empty()
        server.said(BACK)
        book.resumes(connection)
        book.check()
    server.kill()
    server.start()
    book.check()
    server.restart()
    book.check()


def test_a_new_directory_on_a_full_disk(servers, small_disk):
    server = on(small_disk, servers)
    for but in (0, 8192, 65536, 512 * 1024):
        small_disk.fill(but=but)
        said = server.refuses()
        assert "No space left on device" in said.splitlines()[-1], said
        small_disk.empty()
    server.start()
    Book(server).post().raise_for_status()


# Failing


FAULTS = {
    "sync": [("fdatasync", ".log", EIO), ("fdatasync", ".new", EIO)],
    "write": [("pwrite", ".log", EIO)],
    "all": [(call, "*", EIO) for call in ("pwrite", "fdatasync", "fsync", "fallocate", "rename")],
}


@pytest.fixture
def faulty(servers, tmp_path):
    """A server and its disk; in the end no failed file was touched again."""
    def make(**settings):
        server = servers(settings={f"storage.{name}": value for name, value in settings.items()})
        make.disk = FaultyDisk(server, tmp_path)
        return server.start(), make.disk

    make.disk = None
    yield make
    if make.disk:
        make.disk.check()


@pytest.mark.parametrize("kind", FAULTS)
def test_a_short_fault_is_waited_for(faulty, kind):
    """What was under way is held, and acknowledged once the disk is back within the time."""
    server, disk = faulty(fsync="always")
    book = Book(server)
    with book.sender.connect() as connection, book.receiver.connect() as receiver:
        for _ in range(5):
            book.say(connection)
        disk.fail(*FAULTS[kind])
        name = book.send(connection)
        server.said(FAILING + r".*Input/output error")
        book.other.me()
        disk.mend()
        ack = book.ack(connection, name)
        assert ack["status"] == "delivered", "held, and then stored"
        assert receiver.expect(msg_id=name)["seq"] == ack["seq"]
        server.said(BACK)
        assert disk.check(), "the file that failed is known"
        book.resumes(connection)
    server.kill()
    server.start()
    book.check()


@pytest.mark.parametrize("kind", ["sync", pytest.param("write", marks=pytest.mark.full)])
def test_a_long_fault_is_answered_after_five_seconds(faulty, kind):
    """Message, request and reads of what is open get their answer; all else goes on. When the disk
    is back, everybody gets the message, and nobody a second ack."""
    server, disk = faulty(fsync="always")
    book = Book(server)
    with book.sender.connect() as connection, book.receiver.connect() as receiver:
        book.say(connection)
        disk.fail(*FAULTS[kind])
        begin = time.monotonic()
        name = book.send(connection)
        server.said(FAILING)
        book.refused(connection)
        # A read of what is not durable waits as long; what stands behind it goes on in order.
        behind = threading.Thread(target=in_order, args=(server, book.sender, book.receiver.name))
        behind.start()
        ack = book.ack(connection, name)
        waited = time.monotonic() - begin
        assert ack["status"] == "failed"
        assert HOLD_SECONDS - EARLY < waited < HOLD_SECONDS + LATE, waited
        behind.join(20)
        assert not behind.is_alive() and in_order.error is None, in_order.error
        book.refused(connection)
        disk.mend()
        server.said(BACK)
        echo = receiver.expect(msg_id=name)
        assert connection.expect(type=echo["type"], msg_id=name)["id"] == echo["id"]
        connection.settle()
        again = [f for f in connection.passed if f["type"] == ACK and f.get("msg_id") == name]
        assert not again, f"a second ack: {again}"
        book.resumes(connection)
    server.kill()
    server.start()
    book.check()


def in_order(server, user, peer):
    """Pipelined requests: one that waits for the disk, and two behind it."""
    in_order.error = None
    try:
        token = f"Authorization: Bearer {user.token}"
        begin = time.monotonic()
        with Wire(server) as wire:
            wire.send(request("GET", f"/api/v1/message/history?peer={peer}", b"", token)
                      + request("GET", "/healthz", b"")
                      + request("GET", "/nowhere", b""))
            assert [wire.response().status for _ in range(3)] == [503, 200, 404]
        waited = time.monotonic() - begin
        assert HOLD_SECONDS - EARLY < waited < HOLD_SECONDS + LATE, waited
    except Exception as error:
        in_order.error = error


@pytest.mark.full
def test_requests_in_flight_when_the_disk_fails(faulty):
    server, disk = faulty(fsync="always")
    book = Book(server)
    disk.fail(*FAULTS["sync"])
    begin = time.monotonic()
    assert book.post().status_code == 503
    waited = time.monotonic() - begin
    assert HOLD_SECONDS - EARLY < waited < HOLD_SECONDS + LATE, waited
    assert book.post().status_code == 503, "at once, since the log has failed"
    disk.mend()
    server.said(BACK)
    book.check()


@pytest.mark.full
def test_a_disk_that_hangs(faulty):
    """No call fails, none returns. Reads go on, who waits is answered, the end comes in time."""
    server, disk = faulty(fsync="always")
    book = Book(server)
    with book.sender.connect() as connection, book.receiver.connect() as receiver:
        book.say(connection)
        disk.fail(("fdatasync", ".log", 0))
        begin = time.monotonic()
        names = [book.send(connection) for _ in range(3)]
        for name in names:
            assert book.ack(connection, name)["status"] == "failed"
        assert HOLD_SECONDS - EARLY < time.monotonic() - begin < HOLD_SECONDS + LATE
        server.said(r"storage is failing: the disk does not answer")
        book.other.me()
        disk.mend()
        server.said(BACK)
        for name in names:
            receiver.expect(msg_id=name)
        book.resumes(connection)
        book.check()
        disk.fail(("fdatasync", ".log", 0))
        book.send(connection)
        until(lambda: disk.journal()[-1].outcome == "wait", "the disk hangs")
        server.stop()
    disk.mend()
    server.start()
    book.check()


def test_fsync_never(faulty):
    """Nothing is synced, so only writing can fail; what was acknowledged before is written."""
    server, disk = faulty(fsync="never")
    book = Book(server)
    with book.sender.connect() as connection:
        for _ in range(20):
            book.say(connection)
        disk.fail(*FAULTS["sync"], ("pwrite", ".log", EIO))
        name = book.send(connection)
        server.said(FAILING)
        book.refused(connection)
        disk.mend()
        assert book.ack(connection, name)["status"] == "stored"
        book.resumes(connection)
    server.kill()
    server.start()
    book.check()


def test_the_end_during_a_fault(faulty):
    """SIGTERM ends the server in time, and says what was lost."""
    server, disk = faulty(fsync="always")
    book = Book(server)
    with book.sender.connect() as connection:
        for _ in range(5):
            book.say(connection)
        disk.fail(*FAULTS["all"])
        book.send(connection)
        server.said(FAILING)
        server.stop()
    server.said(r"storage did not come back.*records=")
    disk.mend()
    server.start()
    book.check()


def test_a_fault_while_a_segment_is_prepared(servers, small_disk, tmp_path):
    """Messages go on as long as there is space at hand; the fault is told, and so is a worse one."""
    server = on(small_disk, servers, settings={"storage.fsync": "interval"})
    disk = FaultyDisk(server, tmp_path)
    server.start()
    book = Book(server)
    with book.sender.connect() as connection:
        book.say(connection)
        disk.fail(("fallocate", ".log.new", ENOSPC))
        # Into the second segment of 1 MiB, which makes the server want a third.
        for number in range(80):
            assert book.say(connection, 16_000)["status"] != "failed"
        server.said(FAILING + r".*fallocate.*No space left on device")
        # With `interval` the ack does not wait for the sync that fails.
        disk.fail(*FAULTS["sync"], ("fallocate", ".log.new", EIO))
        assert book.say(connection)["status"] != "failed"
        server.said(FAILING + r".*fdatasync")
        book.refused(connection)
        disk.mend()
        server.said(BACK)
        book.resumes(connection)
    server.kill()
    server.start()
    book.check()
    disk.check()


def test_a_start_on_a_disk_that_fails(faulty):
    """What needs no space works, so the server starts and serves; a sync that fails tells that
    nobody knows what is on disk, so it does not."""
    server, disk = faulty(fsync="always")
    book = Book(server)
    for _ in range(5):
        book.post().raise_for_status()
    server.kill()
    disk.fail(("fallocate", ".new", EIO))
    server.start()
    server.said(FAILING + r".*fallocate.*Input/output error")
    assert book.stored() == book.acked
    assert book.post().status_code == 503
    server.kill()
    disk.fail(("fdatasync", ".log", EIO))
    assert "fdatasync" in server.refuses().splitlines()[-1]
    disk.mend()
    server.start()
    book.check()
