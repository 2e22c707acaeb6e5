"""Search: a part of a name or a text, in any script, whatever its case and its canonical form; and
in messages only what the caller may read."""

import unicodedata

import pytest

from client import User, fresh, problem

FIND = "/api/v1/message/search"

# What is written, what is looked for, whether it is found.
TEXTS = [
    ("Hello World", "world", True), ("hello", "HELLO", True), ("hello", "help", False),
    ("今天下午开会", "下午", True), ("今天下午开会", "上午", False), ("会", "会", True),
    ("Привет, Мир", "ПРИВЕТ, мир", True), ("ΟΔΟΣ", "οδος", True), ("σοφός", "ΣΟΦΌΣ", True),
    ("Straße", "STRASSE", True), ("STRASSE", "straße", True), ("weiß", "WEIẞ", True),
    ("José", "JOSÉ", True), ("Jose\u0301", "josé", True), ("José", "jose\u0301", True),
    ("Jose\u0301", "jose", False), ("José", "jose", False),
    ("\u212bngstrom", "ångström"[:1], True), ("가나다", "나", True), ("각", "가", False),
    ("\u1100\u1161", "가", True), ("がぎぐ", "か\u3099", True), ("か\u3099ぎ", "が", True),
    ("ＬＩＮＧＸＩ", "ｌｉｎｇ", True), ("Ǆungla", "ǆ", True), ("𐐀𐐁", "𐐩", True),
    ("fine 👍🏽 day", "👍", True), ("مرحبا بالعالم", "العالم", True), ("नमस्ते", "मस्", True),
    ("a\u0000b", "\u0000B", True), ("tab\tand \"quotes\" \\", "\"QUOTES\" \\", True),
    ("İstanbul", "i\u0307stan", True), ("100%_sure", "%_S", True), ("ffi ﬃ", "ﬃ", True),
    ("x" * 5000 + "Nadel" + "y" * 5000, "nADEL", True), ("\uf9d0", "\u985e", True),
]


@pytest.fixture(scope="module")
def pair(server):
    return User(server, "anna"), User(server, "bert")


def find(user, keyword, **more):
    return user.get(FIND, keyword=keyword, **more)


@pytest.mark.parametrize("text, keyword, found", TEXTS, ids=[f"{a[:12]!a} {b!a}" for a, b, _ in TEXTS])
def test_messages(pair, text, keyword, found):
    anna, bert = pair
    sent = anna.send(to=bert.name, content=text)["id"]
    for user in pair:
        ids = [m["id"] for m in find(user, keyword)["messages"]]
        assert (sent in ids) == found
        ids = [m["id"] for m in find(user, unicodedata.normalize("NFD", keyword))["messages"]]
        assert (sent in ids) == found


@pytest.mark.parametrize("text, keyword, found", [
    (a, b, c) for a, b, c in TEXTS if len(a) <= 40 and "\0" not in a and "\t" not in a],
    ids=lambda v: f"{v!a}"[:20])
def test_names(server, pair, text, keyword, found):
    anna, _ = pair
    other = User(server, nickname=text)
    seen = anna.get("/api/v1/user/search", keyword=keyword, limit=200)["users"]
    assert (other.name in [u["username"] for u in seen]) == found
    assert all(set(u) == {"id", "username", "nickname", "avatar", "created_at", "last_seen_at",
                          "online"} for u in seen)
    group = anna.post("/api/v1/group/create", name=text)["id"]
    seen = anna.get("/api/v1/group/search", keyword=keyword, limit=200)["groups"]
    assert (group in [g["id"] for g in seen]) == found


def test_a_user_is_found_by_name_too(server, pair):
    anna, _ = pair
    name = fresh("Ünïque")
    answer = anna.anonymous("POST", "/api/v1/user/register",
                            json={"username": name, "password": "secret12", "nickname": "other"})
    assert answer.status_code == 200
    for keyword in (name.upper(), unicodedata.normalize("NFD", name), name[1:-1].lower()):
        found = anna.get("/api/v1/user/search", keyword=keyword)["users"]
        assert [u["username"] for u in found] == [name]


def test_the_newest_comes_first_page_by_page(server):
    anna, bert, cora = (User(server, n) for n in ("anna", "bert", "cora"))
    group = anna.create_group(bert)
    sent = []
    for number in range(40):
        to = ({"to": bert.name}, {"group_id": group}, {"to": cora.name})[number % 3]
        word = "needle" if number % 4 else "hay"
        ack = anna.send(content=f"{word} {number}", **to)
        if word == "needle":
            sent.append(ack["id"])
    pages, before = [], {}
    while True:
        page = find(anna, "NEEDLE", limit=7, **before)
        pages.append([m["id"] for m in page["messages"]])
        if not page["has_more"]:
            break
        assert len(pages[-1]) == 7
        before = {"before_id": pages[-1][-1]}
    assert [i for page in pages for i in page] == sent[::-1]
    message = find(anna, "needle 39")["messages"][0]
    assert message == anna.history(peer=bert.name)[-1]
    assert find(anna, "needle", limit=len(sent))["has_more"] is False
    assert find(anna, "needle", limit=len(sent) - 1)["has_more"] is True
    assert find(anna, "needle", before_id=sent[0]) == {"messages": [], "has_more": False}


def test_only_what_one_may_read(server):
    anna, bert, cora = (User(server, n) for n in ("anna", "bert", "cora"))
    group = anna.create_group(bert)
    word = fresh("geheim")
    private = anna.send(to=bert.name, content=f"{word} private")["id"]
    grouped = anna.send(group_id=group, content=f"{word} group")["id"]
    note = anna.send(to=anna.name, content=f"{word} note")["id"]

    def ids(user, **where):
        return [m["id"] for m in find(user, word, **where)["messages"]]

    assert ids(anna) == [note, grouped, private] and ids(bert) == [grouped, private]
    assert ids(cora) == []
    assert ids(anna, peer=bert.name) == [private] and ids(anna, peer=cora.name) == []
    assert ids(anna, peer=anna.name) == [note] and ids(anna, group_id=group) == [grouped]
    cora.post("/api/v1/group/join", group_id=group)
    assert ids(cora) == [grouped], "history is open to members in full"
    for user, path in ((cora, "leave"), (anna, "kick")):
        body = {"username": bert.name} if path == "kick" else {}
        user.post(f"/api/v1/group/{path}", group_id=group, **body)
    assert ids(cora) == [] and ids(bert) == [private] and ids(anna) == [note, grouped, private]
    problem(bert.call("GET", FIND, params={"keyword": word, "group_id": group}),
            403, "not_a_member")
    anna.post("/api/v1/group/dismiss", group_id=group)
    assert ids(anna) == [note, private]
    problem(anna.call("GET", FIND, params={"keyword": word, "group_id": group}),
            404, "group_not_found")


def test_long_messages_and_many_of_them(server):
    """More than one slice of work, and parts of a conversation that are cut to size."""
    anna, bert = User(server, "anna"), User(server, "bert")
    with anna.connect() as a:
        for number in range(400):
            text = ("ж" * 8000 if number % 2 else "x" * 16000) + f" stone{number}"
            a.say(text, to=bert.name)
    found = find(bert, "STONE", limit=200)
    assert [m["content"].split()[-1] for m in found["messages"]] == [
        f"stone{n}" for n in range(399, 199, -1)]
    assert found["has_more"]
    assert [m["seq"] for m in find(bert, "stone7 ")["messages"]] == []
    assert [m["seq"] for m in find(bert, "stone399")["messages"]] == [400]
    assert [m["seq"] for m in find(bert, "x stone0")["messages"]] == [1]


@pytest.mark.parametrize("target", ["peer", "group_id"])
def test_history_pages_at_their_edges(server, target):
    anna, bert = User(server, "anna"), User(server, "bert")
    group = anna.create_group(bert)
    to, where = (({"to": bert.name}, {"peer": bert.name}) if target == "peer"
                 else ({"group_id": group}, {"group_id": group}))
    path = "/api/v1/message/history"
    assert anna.get(path, **where) == {"messages": [], "has_more": False}
    sent = []
    for number in range(205):
        sent.append(anna.send(content=str(number), **to)["id"])
        if number % 50 == 0:
            anna.send(to=anna.name, content="between")

    def page(**more):
        got = anna.get(path, **where, **more)
        return [m["id"] for m in got["messages"]], got["has_more"]

    assert page() == (sent[-50:], True), "fifty where nothing is said"
    assert page(limit=200) == (sent[-200:], True) == page(limit=10**9)
    assert page(limit=5, before_id=sent[5]) == (sent[:5], False)
    assert page(limit=4, before_id=sent[5]) == (sent[1:5], True)
    assert page(before_id=sent[0]) == ([], False)
    assert page(before_id=1) == ([], False)
    assert page(limit=1, before_id=2**53) == (sent[-1:], True)
    assert page(limit=1, before_id=sent[-1] + 1) == (sent[-1:], True)
