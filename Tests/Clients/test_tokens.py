"""Tokens: made by the server, forged in every way we know, refused in all of them."""

import base64
import json

import jwt
import pytest

from client import User, problem
from server import SECRET


@pytest.fixture(scope="module")
def user(server):
    return User(server)


@pytest.fixture(scope="module")
def claims(user):
    return jwt.decode(user.token, SECRET, algorithms=["HS256"])


def me(user, token):
    return user.anonymous("GET", "/api/v1/user/me", headers={"Authorization": f"Bearer {token}"})


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_header_is_pinned(user):
    assert jwt.get_unverified_header(user.token) == {"alg": "HS256", "typ": "JWT"}


def test_a_token_signed_with_the_secret_serves(user, claims):
    assert me(user, jwt.encode(claims, SECRET, algorithm="HS256")).status_code == 200


def test_two_tokens_differ_and_both_serve(user):
    first = user.token
    second = user.login()["token"]
    assert first != second
    assert me(user, first).status_code == me(user, second).status_code == 200


@pytest.mark.parametrize("forge", [
    lambda c: jwt.encode(c, None, algorithm="none"),
    lambda c: jwt.encode(c, SECRET, algorithm="HS512"),
    lambda c: jwt.encode(c, SECRET, algorithm="HS384"),
    lambda c: jwt.encode(c, "0" * 64, algorithm="HS256"),
    lambda c: jwt.encode(c | {"exp": c["iat"] - 1}, SECRET, algorithm="HS256"),
    lambda c: jwt.encode({k: v for k, v in c.items() if k != "exp"}, SECRET, algorithm="HS256"),
    lambda c: jwt.encode({k: v for k, v in c.items() if k != "sub"}, SECRET, algorithm="HS256"),
    lambda c: jwt.encode(c | {"sub": "987654321"}, SECRET, algorithm="HS256"),
    lambda c: encoded({"alg": "none"}) + "." + encoded(c) + ".",
    lambda c: encoded({"alg": "HS256"}) + "." + encoded(c) + ".",
    lambda c: jwt.encode(c, SECRET, algorithm="HS256").rsplit(".", 1)[0],
    lambda c: jwt.encode(c, SECRET, algorithm="HS256") + ".x",
    lambda c: jwt.encode(c, SECRET, algorithm="HS256") + "=",
    lambda c: "." * 50,
    lambda c: "a" * 6000,
], ids=["none", "HS512", "HS384", "other secret", "expired", "no exp", "no sub", "unknown sub",
        "none by hand", "no signature", "two parts", "four parts", "padding", "dots", "long"])
def test_forged_tokens(user, claims, forge):
    problem(me(user, forge(claims)), 401, "unauthorized")


def test_a_flipped_bit_anywhere_is_seen(user):
    token = user.token
    for index in range(0, len(token) - 1, 7):
        other = "A" if token[index] != "A" else "B"
        problem(me(user, token[:index] + other + token[index + 1:]), 401, "unauthorized")


def test_an_admin_token_opens_no_user_endpoint(user, claims):
    token = jwt.encode(claims | {"role": "admin"}, SECRET, algorithm="HS256")
    assert me(user, token).status_code in (401, 403)


@pytest.mark.parametrize("moment", [1_800_000_000_000_000_000, 2**63 - 1, -(2**63), -1, 2**64])
def test_a_moment_that_cannot_be_counted(server, user, claims, moment):
    """Somebody else who holds the secret may count in nanoseconds."""
    assert me(user, jwt.encode(claims | {"iat": moment}, SECRET)).status_code == 401
    assert server.healthy()
