"""HTTP/1.1 byte by byte: framing that must work, and framing that must be refused.

A refused request gets one answer, then the connection is closed: behind a request whose length two
parsers could see differently, nothing may be read as another request.
"""

import json

import pytest

from client import PASSWORD, User
from wire import Wire, request

LOGIN = "/api/v1/user/login"


@pytest.fixture(scope="module")
def body(server):
    return json.dumps({"username": User(server).name, "password": PASSWORD}).encode()


def chunked(body, size, extension=b"", trailer=b""):
    parts = [body[n:n + size] for n in range(0, len(body), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in parts) + \
        b"0\r\n" + trailer + b"\r\n"


def chunked_request(payload):
    return request("POST", LOGIN, None, "Content-Type: application/json",
                   "Transfer-Encoding: chunked") + payload


# What must work


def test_a_connection_is_kept(server):
    with Wire(server) as wire:
        for _ in range(20):
            wire.send(request())
            answer = wire.response()
            assert answer.status == 200 and answer.fields.get("connection", "") != "close"


def test_close_is_obeyed(server):
    for close in (request("GET", "/healthz", None, "Connection: close"),
                  request("GET", "/healthz", None, "Connection: x, Close"),
                  b"GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n"):
        with Wire(server) as wire:
            wire.send(close)
            answer = wire.response()
            assert answer.status == 200 and answer.fields["connection"].lower() == "close"
            wire.closed()


def test_a_hundred_requests_in_one_packet_are_answered_in_order(server, body):
    mixed = [request() if n % 2 else request("POST", LOGIN, body) for n in range(100)]
    with Wire(server) as wire:
        wire.send(b"".join(mixed))
        answers = [wire.response() for _ in mixed]
        assert [a.status for a in answers] == [200] * 100
        assert all((b"token" in a.body) == (n % 2 == 0) for n, a in enumerate(answers))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunked_bodies(server, body, size):
    with Wire(server) as wire:
        for payload in (chunked(body, size), chunked(body, size, trailer=b"X-Sum: 1\r\n")):
            wire.send(chunked_request(payload))
            assert wire.response().status == 200
        wire.send(request())
        assert wire.response().status == 200, "the next request begins after the last chunk"


def test_bytes_that_come_one_by_one(server, body):
    with Wire(server) as wire:
        wire.send_each(request("POST", LOGIN, body))
        assert b"token" in wire.response().body
        wire.send_each(chunked_request(chunked(body, 5, trailer=b"A: b\r\n")) + request())
        assert b"token" in wire.response().body
        assert wire.response().status == 200


def test_every_split_in_two(server, body):
    whole = request("POST", LOGIN, body)
    with Wire(server) as wire:
        for index in range(1, len(whole)):
            wire.send(whole[:index])
            wire.send(whole[index:])
            assert wire.response().status == 200, whole[:index]


def test_expect_100_continue(server, body):
    whole = request("POST", LOGIN, body, "Expect: 100-continue")
    head = whole[:-len(body)]
    with Wire(server) as wire:
        wire.send(head)
        assert wire.response().status == 100, "asked for before the body is sent"
        wire.send(body)
        assert wire.response().status == 200
        wire.send(request("POST", LOGIN, None, "Expect: 100-continue",
                          "Content-Type: application/json", f"Content-Length: {2 ** 30}"))
        assert wire.response().status == 413, "a body too large is not asked for"


def test_head_has_no_body(server):
    with Wire(server) as wire:
        wire.send(request("GET") + request("HEAD") + request("GET"))
        full, head, again = wire.response(), wire.response(head=True), wire.response()
        assert head.status == 200
        assert head.fields["content-length"] == full.fields["content-length"]
        assert again.body == full.body


def test_field_names_have_no_case_and_values_may_be_padded(server, body):
    text = (f"POST {LOGIN} HTTP/1.1\r\nhOST:a\r\nCONTENT-TYPE: \t application/json \t\r\n"
            f"content-LENGTH:{len(body)}\r\n\r\n")
    with Wire(server) as wire:
        wire.send(text.encode() + body)
        assert wire.response().status == 200


def test_empty_lines_before_a_request_are_skipped(server):
    with Wire(server) as wire:
        wire.send(b"\r\n" + request() + b"\r\n" + request())
        assert [wire.response().status, wire.response().status] == [200, 200]


def test_our_end_of_the_connection_may_close_first(server):
    with Wire(server) as wire:
        wire.send(request() * 3)
        wire.finish()
        assert [a.status for a in wire.responses()] == [200, 200, 200]


# What must be refused

POST_LINE = f"POST {LOGIN} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n"


def framing(*fields, rest="0\r\n\r\n"):
    return POST_LINE + "".join(f"{field}\r\n" for field in fields) + "\r\n" + rest + SMUGGLED


def line(text, *fields):
    return "".join(f"{row}\r\n" for row in (text, *fields)) + "\r\n" + SMUGGLED


CHUNKED = "Transfer-Encoding: chunked"
REFUSED = {
    "length and chunked": framing("Content-Length: 5", CHUNKED),
    "chunked and length": framing(CHUNKED, "Content-Length: 5"),
    "two lengths": framing("Content-Length: 5", "Content-Length: 6"),
    "the same length twice": framing("Content-Length: 5", "Content-Length: 5"),
    "a list of lengths": framing("Content-Length: 5, 5"),
    "length +5": framing("Content-Length: +5"),
    "length -1": framing("Content-Length: -1"),
    "length 0x5": framing("Content-Length: 0x5"),
    "length 5 5": framing("Content-Length: 5 5"),
    "length 5.0": framing("Content-Length: 5.0"),
    "length empty": framing("Content-Length:"),
    "length in Arabic digits": framing("Content-Length: \u00b2"),
    "length past 64 bits": framing("Content-Length: 18446744073709551621"),
    "length of 40 digits": framing("Content-Length: " + "9" * 40),
    "space before colon, length": framing("Content-Length : 5"),
    "space before colon, encoding": framing("Transfer-Encoding : chunked"),
    "tab before colon": framing("Transfer-Encoding\t: chunked"),
    "space before name": framing("X: y", " Content-Length: 5"),
    "folded line": framing("X: a\r\n b", "Content-Length: 5"),
    "folded length": framing("Content-Length:\r\n 5"),
    "folded encoding": framing("Transfer-Encoding:\r\n chunked"),
    "first line folded": line("GET /healthz HTTP/1.1", " Host: a"),
    "no colon": framing("Content-Length 5"),
    "empty name": framing(": 5"),
    "name with a space": framing("Content Length: 5"),
    "name with NUL": framing("Content-\0Length: 5"),
    "name with a slash": framing("Content/Length: 5"),
    "value with NUL": framing("X: a\0b", "Content-Length: 5"),
    "value with CR": framing("X: a\rContent-Length: 5"),
    "value with DEL": framing("X: a\x7fb"),
    "bare LF in the head": POST_LINE + "X: a\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "bare LF everywhere": "GET /healthz HTTP/1.1\nHost: a\n\n" + SMUGGLED,
    "bare LF ends the head": "GET /healthz HTTP/1.1\r\nHost: a\r\n\n" + SMUGGLED,
    "bare CR ends a line": "GET /healthz HTTP/1.1\rHost: a\r\n\r\n" + SMUGGLED,
    "encoding unknown": framing("Transfer-Encoding: xchunked"),
    "encoding identity": framing("Transfer-Encoding: identity"),
    "encoding gzip, chunked": framing("Transfer-Encoding: gzip, chunked"),
    "encoding chunked, identity": framing("Transfer-Encoding: chunked, identity"),
    "encoding chunked, chunked": framing("Transfer-Encoding: chunked, chunked"),
    "encoding twice": framing(CHUNKED, CHUNKED),
    "encoding twice, one hidden": framing(CHUNKED, "Transfer-Encoding: x"),
    "encoding with a vertical tab": framing("Transfer-Encoding: \x0bchunked"),
    "encoding in quotes": framing('Transfer-Encoding: "chunked"'),
    "encoding empty": framing("Transfer-Encoding:"),
    "encoding in HTTP/1.0": framing(CHUNKED).replace("HTTP/1.1\r\nHost: a", "HTTP/1.0\r\nHost: a"),
    "chunk size 0x0": framing(CHUNKED, rest="0x0\r\n\r\n"),
    "chunk size +0": framing(CHUNKED, rest="+0\r\n\r\n"),
    "chunk size -1": framing(CHUNKED, rest="-1\r\n\r\n"),
    "chunk size empty": framing(CHUNKED, rest="\r\n\r\n"),
    "chunk size with spaces": framing(CHUNKED, rest=" 0\r\n\r\n"),
    "chunk size past 64 bits": framing(CHUNKED, rest="10000000000000005\r\nabcde\r\n0\r\n\r\n"),
    "chunk size of 40 digits": framing(CHUNKED, rest="0" * 40 + "5\r\nabcde\r\n0\r\n\r\n"),
    "chunk without its end": framing(CHUNKED, rest="5\r\nabcdefg\r\n0\r\n\r\n"),
    "chunk line ends in LF": framing(CHUNKED, rest="5\nabcde\r\n0\r\n\r\n"),
    "chunk extension with LF": framing(CHUNKED, rest="5;a\nb\r\nabcde\r\n0\r\n\r\n"),
    "chunk data ends in LF": framing(CHUNKED, rest="5\r\nabcde\n0\r\n\r\n"),
    "trailer with LF": framing(CHUNKED, rest="0\r\nX: y\nZ: w\r\n\r\n"),
    "trailer folded": framing(CHUNKED, rest="0\r\nX: y\r\n z\r\n\r\n"),
    "trailer without colon": framing(CHUNKED, rest="0\r\nnonsense\r\n\r\n"),
    "no host": line("GET /healthz HTTP/1.1", "X: y"),
    "two hosts": line("GET /healthz HTTP/1.1", "Host: a", "Host: b"),
    "the same host twice": line("GET /healthz HTTP/1.1", "Host: a", "Host: a"),
    "host with a space": line("GET /healthz HTTP/1.1", "Host: a b"),
    "host with a slash": line("GET /healthz HTTP/1.1", "Host: a/b"),
    "two spaces": line("GET  /healthz HTTP/1.1", "Host: a"),
    "space at the end of the line": line("GET /healthz HTTP/1.1 ", "Host: a"),
    "tab for space": line("GET\t/healthz HTTP/1.1", "Host: a"),
    "space in the target": line("GET /heal thz HTTP/1.1", "Host: a"),
    "NUL in the target": line("GET /heal\0thz HTTP/1.1", "Host: a"),
    "CR in the target": line("GET /heal\rthz HTTP/1.1", "Host: a"),
    "bytes above 127 in the target": line("GET /heal\u00e9thz HTTP/1.1", "Host: a"),
    "target without a slash": line("GET healthz HTTP/1.1", "Host: a"),
    "no version": line("GET /healthz", "Host: a"),
    "version 0.9": line("GET /healthz HTTP/0.9", "Host: a"),
    "version 1.10": line("GET /healthz HTTP/1.10", "Host: a"),
    "version 2.0": line("GET /healthz HTTP/2.0", "Host: a"),
    "version in lower case": line("GET /healthz http/1.1", "Host: a"),
    "method with a colon": line("GE:T /healthz HTTP/1.1", "Host: a"),
    "space before the method": line(" GET /healthz HTTP/1.1", "Host: a"),
    "no method": line("/healthz HTTP/1.1", "Host: a"),
    "TLS to a plain port": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 60,
}


@pytest.mark.parametrize("name", REFUSED)
def test_ambiguous_requests_are_refused_and_the_connection_closed(server, name):
    with Wire(server) as wire:
        wire.send(REFUSED[name].encode("latin-1"))
        answers = wire.responses()
        assert len(answers) == 1, f"one answer, then the end: {answers}"
        assert answers[0].status in (400, 411, 413, 431, 501, 505), answers
        assert answers[0].fields["connection"].lower() == "close"
        assert answers[0].fields["content-type"].startswith("application/problem+json")
        assert json.loads(answers[0].body)["status"] == answers[0].status


@pytest.mark.parametrize("fields", [
    ["X: " + "a" * 100_000], [f"X{n}: {'a' * 1000}" for n in range(100)],
    [f"X{n}: a" for n in range(2000)], ["X" * 100_000 + ": a"]],
    ids=["long value", "long head", "many fields", "long name"])
def test_headers_too_large(server, fields):
    with Wire(server) as wire:
        wire.send(request("GET", "/healthz", None, *fields))
        assert wire.response().status == 431


def test_a_target_too_long(server):
    with Wire(server) as wire:
        wire.send(request("GET", "/" + "a" * 100_000))
        assert wire.response().status in (414, 431)


def test_a_chunked_body_too_large_is_refused_on_the_way(server):
    with Wire(server) as wire:
        wire.send(chunked_request(b""))
        try:
            for _ in range(100):
                wire.send(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert wire.response().status == 413


@pytest.mark.parametrize("path", [
    "/../healthz", "/a/../healthz", "/./healthz", "//healthz", "/%2e%2e/healthz", "/healthz%00",
    "/healthz%", "/healthz%zz", "/healthz/..%2f", "/%68ealthz/../../etc/passwd", "/healthz\\..",
    "/healthz%0d%0aX: y"])
def test_path_tricks_reach_nothing(server, path):
    with Wire(server) as wire:
        wire.send(request("GET", path))
        answer = wire.response()
        assert answer.status in (400, 404), answer
        assert "x" not in answer.fields
