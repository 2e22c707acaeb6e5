"""Names and passwords at their edges."""

import pytest

from client import PASSWORD, User, fresh, problem

REGISTER, LOGIN = "/api/v1/user/register", "/api/v1/user/login"


@pytest.fixture(scope="module")
def user(server):
    return User(server)


@pytest.mark.parametrize("first, second", [
    ("straße", "STRASSE"), ("weiß", "WEIẞ"), ("ΟΔΟΣ", "οδος"), ("Åsa", "A\u030asa"), ("Ǆur", "ǆur"),
])
def test_names_that_differ_in_case_only_are_one(user, first, second):
    for name, status in ((first, 200), (second, 409)):
        body = {"username": name, "password": PASSWORD}
        assert user.anonymous("POST", REGISTER, json=body).status_code == status, name
    found = user.get("/api/v1/user/info", username=second)
    assert found["username"] == first


@pytest.mark.parametrize("behind", ["x", "\0", "\0x", "x" * 600])
def test_what_bcrypt_does_not_read_counts_all_the_same(user, behind):
    """bcrypt reads 72 bytes, and nothing after a NUL."""
    name, password = fresh("long"), "p" * 72
    user.anonymous("POST", REGISTER, json={"username": name, "password": password})
    good = user.anonymous("POST", LOGIN, json={"username": name, "password": password})
    assert good.status_code == 200
    bad = {"username": name, "password": password + behind}
    problem(user.anonymous("POST", LOGIN, json=bad), 401, "wrong_password")


def test_a_nul_does_not_end_a_password(user):
    bad = {"username": user.name, "password": PASSWORD + "\0"}
    problem(user.anonymous("POST", LOGIN, json=bad), 401, "wrong_password")
