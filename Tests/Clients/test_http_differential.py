"""The server's HTTP parser beside another (llhttp, by httptools), on mutated requests.

Each input is some requests, changed at random, and after them one sentinel that asks for the
connection to be closed. Only the sentinel is answered by 426, so where that comes last, the server
has found the borders of everything before it; then the other parser must find as many requests, the
last of them the sentinel. Where the server is the stricter of the two, all is well.

Exceptions, in which the two may differ although no length is in doubt:
- llhttp knows a fixed list of methods; the server answers any token (405).
- llhttp stops at a request to upgrade; the mutations here make none, and inputs that do are left.
"""

import json
import os
import random
import re
import secrets
import time

import httptools
import pytest

from client import PASSWORD
from wire import Wire, request

TARGET = b"/api/v1/ws"
SENTINEL = b"GET " + TARGET + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
BODY = json.dumps({"username": "nobody", "password": PASSWORD}).encode()
HEAD = ("POST", "/api/v1/user/login", None, "Content-Type: application/json",
        "Transfer-Encoding: chunked")
BASES = [
    request(),
    request("HEAD", "/healthz", None, "Accept: */*", "X-Empty:"),
    request("GET", "/api/v1/user/me?x=1&y=%20", None, "Authorization: Bearer x"),
    request("POST", "/api/v1/user/login", BODY),
    request("POST", "/api/v1/user/login", BODY, "X-Long: " + "a" * 300),
    request("POST", "/nowhere", b"GET /smuggled HTTP/1.1\r\nHost: b\r\n\r\n"),
    request(*HEAD) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    request(*HEAD) + b"5;a=b\r\nabcde\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n",
    request("DELETE", "/healthz", b""),
    b"GET http://a/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
]
PIECES = [b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b";", b",", b"\0", b"0", b"5", b"-", b"+", b"x",
          b"\x80", b"\x7f", b"\x0b", b"Content-Length: 3\r\n", b"Content-Length: 0\r\n",
          b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Host: b\r\n",
          b" folded\r\n", b"Content-Length: 3, 3\r\n", b"\r\n\r\n", b"0\r\n\r\n"]
METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH")
QUICK_INPUTS = 1500


def mutate(chance):
    """Bytes of one to three requests with one to four changes."""
    data = bytearray(b"".join(chance.choice(BASES) for _ in range(chance.randint(1, 3))))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data))
        kind = chance.randrange(6)
        if kind == 0:
            del data[place:place + chance.randint(1, 3)]
        elif kind == 1:
            data[place:place] = chance.choice(PIECES)
        elif kind == 2:
            data[place] = chance.randrange(256)
        elif kind == 3:
            ends = [m.end() for m in re.finditer(b"\r\n", data)] or [0]
            place = chance.choice(ends)
            data[place:place] = chance.choice(PIECES)
        elif kind == 4:
            ends = [m.start() for m in re.finditer(b"\r\n", data)]
            if ends:
                place = chance.choice(ends)
                data[place:place + 2] = chance.choice((b"\n", b"\r", b"", b"\r\r\n", b"\n\r"))
        else:
            numbers = list(re.finditer(rb"\d+", data))
            if numbers:
                number = chance.choice(numbers)
                data[number.start():number.end()] = str(chance.randint(0, 300)).encode()
        if not data:
            data = bytearray(b"\r\n")
    return bytes(data)


def ours(server, data):
    """How many requests the server answered, sentinel included; None if that was not answered."""
    with Wire(server) as wire:
        try:
            wire.send(data + SENTINEL)
            wire.finish()
        except OSError:
            return None
        stream = b""
        try:
            while more := wire.socket.recv(65536):
                stream += more
        except ConnectionResetError:
            pass
    statuses = [status for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", stream) if status != b"100"]
    return len(statuses) if statuses and statuses[-1] == b"426" else None


class Reading:
    """The other parser's view: the targets of the requests that it found complete."""

    def __init__(self, data):
        self.found, self.target = [], b""
        self.failure = None
        try:
            httptools.HttpRequestParser(self).feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.failure = error

    def on_message_begin(self):
        self.target = b""

    def on_url(self, url):
        self.target += url

    def on_message_complete(self):
        self.found.append(self.target)


# Trailers and chunk extensions are bounded and dropped unread here; there, a length or a coding among
# the trailers and an extension that is no token are refused. Where the body ends is the same.
TRAILER = re.compile(rb"\n0+[^\n]*\r\n([^\r\n]+\r\n)*(content-length|transfer-encoding):", re.I)


def excepted(data):
    """The exceptions that the head of this file lists."""
    starts = re.findall(rb"(?:^|\n)([!#$%&'*+.^_`|~0-9A-Za-z-]+) [^\n]* HTTP/1\.", data)
    return any(start not in METHODS for start in starts) or b"upgrade" in data.lower()


def compare(server, data):
    """True if the server found the sentinel; fails where the two read different requests."""
    count = ours(server, data)
    if count is None or excepted(data):
        return False
    other = Reading(data + SENTINEL)
    if other.failure and (TRAILER.search(data) or "chunk extension" in str(other.failure)):
        return False
    assert other.failure is None, f"we accept what is refused there: {data!r}: {other.failure}"
    assert len(other.found) == count and other.found[-1] == TARGET, (
        f"{count} requests here, there {other.found}: {data!r}")
    return True


def seeded():
    seed = int(os.environ.get("LINGXI_TEST_SEED", secrets.randbelow(2**32)))
    print(f"http: LINGXI_TEST_SEED={seed}")
    return random.Random(seed)


def test_unchanged_requests_are_read_alike(server):
    for base in BASES:
        assert compare(server, base), f"not answered to the end: {base!r}"


def test_mutated_requests_are_read_alike(server):
    chance = seeded()
    accepted = sum(compare(server, mutate(chance)) for _ in range(QUICK_INPUTS))
    assert accepted > QUICK_INPUTS // 20, f"only {accepted} accepted: the test proves nothing"


@pytest.mark.fuzz
def test_http_mutated_for_a_time(server):
    chance = seeded()
    end = time.monotonic() + float(os.environ.get("LINGXI_FUZZ_SECONDS", "60"))
    count = 0
    while time.monotonic() < end:
        compare(server, mutate(chance))
        count += 1
    print(f"http: {count} inputs")
