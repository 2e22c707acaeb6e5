"""HTTP/1.1 on a bare socket: sends exactly these bytes, and reads what comes back strictly."""

import socket
import time


class Response:
    """One response: status, header fields (names in lower case) and body."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def __repr__(self):
        return f"<{self.status} {self.body[:80]!r}>"


class Wire:
    """A TCP connection to the server."""

    def __init__(self, server, seconds=10):
        self.socket = socket.create_connection(("127.0.0.1", server.port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seconds = seconds
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_each(self, data):
        """A packet a byte."""
        for index in range(len(data)):
            self.socket.sendall(data[index:index + 1])

    def finish(self):
        """Ends our direction; answers can still come."""
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        """Reads once; false at the end of the stream, a reset included."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def _until(self, mark):
        while mark not in self.buffer:
            assert self._more(), f"ended before {mark!r}; came: {self.buffer[:200]!r}"
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def _exactly(self, count):
        while len(self.buffer) < count:
            assert self._more(), f"ended {count - len(self.buffer)} bytes too soon"
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def response(self, head=False):
        """The next response; interim ones (1xx) are responses of their own."""
        line, *rows = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1", line
        pairs = [row.split(":", 1) for row in rows]
        assert all(name == name.strip() for name, _ in pairs), rows
        fields = {name.lower(): value.strip() for name, value in pairs}
        assert len(fields) == len(pairs), f"a field twice: {rows}"
        status = int(status)
        if head or status < 200 or status in (204, 304):
            return Response(status, fields, b"")
        if fields.get("transfer-encoding") == "chunked":
            assert "content-length" not in fields, rows
            body = b""
            while size := int(self._until(b"\r\n"), 16):
                body += self._exactly(size)
                assert self._exactly(2) == b"\r\n"
            assert self._exactly(2) == b"\r\n"
        else:
            body = self._exactly(int(fields["content-length"]))
        return Response(status, fields, body)

    def responses(self):
        """All responses until the server closes."""
        found = []
        while self.buffer or self._more():
            found.append(self.response())
        return found

    def closed(self, seconds=10):
        """Checks that the server closes without another byte."""
        end = time.monotonic() + seconds
        self.socket.settimeout(seconds)
        try:
            while not self.buffer and self._more():
                assert time.monotonic() < end, "not closed"
        except TimeoutError:
            raise AssertionError(f"not closed in {seconds} s") from None
        finally:
            self.socket.settimeout(self.seconds)
        assert not self.buffer, f"more came: {self.buffer[:200]!r}"


def request(method="GET", path="/healthz", body=None, *fields, host="Host: a"):
    """The bytes of one request; with a body its Content-Length and JSON's media type."""
    lines = [f"{method} {path} HTTP/1.1", host, *fields]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")
