"""Contacts: a list of one's own, which nobody else learns of."""

import pytest

from client import User, problem

LIST, ADD = "/api/v1/user/contacts", "/api/v1/user/contacts/add"
DELETE = "/api/v1/user/contacts/delete"


@pytest.fixture
def three(server):
    return User(server, "anna"), User(server, "bert"), User(server, "cora", nickname="小可")


def contacts(user):
    return user.get(LIST)["contacts"]


def test_a_contact_is_added_and_listed(three):
    anna, bert, cora = three
    assert contacts(anna) == []
    assert anna.post(ADD, username=bert.name) == {"message": "contact added"}
    assert anna.post(ADD, username=cora.name, remark="同事") == {"message": "contact added"}
    bert.put("/api/v1/user/me", avatar="b.png")
    with bert.connect():
        first, second = contacts(anna)
        assert set(first) == {"username", "nickname", "avatar", "remark", "online", "created_at"}
        assert (first["username"], first["avatar"], first["remark"], first["online"]) == (
            bert.name, "b.png", "", True)
        assert (second["username"], second["nickname"], second["remark"], second["online"]) == (
            cora.name, "小可", "同事", False)
    assert contacts(bert) == [], "it has one direction"


@pytest.mark.parametrize("again, expected", [
    ({"remark": "new"}, "new"), ({"remark": ""}, ""), ({}, "old"), ({"remark": None}, "old"),
])
def test_adding_again_updates_the_remark_alone(three, again, expected):
    anna, bert, cora = three
    anna.post(ADD, username=bert.name, remark="old")
    anna.post(ADD, username=cora.name)
    before = contacts(anna)
    anna.post(ADD, username=bert.name.upper(), **again)
    assert contacts(anna) == [before[0] | {"remark": expected}, before[1]]


@pytest.mark.parametrize("where", ["query", "body", "both", "upper"])
def test_a_contact_is_removed(three, where):
    anna, bert, cora = three
    for other in (bert, cora):
        anna.post(ADD, username=other.name)
    name = bert.name.upper() if where == "upper" else bert.name
    arguments = {}
    if where != "body":
        arguments["params"] = {"username": name}
    if where in ("body", "both"):
        arguments["json"] = {"username": name}
    answer = anna.call("DELETE", DELETE, **arguments)
    assert answer.status_code == 200 and answer.json() == {"message": "contact deleted"}
    assert [c["username"] for c in contacts(anna)] == [cora.name]
    problem(anna.call("DELETE", DELETE, **arguments), 404, "user_not_found")
    anna.post(ADD, username=bert.name)
    assert [c["username"] for c in contacts(anna)] == [cora.name, bert.name]


def test_a_body_that_is_not_json_is_refused(three):
    anna, bert, _ = three
    anna.post(ADD, username=bert.name)
    answer = anna.call("DELETE", DELETE, content=b"username=x",
                       headers={"Content-Type": "application/x-www-form-urlencoded"})
    problem(answer, 415, "unsupported_media_type")
    answer = anna.call("DELETE", DELETE, content=b"{", headers={"Content-Type": "application/json"})
    problem(answer, 400, "invalid_json")
    answer = anna.call("DELETE", DELETE, json={"username": 5})
    problem(answer, 400, "invalid_request", "username")
    problem(anna.call("DELETE", DELETE), 400, "invalid_request", "username")
    assert len(contacts(anna)) == 1


def test_the_longest_remark_is_taken(three):
    anna, bert, _ = three
    anna.post(ADD, username=bert.name, remark="注" * 64)
    assert contacts(anna)[0]["remark"] == "注" * 64


def test_contacts_survive_a_crash(servers):
    server = servers(settings={"storage.fsync": "always"}).start()
    anna, bert, cora = (User(server, n) for n in ("anna", "bert", "cora"))
    anna.post(ADD, username=bert.name, remark="one")
    anna.post(ADD, username=cora.name, remark="two")
    anna.post(ADD, username=bert.name, remark="three")
    anna.call("DELETE", DELETE, params={"username": cora.name})
    before = contacts(anna)
    server.kill()
    server.start()
    assert contacts(anna) == before and before[0]["remark"] == "three" and len(before) == 1
