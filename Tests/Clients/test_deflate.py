"""permessage-deflate (RFC 7692): what is agreed on, what may be sent, and that everybody receives
the same, deflated or not.

Frames go over a bare socket where a client library would refuse to send them.
"""

import json
import os
import secrets
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

from client import ACK, GROUP, PRIVATE, Connection, User, fresh
from test_pressure import MIB, Peak
from wire import Wire

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
# What Chromium, Firefox and Safari send.
BROWSERS = ["permessage-deflate; client_max_window_bits", "permessage-deflate"]
# Longer than what is sent as it is.
LONG = "今天下午三点开会，请大家准时参加。The meeting is at three, please bring your notes. " * 12


@pytest.fixture(scope="module")
def settings():
    return {"server.ws_echo": "/echo"}


def deflated(data, level=6, bits=-15, memory=8, last=False):
    """The payload of a compressed message."""
    packer = zlib.compressobj(level, zlib.DEFLATED, bits, memory)
    if last:
        return packer.compress(data) + packer.flush(zlib.Z_FINISH)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Raw:
    """A WebSocket made of bytes."""

    def __init__(self, server, *offers, path="/echo"):
        self.wire = Wire(server)
        lines = [f"GET {path} HTTP/1.1", "Host: a", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                 *(f"Sec-WebSocket-Extensions: {offer}" for offer in offers)]
        self.wire.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.response = self.wire.response()
        assert self.response.status == 101, self.response
        self.agreed = self.response.fields.get("sec-websocket-extensions")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.socket.close()

    def frame(self, opcode, payload=b"", compressed=False, final=True, reserved=0):
        first = opcode | (final << 7) | (compressed << 6) | (reserved << 4)
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", first, 128 | size)
        elif size < 65536:
            head = struct.pack("!BBH", first, 254, size)
        else:
            head = struct.pack("!BBQ", first, 255, size)
        key = os.urandom(4)
        mask = int.from_bytes((key * (size // 4 + 1))[:size], "big")
        masked = (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big") if size else b""
        return head + key + masked

    def send(self, *args, **options):
        self.wire.send(self.frame(*args, **options))

    def receive(self):
        """(opcode, compressed, payload) of the next frame, which must be a whole message."""
        first, second = self.wire._exactly(2)
        size = second
        if second == 126:
            size, = struct.unpack("!H", self.wire._exactly(2))
        elif second == 127:
            size, = struct.unpack("!Q", self.wire._exactly(8))
        assert first & 0x80 and not first & 0x30 and second < 128
        return first & 15, bool(first & 64), self.wire._exactly(size)

    def message(self):
        """The next message, inflated, and whether it had to be."""
        opcode, compressed, payload = self.receive()
        if compressed:
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        return opcode, payload, compressed

    def closed(self, code):
        opcode, compressed, payload = self.receive()
        assert (opcode, compressed) == (CLOSE, False), (opcode, payload)
        seen, = struct.unpack("!H", payload[:2])
        assert seen == code, f"{seen} ({payload[2:]!r}) instead of {code}"
        self.wire.socket.close()


# Agreeing


@pytest.mark.parametrize("offer", BROWSERS + [
    "permessage-deflate; client_max_window_bits=9; server_no_context_takeover",
    "permessage-deflate; server_max_window_bits=8, permessage-deflate",
    "unknown-extension; a=\"b, c\", permessage-deflate",
    "permessage-deflate; unknown, permessage-deflate; client_max_window_bits"])
def test_offers_that_are_taken(server, offer):
    with Raw(server, offer) as raw:
        assert raw.agreed == ANSWER


@pytest.mark.parametrize("bits", range(9, 16))
def test_the_window_that_was_asked_for(server, bits):
    offer = f"permessage-deflate; server_max_window_bits={bits}; client_max_window_bits"
    with Raw(server, offer) as raw:
        assert raw.agreed == f"{ANSWER}; server_max_window_bits={bits}"
        block = secrets.token_hex((1 << bits) // 2).encode()
        for data in (block * 3, LONG.encode() * 20):
            raw.send(TEXT, deflated(data), compressed=True)
            opcode, compressed, payload = raw.receive()
            assert (opcode, compressed) == (TEXT, True)
            # An inflater with this window has everything it needs, message by message.
            unpacker = zlib.decompressobj(-bits)
            assert unpacker.decompress(payload + b"\0\0\xff\xff") == data


@pytest.mark.parametrize("offer", [
    None, "", "permessage-deflate; server_max_window_bits=8", "permessage-deflate; unknown",
    "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=016",
    "permessage-deflate; client_max_window_bits=16", "permessage-deflate; client_max_window_bits=",
    "permessage-deflate; server_no_context_takeover=1", "x-webkit-deflate-frame",
    "permessage-deflate; client_no_context_takeover; client_no_context_takeover"])
def test_offers_that_are_declined(server, offer):
    """The connection goes without, and then RSV1 is an error."""
    with Raw(server, *([] if offer is None else [offer])) as raw:
        assert raw.agreed is None
        raw.send(TEXT, LONG.encode())
        assert raw.receive() == (TEXT, False, LONG.encode())
        raw.send(TEXT, deflated(b"hello"), compressed=True)
        raw.closed(1002)


def test_offers_in_several_lines(server):
    with Raw(server, "unknown", "permessage-deflate; bad",
             "permessage-deflate; server_max_window_bits=11", "permessage-deflate") as raw:
        assert raw.agreed == f"{ANSWER}; server_max_window_bits=11"


# Messages


@pytest.fixture
def raw(server):
    with Raw(server, BROWSERS[0]) as raw:
        yield raw


def test_messages_of_all_kinds(raw):
    for data in (b"", b"x", LONG.encode(), b"\0" * 1_000_000):
        for level in (0, 1, 9):
            raw.send(TEXT, deflated(data, level), compressed=True)
            assert raw.message()[:2] == (TEXT, data)
    noise = os.urandom(200_000)
    raw.send(BINARY, deflated(noise), compressed=True)
    assert raw.message() == (BINARY, noise, True), "the echo is in kind"
    raw.send(TEXT, LONG.encode())
    assert raw.message() == (TEXT, LONG.encode(), False), "each message is compressed or not"
    raw.send(TEXT, b"", compressed=True)
    assert raw.message() == (TEXT, b"", True)


def test_blocks_of_all_kinds(raw):
    hello = bytes([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
    for payload in (hello, hello + b"\0", deflated(b"Hello", last=True)):
        raw.send(TEXT, payload, compressed=True)
        assert raw.message()[:2] == (TEXT, b"Hello")
    packer, parts = zlib.compressobj(9, zlib.DEFLATED, -15), b""
    for word in LONG.split():
        parts += packer.compress(word.encode() + b" ")
        parts += packer.flush(secrets.choice([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH]))
    raw.send(TEXT, parts[:-4], compressed=True)
    assert raw.message()[:2] == (TEXT, " ".join(LONG.split()).encode() + b" ")


def test_fragments(raw):
    payload = deflated(LONG.encode())
    for size in (1, 7, len(payload) - 1):
        pieces = [payload[at:at + size] for at in range(0, len(payload), size)]
        for index, piece in enumerate(pieces):
            raw.send(TEXT if index == 0 else CONTINUATION, piece, compressed=index == 0,
                     final=index == len(pieces) - 1)
            if index == 0:
                raw.send(PING, b"between")
        assert raw.message()[:2] == (PONG, b"between")
        assert raw.message()[:2] == (TEXT, LONG.encode())


@pytest.mark.parametrize("frames", [
    [dict(opcode=PING, compressed=True)], [dict(opcode=CLOSE, compressed=True)],
    [dict(opcode=CONTINUATION, compressed=True)],
    [dict(opcode=TEXT, final=False), dict(opcode=CONTINUATION, compressed=True)],
    [dict(opcode=TEXT, compressed=True, final=False), dict(opcode=CONTINUATION, compressed=True)],
    [dict(opcode=TEXT, compressed=True, reserved=1)], [dict(opcode=TEXT, reserved=2)]])
def test_the_bit_stands_on_the_first_frame_of_a_message_only(raw, frames):
    for frame in frames:
        raw.send(**frame)
    raw.closed(1002)


@pytest.mark.parametrize("payload", [
    b"\x07", b"\xff" * 20, b'{"type":1}', zlib.compress(b"hello"), deflated(LONG.encode())[:-20],
    b"\x00\x05\x00\xfa\xfe", deflated(b"x" * 100)[:-1] + b"\x06"])
def test_bytes_that_cannot_be_inflated(raw, payload):
    raw.send(BINARY, payload, compressed=True)
    raw.closed(1007)


@pytest.mark.parametrize("data", [b"\xff", LONG.encode() + b"\xe4\xbb", b"\xed\xa0\x80"])
def test_text_is_utf8_behind_the_deflating(raw, data):
    raw.send(BINARY, deflated(data), compressed=True)
    assert raw.message()[:2] == (BINARY, data)
    raw.send(TEXT, deflated(data), compressed=True)
    raw.closed(1007)


def test_limits_hold_behind_the_deflating(server):
    """A message of the greatest length is taken, however badly it shrinks, and no byte more."""
    user = User(server)
    limit = 65536
    with Raw(server, BROWSERS[0], path=f"/api/v1/ws?token={user.token}") as raw:
        for level in (0, 1, 9):
            for noisy in (False, True):
                name = fresh("limit")
                head = b'{"type":1,"msg_id":"%s","x":"' % name.encode()
                room = limit - len(head) - 2
                filler = secrets.token_hex(room)[:room].encode() if noisy else b"x" * room
                message = head + filler + b'"}'
                assert len(message) == limit
                raw.send(TEXT, deflated(message, level, memory=1), compressed=True)
                opcode, payload, _ = raw.message()
                assert json.loads(payload)["msg_id"] == name
        raw.send(TEXT, deflated(b" " * (limit + 1)), compressed=True)
        raw.closed(1009)


def test_a_bomb_costs_what_the_limit_allows(server):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(MIB)
    bomb = b"".join(packer.compress(zeros) for _ in range(60)) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 65536
    users = [User(server) for _ in range(20)]
    peak = Peak(server)
    for user in users:
        with Raw(server, BROWSERS[0], path=f"/api/v1/ws?token={user.token}") as raw:
            raw.send(TEXT, bomb[:-4], compressed=True)
            raw.closed(1009)
    assert peak.grown() < 4 * MIB, f"{peak.grown() / MIB:.1f} MiB"


# Chat


def windowed(bits):
    return [ClientPerMessageDeflateFactory(server_max_window_bits=bits)]


class Deflating(Connection):
    """A connection with a window of its own (None: without compression, 0: the library's offer)."""

    def __init__(self, user, bits):
        if bits:
            self.user, self.passed = user, []
            self.socket = connect(
                f"{user.server.socket_url}/api/v1/ws?token={user.token}", compression=None,
                extensions=windowed(bits), ping_interval=None, max_size=None, proxy=None)
        else:
            super().__init__(user, compression=None if bits is None else "deflate")
        names = [extension.name for extension in self.socket.protocol.extensions]
        assert names == ([] if bits is None else ["permessage-deflate"])


def test_a_group_of_plain_and_deflated_members(server):
    """Everyone receives every message, byte for byte, in order, whatever was agreed on."""
    windows = [None, 0, *range(9, 16), None, 0, 15, 9]
    with ThreadPoolExecutor(8) as pool:
        users = list(pool.map(lambda _: User(server), windows))
        group = users[0].create_group(*users[1:])
        members = list(pool.map(lambda pair: Deflating(*pair), zip(users, windows)))
    try:
        for member in members:
            member.settle()
        sent = []
        for number in range(40):
            content = (LONG * (number % 7) + secrets.token_hex(number * 10) + "。")[:5000]
            member = members[number % len(members)]
            member.send(GROUP, msg_id=fresh("mix"), group_id=group, content=content)
            # Some come together with others in one turn, some alone.
            if number % 3:
                member.expect(type=ACK)
            sent.append(content)
        seen = [member.messages(len(sent)) for member in members]
        for frames in seen:
            assert frames == seen[0]
            assert [frame["seq"] for frame in frames] == list(range(1, len(sent) + 1))
        assert sorted(frame["content"] for frame in seen[0]) == sorted(sent)
    finally:
        for member in members:
            member.close()


def test_private_messages_and_backlog(server):
    sender, reader = User(server), User(server)
    contents = [LONG * (number % 4) + f"{number}" for number in range(60)]
    for content in contents[:30]:
        sender.send(to=reader.name, content=content)
    with Deflating(reader, 0) as inbox, Deflating(sender, 10) as outbox:
        assert [f["content"] for f in inbox.messages(30)] == contents[:30]
        for content in contents[30:]:
            echo, _ = outbox.say(content, to=reader.name)
            assert inbox.expect(type=PRIVATE, id=echo["id"]) == echo
            assert echo["content"] == content


def test_what_is_deflated_on_the_wire(server):
    """Long messages are, also in the backlog; short ones and control frames are not."""
    user, peer = User(server), User(server)
    path = f"/api/v1/ws?token={user.token}"
    peer.send(to=user.name, content=LONG)
    with Raw(server, BROWSERS[0], path=path) as raw:
        opcode, payload, compressed = raw.message()
        assert compressed and json.loads(payload)["content"] == LONG
        noise = "".join(chr(0x4e00 + secrets.randbelow(20000)) for _ in range(400))
        for content, wanted in ((LONG, True), ("short", False), (noise, True)):
            raw.send(TEXT, deflated(json.dumps(
                {"type": PRIVATE, "to": user.name, "content": content}).encode()),
                compressed=True)
            opcode, payload, compressed = raw.message()
            assert json.loads(payload)["content"] == content
            assert (opcode, compressed) == (TEXT, wanted)
            opcode, payload, compressed = raw.message()
            assert json.loads(payload)["type"] == ACK and not compressed


def test_refused_connections_close_with_4001(server):
    with Raw(server, BROWSERS[0], path="/api/v1/ws?token=bad") as raw:
        raw.closed(4001)


@pytest.mark.parametrize("count", [600])
def test_connections_cost_no_memory_for_their_compression(server, count):
    """As many with as without, and both grow the server alike: no context is kept."""
    def grown(offer):
        peak = Peak(server)
        before = int((peak.process / "statm").read_text().split()[1])
        raws = [Raw(server, *offer) for _ in range(count)]
        try:
            for raw in raws:
                raw.send(TEXT, deflated(LONG.encode()) if offer else LONG.encode(),
                         compressed=bool(offer))
                assert raw.message()[:2] == (TEXT, LONG.encode())
            return (int((peak.process / "statm").read_text().split()[1]) - before) * 4096
        finally:
            for raw in raws:
                raw.wire.socket.close()

    grown([])
    plain = grown([])
    compressed = grown([BROWSERS[0]])
    # zlib's own context would be 300 KiB for each.
    assert compressed < plain + 1 * MIB, f"{compressed} bytes for {count}, {plain} without"
