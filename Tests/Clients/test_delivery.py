"""What a hasty, a slow and a rude client must and must not get, at the edges of the guarantees.

These clients read no faster than the test wants, or not at all, so they speak over a bare socket.
"""

import json
import random
import socket
import time
from pathlib import Path

from client import ACK, GROUP, PRIVATE, User, fresh

MEBIBYTE = 1 << 20
HANDSHAKE = ("GET /api/v1/ws?token={} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
             "Sec-WebSocket-Version: 13\r\n\r\n")


class Bare:
    """A WebSocket that reads only when it is told to, into a small receive buffer."""

    def __init__(self, user, receive_buffer=8_192):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", user.server.port))
        self.socket.sendall(HANDSHAKE.format(user.token).encode())
        self.input = self.socket.makefile("rb")
        while self.input.readline() != b"\r\n":
            pass

    def send(self, type, **members):
        text = json.dumps({"type": type} | members).encode()
        assert len(text) < 126
        self.socket.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)

    def frame(self, seconds=10):
        """The next text frame; None when the server closes."""
        self.socket.settimeout(seconds)
        first, length = self.input.read(2)
        if length >= 126:
            length = int.from_bytes(self.input.read(2 if length == 126 else 8), "big")
        payload = self.input.read(length)
        return None if first & 15 == 8 else json.loads(payload)

    def close(self):
        """The closing handshake; returns what was still under way."""
        self.socket.sendall(bytes([0x88, 0x82]) + bytes(4) + (1000).to_bytes(2, "big"))
        rest = list(iter(self.frame, None))
        assert self.input.read() == b""
        self.socket.close()
        return rest


def resident(server):
    """Bytes of memory that the process holds."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1_024


def test_answers_that_nobody_reads_do_not_fill_the_memory(server):
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2_000
    before = resident(server)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(0.5)
        sent = 0
        try:
            while sent < 64 * MEBIBYTE:
                sent += connection.send(request)
        except TimeoutError:
            pass
        assert resident(server) - before < 16 * MEBIBYTE, f"{sent} bytes of requests were taken"


def test_pipelined_answers_all_come_once_they_are_read(server):
    count = 20_000
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setblocking(False)
        left, got = request * count, b""
        end = time.monotonic() + 20
        answers = 0
        while answers < count and time.monotonic() < end:
            try:
                if left:
                    left = left[connection.send(left):]
            except BlockingIOError:
                pass
            try:
                got += connection.recv(65_536)
            except BlockingIOError:
                continue
            answers += got.count(b"HTTP/1.1 200")
            got = got[-11:]
        assert answers == count


def test_live_messages_beside_a_backlog_do_not_come_again(server):
    reader, quick, long = (User(server, name) for name in ("reader", "quick", "long"))
    quick.send(to=reader.name, content="missed")
    for _ in range(300):
        long.send(to=reader.name, content="x" * 16_000)
    first = Bare(reader)
    seen = []
    while not any(frame["content"] == "missed" for frame in seen):
        seen.append(first.frame())
    # This conversation is live now, the other one is far behind.
    for number in range(3):
        quick.send(to=reader.name, content=f"live {number}")
    while not any(frame["content"] == "live 2" for frame in seen):
        seen.append(first.frame())
    seen += first.close()
    with reader.connect() as second:
        rest = second.messages(304 - len(seen))
    ids = [frame["id"] for frame in seen + rest]
    assert len(set(ids)) == len(ids) == 304


def test_who_joins_while_connecting_gets_nothing_from_before(servers):
    server = servers(settings={"storage.fsync": "always"}).start()
    owner = User(server, "owner")
    group = owner.create_group(max_count=200)
    choice = random.Random(42)
    with owner.connect(compression=None) as talk:
        for _ in range(30):
            joiner = User(server, "joiner")
            with socket.create_connection(("127.0.0.1", server.port)) as rest:
                body = json.dumps({"group_id": group})
                # Neither the messages nor the joining are on disk yet when the socket opens.
                for _ in range(choice.randrange(1, 60)):
                    talk.send(GROUP, msg_id=fresh("m"), group_id=group, content="before or after")
                rest.sendall((
                    "POST /api/v1/group/join HTTP/1.1\r\nHost: x\r\n"
                    f"Authorization: Bearer {joiner.token}\r\n"
                    "Content-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
                connection = Bare(joiner, receive_buffer=1 << 20)
                for _ in range(choice.randrange(1, 20)):
                    talk.send(GROUP, msg_id=fresh("m"), group_id=group, content="before or after")
                last = fresh("last")
                talk.send(GROUP, msg_id=last, group_id=group, content="after")
                # The owner has read everything up to here, so it has been handed out.
                talk.expect(type=ACK, msg_id=last)
                talk.passed.clear()
                rest.settimeout(10)
                assert rest.recv(4_096).startswith(b"HTTP/1.1 200")
            got = [f["seq"] for f in connection.close() if f["type"] == GROUP]
            (place,) = joiner.get("/api/v1/message/conversations")["conversations"]
            joined = place["last_seq"] - place["unread"]
            assert got == list(range(joined + 1, joined + 1 + len(got)))


def test_what_is_said_while_the_old_connection_ends_is_not_refused(server):
    user, friend = User(server, "user"), User(server, "friend")
    old = Bare(user)
    # The old connection has something under way that its peer does not take.
    for _ in range(200):
        friend.send(to=user.name, content="x" * 16_000)
    new = Bare(user, receive_buffer=1 << 20)
    new.send(PRIVATE, msg_id="said at once", to=friend.name, content="hello")
    frames = []
    while not any(frame["type"] == ACK for frame in frames):
        frames.append(new.frame())
    assert frames[-1]["status"] != "failed"
    assert frames[-2]["msg_id"] == "said at once" or \
        any(frame["msg_id"] == "said at once" for frame in frames[:-1])
    old.socket.close()
    new.close()
