"""Every way to ask wrongly, and the exact answer: status, problem document, code, request id.

cases.py says what a right call of each endpoint looks like (ROUTES); the general mistakes (no
token, wrong method, not JSON …) are made on each of them. CASES lists the mistakes that one endpoint
knows. In both, `@NAME` stands for a thing of the scene.
"""

import json
import socket

import pytest

from cases import BODIES, CASES, DELETE, GET, POST, PUT, REMOVED, ROUTES
from client import ACK, GROUP, PRIVATE, SYSTEM, User, fresh, problem

BODY_BYTES_MAX = 1_048_576

class Scene:
    """Users and groups that the tables speak of."""

    def __init__(self, server):
        self.server = server
        self.anna, self.bert, self.cora = (User(server, n) for n in ("anna", "bert", "cora"))
        anna, bert, cora = self.anna, self.bert, self.cora
        self.names = {
            "anna": anna.name, "ANNA": anna.name.upper(), "bert": bert.name,
            "nobody": fresh("nobody"), "own": anna.create_group(), "foreign": bert.create_group(),
            "open": bert.create_group(), "joined": bert.create_group(anna),
            "full": bert.create_group(cora, max_count=2), "room": anna.create_group(bert),
            "hall": anna.create_group(cora), "doomed": anna.create_group(), "cora": cora.name,
            "password": anna.password}
        anna.post("/api/v1/user/contacts/add", username=bert.name)
        anna.post("/api/v1/user/contacts/add", username=User(server, "contact").name)
        self.names["contact"] = anna.get("/api/v1/user/contacts")["contacts"][1]["username"]
        self.names["message"] = anna.send(to=bert.name, content="hello")["id"]
        self.names["received"] = bert.send(to=anna.name, content="hello yourself")["id"]
        self.names["unseen"] = bert.send(to=cora.name, content="between us")["id"]
        self.names["unread"] = bert.send(group_id=self.names["foreign"], content="secret")["id"]

    def value(self, value):
        if value == "@new":
            return fresh("new")
        return self.names[value[1:]] if isinstance(value, str) and value[:1] == "@" else value

    def call(self, method, path, values, user=None, **arguments):
        filled = {k: self.value(v) for k, v in values.items() if v is not REMOVED}
        where = "json" if method in (POST, PUT) else "params"
        call = user.call if user else self.anna.anonymous
        return call(method, f"/api/v1/{path}", **{where: filled}, **arguments)


@pytest.fixture(scope="module")
def scene(server):
    return Scene(server)


def named(row):
    return f"{row[0]} {row[1]}"


def case_name(case):
    if not isinstance(case, tuple):
        return ""
    change = {k: "removed" if v is REMOVED else v for k, v in case[3].items()}
    return f"{case[1]} {json.dumps(change)[:40]}"


# Every route


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_the_right_call_succeeds(scene, route):
    method, path, values, secured = route
    answer = scene.call(method, path, values, scene.anna if secured else None)
    assert answer.status_code == 200, answer.text
    if path == "user/password":
        scene.anna.login()
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-request-id"]
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize("route", [r for r in ROUTES if r[3]], ids=named)
def test_a_token_is_needed(scene, route):
    method, path, values, _ = route
    problem(scene.call(method, path, values), 401, "unauthorized")
    for header in ("Bearer x.y.z", "Bearer", "Basic YTpi", f"Bearer {scene.anna.token}x"):
        answer = scene.call(method, path, values, headers={"Authorization": header})
        problem(answer, 401, "unauthorized")


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_another_method_is_refused_with_those_allowed(scene, route):
    method, path, values, _ = route
    there = {m for m, p, _, _ in ROUTES if p == path}
    for other in {GET, POST, PUT, DELETE, "PATCH"} - there:
        answer = scene.anna.call(other, f"/api/v1/{path}")
        problem(answer, 405, "method_not_allowed")
        allowed = [name.strip() for name in answer.headers["allow"].split(",")]
        assert method in allowed and other not in allowed
        assert ("HEAD" in allowed) == (GET in there)


@pytest.mark.parametrize("route", BODIES, ids=named)
def test_a_body_must_be_json(scene, route):
    method, path, _, _ = route

    def send(body, kind="application/json"):
        return scene.anna.call(method, f"/api/v1/{path}", content=body,
                               headers={"Content-Type": kind} if kind else {})

    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for body in (b"", b"{", b'{"a":1', b'{"a":1}x', b"{'a':1}", b'{"a":01}', b'{"a":"\\ud800"}',
                 b'{"a":"\xff"}', b'{"a":"\n"}', b'{"a":tru}', b'{"a":1,}', b"nonsense", deep):
        problem(send(body), 400, "invalid_json")
    for body in (b"[]", b"1", b'"text"', b"null"):
        problem(send(body), 400, "invalid_request")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        problem(send(b'{"a":1}', kind), 415, "unsupported_media_type")


@pytest.mark.parametrize("route", BODIES, ids=named)
def test_a_body_too_large_is_refused_before_it_comes(scene, route):
    method, path, _, _ = route
    head = (f"{method} /api/v1/{path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {scene.anna.token}\r\n"
            f"Content-Length: {BODY_BYTES_MAX + 1}\r\n\r\n")
    with socket.create_connection(("127.0.0.1", scene.server.port), 10) as raw:
        raw.sendall(head.encode())
        answer = raw.makefile("rb")
        assert b" 413 " in answer.readline()
        assert b"payload_too_large" in answer.read(), "answered, then closed"


def test_json_is_recognised_with_parameters_and_any_case(scene):
    body = {"username": scene.anna.name, "password": scene.anna.password}
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/json ;a=b"):
        answer = scene.anna.anonymous(POST, "/api/v1/user/login", content=json.dumps(body),
                                      headers={"Content-Type": kind})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/user", 
                                  "/api/v1/USER/me", "/api/v2/user/me"])
def test_unknown_paths(scene, path):
    problem(scene.anna.call(GET, path), 404, "not_found")


def test_an_encoded_slash_is_no_slash(scene):
    problem(scene.anna.call(GET, "/api/v1/user/me%2f"), 400, "invalid_request")


def test_head_is_get_without_the_body(scene):
    full = scene.anna.call("GET", "/api/v1/group/mygroups")
    head = scene.anna.call("HEAD", "/api/v1/group/mygroups")
    assert head.status_code == 200 and head.content == b""
    assert head.headers["content-length"] == full.headers["content-length"]


def test_every_answer_has_a_request_id_of_its_own(scene):
    ids = {scene.anna.call("GET", "/api/v1/user/me").headers["x-request-id"] for _ in range(50)}
    assert len(ids) == 50


# One route


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_one_mistake(scene, case):
    method, path, right, change, status, code = case
    user = None if path in ("user/register", "user/login") else scene.anna
    answer = scene.call(method, path, right | change, user)
    body = problem(answer, status, code)
    if code == "invalid_request" and method in (POST, PUT) and REMOVED in change.values():
        named = [error["field"] for error in body["errors"]]
        if path not in ("message/send", "group/invite"):
            assert named == list(change), "the field is named"


def test_a_limit_above_the_most_is_lowered(scene):
    for path in ("user/search", "group/search"):
        assert scene.anna.get(f"/api/v1/{path}", keyword="x", limit=201) is not None
    assert scene.anna.get("/api/v1/message/history", peer=scene.bert.name, limit=10**9) is not None


def test_the_longest_values_are_taken(scene):
    name = fresh("n")
    longest = name + "长" * (32 - len(name))
    for password in ("p" * 72, "密" * 24, "123456"):
        body = {"username": longest, "password": password, "nickname": "n" * 64}
        answer = scene.anna.anonymous(POST, "/api/v1/user/register", json=body)
        assert answer.status_code == 200, answer.text
        answer = scene.anna.anonymous(POST, "/api/v1/user/login", json=body)
        assert answer.status_code == 200, answer.text
        name = fresh("n")
        longest = name + "长" * (32 - len(name))
    ack = scene.anna.send(to=scene.bert.name, content="中" * 5461 + "c", msg_id="m" * 64)
    assert ack["status"] == "stored"
    scene.anna.post("/api/v1/group/create", name="名" * 64, notice="n" * 1024, max_count=10000)


def test_names_are_unique_across_case_and_canonical_form(scene):
    name = fresh("Jos\u00e9")
    body = {"username": name, "password": "secret12"}
    assert scene.anna.anonymous(POST, "/api/v1/user/register", json=body).status_code == 200
    for other in (name.upper(), name.lower(), name.replace("\u00e9", "e\u0301")):
        answer = scene.anna.anonymous(POST, "/api/v1/user/register", json=body | {"username": other})
        problem(answer, 409, "user_exists")
        login = scene.anna.anonymous(POST, "/api/v1/user/login", json=body | {"username": other})
        assert login.status_code == 200 and login.json()["username"] == name


def test_a_wrong_password_and_an_unknown_user_look_alike(scene):
    def login(name):
        body = {"username": name, "password": "wrong horse"}
        return problem(scene.anna.anonymous(POST, "/api/v1/user/login", json=body),
                       401, "wrong_password")
    assert login(scene.anna.name) == login(fresh("nobody"))


# On the WebSocket


@pytest.mark.parametrize("text, code", [
    ("{", "invalid_json"), ("nonsense", "invalid_json"), ("", "invalid_json"),
    ('{"type":2,"to":"\\udc00"}', "invalid_json"), ("[" * 30_000, "invalid_json"),
    ("[]", "invalid_request"), ("7", "invalid_request"), ("{}", "invalid_request"),
    ('{"type":99}', "invalid_request"), ('{"type":5,"event":"kicked"}', "invalid_request"),
    ('{"type":"2"}', "invalid_request"), ('{"type":2.5}', "invalid_request"),
    ('{"type":-1}', "invalid_request"), ('{"type":99999999999999999999}', "invalid_request"),
])
def test_a_bad_frame_is_told_and_the_connection_stays(scene, text, code):
    with scene.anna.connect() as connection:
        connection.send_text(text)
        event = connection.expect(type=SYSTEM, event="error")
        assert event["code"] == code and event["content"] and event["timestamp"] > 0
        connection.settle()


@pytest.mark.parametrize("frame, reason", [
    ({"type": PRIVATE, "content": "hi"}, "invalid_request"),
    ({"type": PRIVATE, "to": "@bert"}, ("invalid_request", "content_empty")),
    ({"type": PRIVATE, "to": 5, "content": "hi"}, "invalid_request"),
    ({"type": PRIVATE, "to": "@bert", "content": 5}, "invalid_request"),
    ({"type": PRIVATE, "to": "@bert", "content": ""}, "content_empty"),
    ({"type": PRIVATE, "to": "@bert", "content": "c" * 16385}, "content_too_long"),
    ({"type": PRIVATE, "to": "@nobody", "content": "hi"}, "user_not_found"),
    ({"type": GROUP, "content": "hi"}, "invalid_request"),
    ({"type": GROUP, "group_id": "@own"}, ("invalid_request", "content_empty")),
    ({"type": GROUP, "group_id": 987654321, "content": "hi"}, "group_not_found"),
    ({"type": GROUP, "to": "group_987654321", "content": "hi"}, "group_not_found"),
    ({"type": GROUP, "to": "nonsense", "content": "hi"}, ("invalid_request", "group_not_found")),
    ({"type": GROUP, "group_id": "@foreign", "content": "hi"}, "not_a_member"),
])
def test_a_message_that_cannot_be_sent_fails_in_its_ack(scene, frame, reason):
    with scene.anna.connect() as connection:
        filled = {k: scene.value(v) for k, v in frame.items()} | {"msg_id": fresh("bad")}
        connection.send(**filled)
        answer = connection.expect(msg_id=filled["msg_id"])
        reasons = (reason,) if isinstance(reason, str) else reason
        if answer["type"] == ACK:
            assert answer["status"] == "failed" and answer["reason"] in reasons, answer
        else:
            assert (answer["type"], answer["event"]) == (SYSTEM, "error")
            assert reason == "invalid_request" and answer["code"] in reasons, answer
        connection.settle()


def test_a_msg_id_too_long_fails(scene):
    with scene.anna.connect() as connection:
        connection.send(PRIVATE, to=scene.bert.name, content="hi", msg_id="m" * 65)
        assert connection.expect(type=ACK, status="failed")["reason"] == "msg_id_too_long"
        connection.settle()


def test_a_binary_message_serves_as_well(scene):
    with scene.anna.connect() as connection:
        connection.socket.send(json.dumps({"type": 1, "msg_id": "binary"}).encode())
        assert connection.expect(type=ACK, msg_id="binary")["status"] == "received"


@pytest.mark.parametrize("compressible", [True, False])
def test_a_frame_too_large_ends_the_connection(scene, compressible):
    connection = scene.anna.connect()
    text = "x" * 65_537 if compressible else "".join(chr(0x4E00 + n % 20_000) for n in range(30_000))
    connection.send(PRIVATE, to=scene.bert.name, msg_id="big", content=text)
    connection.closed(1009)
