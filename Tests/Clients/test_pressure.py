"""Peers that send more than they wait for, or ask for more than they read."""

import re
import socket
import threading
from pathlib import Path

from client import ACK, Connection, User, fresh
from wire import Wire, request

MIB = 1024 * 1024


class Peak:
    """How much resident memory the server has come to need since this was made."""

    def __init__(self, server):
        self.process = Path(f"/proc/{server.process.pid}")
        (self.process / "clear_refs").write_text("5")
        self.before = self.bytes()

    def bytes(self):
        status = (self.process / "status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024

    def grown(self):
        return self.bytes() - self.before


def test_requests_behind_one_that_waits_are_not_all_read(server):
    """Each answer of the log lets one request go on; it must not let another read go on too."""
    user = User(server)
    group = user.create_group()
    token = f"Authorization: Bearer {user.token}"
    body = b'{"group_id":%d}' % group
    one = request("POST", "/api/v1/group/join", body, token)
    count = 32 * MIB // len(one)
    peak = Peak(server)
    with Wire(server) as wire:
        # It ends with an error when the test is over, since the server does not take it all.
        writer = threading.Thread(target=lambda: swallow(wire.send, one * count), daemon=True)
        writer.start()
        for _ in range(3000):
            assert wire.response().status == 200
        wire.socket.shutdown(socket.SHUT_RDWR)
        writer.join(10)
    grown = peak.grown()
    assert grown < 16 * MIB, f"{grown / MIB:.1f} MiB for requests that wait"


def swallow(send, data):
    try:
        send(data)
    except OSError:
        pass


def test_answers_wait_for_their_reader(server):
    """Who asks for much and reads nothing costs one outbox, and gets everything when he reads."""
    user = User(server)
    for _ in range(40):
        user.send(to=user.name, content="x" * 16_000)
    path = f"/api/v1/message/history?peer={user.name}&limit=200"
    one = request("GET", path, None, f"Authorization: Bearer {user.token}")
    peak = Peak(server)
    with Wire(server) as wire:
        wire.send(one * 300)
        # Others are served meanwhile.
        for _ in range(20):
            user.get("/api/v1/user/me")
        sizes = {len(wire.response().body) for _ in range(300)}
    grown = peak.grown()
    assert grown < 32 * MIB, f"{grown / MIB:.1f} MiB for answers that nobody reads"
    assert len(sizes) == 1 and sizes.pop() > 40 * 16_000


def test_a_connection_that_replaces_another_may_send_at_once(server):
    """What comes before the old connection has ended waits for that, and is then taken."""
    user, peer = User(server), User(server)
    for _ in range(20):
        old = user.connect()
        with Connection(user) as new:
            name = fresh("at-once")
            new.send(2, to=peer.name, content="x", msg_id=name)
            assert new.expect(type=ACK, msg_id=name)["status"] == "stored"
        old.closed(4002)
        old.close()
