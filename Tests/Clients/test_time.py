"""What time alone does: heartbeats, peers that have gone silent, requests that are never completed.

The settings are seconds, so that a test waits for what comes and not for a clock; each wait has a
deadline far beyond them.
"""

import json
import socket

import pytest

from client import User
from wire import Wire

HEARTBEAT = {"type": 1, "msg_id": "ping"}
SHORT = {"chat.heartbeat_s": "1", "limits.header_timeout_s": "1", "limits.body_timeout_s": "1",
         "limits.idle_timeout_s": "2"}


@pytest.fixture(scope="module")
def settings():
    return SHORT


def upgraded(server, user):
    """A raw WebSocket that answers nothing by itself."""
    wire = Wire(server, seconds=15)
    wire.send((f"GET /api/v1/ws?token={user.token} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode())
    assert wire.response().status == 101
    return wire


def frames(wire):
    """The frames that come until the end of the connection: opcode and payload."""
    while True:
        while len(wire.buffer) < 2 or len(wire.buffer) < 2 + wire.buffer[1]:
            if not wire._more():
                return
        length = wire.buffer[1]
        assert length < 126, "longer than any frame that is expected here"
        yield wire.buffer[0] & 15, wire.buffer[2:2 + length]
        wire.buffer = wire.buffer[2 + length:]


def test_the_server_sends_heartbeats(server):
    user = User(server)
    with user.connect() as connection:
        for _ in range(2):
            assert connection.expect(seconds=15, type=1) == HEARTBEAT
        connection.settle()


def test_a_silent_peer_is_asked_and_then_dropped(server):
    user = User(server)
    with upgraded(server, user) as wire:
        seen = list(frames(wire))
    assert (9, b"") in seen, "a protocol Ping comes first"
    assert any(opcode == 1 and json.loads(text) == HEARTBEAT for opcode, text in seen)
    assert not user.me()["online"]


def test_a_peer_that_answers_pings_stays(server):
    user = User(server)
    with upgraded(server, user) as wire:
        pings = 0
        for opcode, _ in frames(wire):
            if opcode == 9:
                pings += 1
                wire.send(b"\x8a\x80\0\0\0\0")
            if pings == 4:
                break
        assert pings == 4, "longer than a silent peer would have lived"
        assert user.me()["online"]


@pytest.mark.parametrize("start", [
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    b"POST /api/v1/user/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 50\r\n\r\n{"], ids=["header", "body"])
def test_a_request_that_is_never_completed_ends(server, start):
    with Wire(server, seconds=15) as wire:
        wire.send(start)
        answer = wire.response()
        assert answer.status == 408 and answer.fields["connection"] == "close"
        assert json.loads(answer.body)["code"] == "invalid_request"
        assert not wire._more(), "and the connection ends"


def test_an_idle_connection_ends(server):
    with Wire(server, seconds=15) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.response().status == 200
        assert not wire._more()


def test_a_connection_that_says_nothing_ends(server):
    with socket.create_connection(("127.0.0.1", server.port), 15) as silent:
        assert silent.recv(1) == b""
