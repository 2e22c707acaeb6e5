"""A user of the server, by REST (httpx) and by WebSocket (websockets): what a frontend would be.

A Connection hands out frames in the order in which they came. `expect` takes frames out until one
fits, and keeps those it passed over for later calls: nothing that came is ever lost to a test.
"""

import copy
import itertools
import json
import secrets
import time

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

HEARTBEAT, PRIVATE, ACK, GROUP, SYSTEM = 1, 2, 3, 4, 5
PASSWORD = "correct horse"
DEADLINE = 10

_numbers = itertools.count(1)
_run = secrets.token_hex(3)


def fresh(prefix):
    """A name that no other test has."""
    return f"{prefix}-{_run}-{next(_numbers)}"


def problem(response, status, code, field=None):
    """Checks an error in full: RFC 9457, the code, the headers that go with it."""
    seen = f"{response.request.method} {response.request.url}: {response.text[:500]}"
    assert response.status_code == status, f"{response.status_code} instead of {status}, {seen}"
    kind = response.headers["content-type"].split(";")[0].strip()
    assert kind == "application/problem+json", seen
    body = response.json()
    codes = (code,) if isinstance(code, str) else code
    assert body["code"] in codes, seen
    assert body["status"] == status, seen
    for member in ("type", "title", "detail"):
        assert isinstance(body[member], str) and body[member], f"{member} in {seen}"
    assert response.headers["x-request-id"], seen
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Bearer"), seen
    if field:
        fields = [error["field"] for error in body["errors"]]
        assert field in fields and all(error["message"] for error in body["errors"]), seen
    return body


class User:
    """An account, registered and logged in when made."""

    def __init__(self, server, prefix="user", nickname=None, password=PASSWORD):
        self.server = server
        self.name = fresh(prefix)
        self.nickname = nickname or self.name
        self.password = password
        self.http = httpx.Client(timeout=DEADLINE, trust_env=False)
        body = {"username": self.name, "password": password, "nickname": self.nickname}
        self.anonymous("POST", "/api/v1/user/register", json=body).raise_for_status()
        self.login()

    def twin(self):
        """The same user with the same token, and an HTTP connection of its own: for a thread."""
        other = copy.copy(self)
        other.http = httpx.Client(timeout=DEADLINE, trust_env=False)
        return other

    def login(self):
        body = {"username": self.name, "password": self.password}
        answer = self.anonymous("POST", "/api/v1/user/login", json=body)
        answer.raise_for_status()
        self.token = answer.json()["token"]
        return answer.json()

    def anonymous(self, method, path, **arguments):
        return self.http.request(method, self.server.url + path, **arguments)

    def call(self, method, path, **arguments):
        headers = {"Authorization": f"Bearer {self.token}"} | arguments.pop("headers", {})
        return self.anonymous(method, path, headers=headers, **arguments)

    def get(self, path, **params):
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path, **body):
        answer = self.call("POST", path, json=body)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def put(self, path, **body):
        answer = self.call("PUT", path, json=body)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    # The calls that nearly every test makes.

    def me(self):
        return self.get("/api/v1/user/me")

    def send(self, **message):
        return self.post("/api/v1/message/send", **message)

    def create_group(self, *members, **options):
        group = self.post("/api/v1/group/create", name=fresh("group"), **options)["id"]
        for member in members:
            member.post("/api/v1/group/join", group_id=group)
        return group

    def history(self, **target):
        """The whole history of a conversation, oldest first, read page by page."""
        messages, before = [], {}
        while True:
            page = self.get("/api/v1/message/history", limit=200, **target, **before)
            messages = page["messages"] + messages
            if not page["has_more"]:
                return messages
            assert page["messages"], "has_more with an empty page"
            before = {"before_id": page["messages"][0]["id"]}

    def connect(self, settled=True, **params):
        """Opens the WebSocket. `settled`: returns only after the server has answered a heartbeat,
        so that others see this user as online."""
        connection = Connection(self, params=params)
        if settled:
            connection.settle()
        return connection


class Connection:
    """One WebSocket of one user."""

    def __init__(self, user, params=None, token=None, headers=None, protocols=None,
                 compression="deflate", path="/api/v1/ws"):
        query = dict(params or {})
        if token is None and headers is None and protocols is None:
            token = user.token
        if token is not None:
            query["token"] = token
        self.user = user
        self.socket = connect(
            str(httpx.URL(user.server.socket_url + path, params=query)),
            additional_headers=headers, subprotocols=protocols, compression=compression,
            ping_interval=None, max_size=None, open_timeout=DEADLINE, close_timeout=DEADLINE,
            proxy=None)
        self.passed = []
        self.sent = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, type, **members):
        self.send_text(json.dumps({"type": type} | members, ensure_ascii=False))

    def send_text(self, text):
        self.socket.send(text)

    def receive(self, seconds=DEADLINE):
        """The next frame, whatever it is."""
        if self.passed:
            return self.passed.pop(0)
        return json.loads(self.socket.recv(timeout=seconds))

    def expect(self, seconds=DEADLINE, **members):
        """The next frame with these members; what came before it is kept for later calls."""
        passed, end = [], time.monotonic() + seconds
        try:
            while True:
                frame = self.receive(max(0.01, end - time.monotonic()))
                if all(frame.get(name) == value for name, value in members.items()):
                    return frame
                passed.append(frame)
        except (TimeoutError, ConnectionClosed) as error:
            raise AssertionError(f"{members} did not come ({error!r}); came: {passed}") from None
        finally:
            self.passed = passed + self.passed

    def settle(self):
        """Returns when the server has answered a heartbeat that is sent now."""
        name = fresh("settle")
        self.send(HEARTBEAT, msg_id=name)
        return self.expect(type=ACK, msg_id=name, status="received")

    def say(self, content, msg_id=None, **target):
        """Sends a message and returns (echo, ack). The echo must come before the ack."""
        msg_id = msg_id or fresh("message")
        self.send(GROUP if "group_id" in target else PRIVATE, msg_id=msg_id, content=content,
                  **target)
        before = []
        while True:
            frame = self.receive()
            if frame["type"] == ACK and frame.get("msg_id") == msg_id:
                break
            before.append(frame)
        echoes = [f for f in before if f.get("msg_id") == msg_id and f["type"] in (PRIVATE, GROUP)]
        self.passed = [f for f in before if f not in echoes] + self.passed
        assert frame["status"] in ("delivered", "stored"), frame
        assert len(echoes) == 1, f"{len(echoes)} echoes before the ack {frame}"
        return echoes[0], frame

    def messages(self, count, seconds=DEADLINE):
        """The next `count` messages, in the order in which they came."""
        taken, end, passed = [], time.monotonic() + seconds, []
        try:
            while len(taken) < count:
                frame = self.receive(max(0.01, end - time.monotonic()))
                (taken if frame["type"] in (PRIVATE, GROUP) else passed).append(frame)
        except (TimeoutError, ConnectionClosed) as error:
            raise AssertionError(f"{len(taken)} of {count} messages ({error!r})") from None
        finally:
            self.passed = passed + self.passed
        return taken

    def drain(self):
        """Everything that came before a note to oneself that is sent now. Effects come in the order
        of the log: what is not among these frames was not sent before the note."""
        fence = fresh("fence")
        self.user.send(to=self.user.name, content=fence)
        frames = []
        while True:
            frame = self.receive()
            if frame.get("content") == fence:
                return frames
            frames.append(frame)

    def events(self):
        """The names of the system events among these frames, and whom they speak of."""
        return [(f["event"], f.get("username")) for f in self.drain() if f["type"] == SYSTEM]

    def closed(self, code, seconds=DEADLINE):
        """Waits for the server to close and checks its close code; keeps frames before it."""
        end = time.monotonic() + seconds
        try:
            while True:
                left = max(0.01, end - time.monotonic())
                self.passed.append(json.loads(self.socket.recv(timeout=left)))
        except ConnectionClosed as closed:
            seen = closed.rcvd.code if closed.rcvd else None
            assert seen == code, f"close code {seen} instead of {code}"
        except TimeoutError:
            raise AssertionError(f"not closed in {seconds} s; came: {self.passed}") from None

    def close(self):
        self.socket.close()
