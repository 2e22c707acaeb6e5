"""A new password ends what the old one began: every token, and every connection in log order."""

import threading

import jwt
import pytest

from client import PRIVATE, SYSTEM, Connection, User, problem
from server import SECRET

PATH = "/api/v1/user/password"
NEW = "another horse"


@pytest.fixture(scope="module")
def settings():
    return {"chat.multi_device": "true"}


@pytest.fixture
def anna(server):
    return User(server, "anna")


def change(user, new=NEW, old=None):
    body = {"old_password": old or user.password, "new_password": new}
    answer = user.call("PUT", PATH, json=body)
    if answer.status_code == 200:
        assert answer.json() == {"message": "password updated"}
        user.password = new
    return answer


def me(user, token):
    return user.anonymous("GET", "/api/v1/user/me", headers={"Authorization": f"Bearer {token}"})


def test_every_token_ends_and_the_next_log_in_serves_at_once(anna):
    """Several times within a second: no clock may decide which token is the newer one."""
    old = []
    for number in range(8):
        old += [anna.token, anna.login()["token"]]
        assert change(anna, f"password {number}").status_code == 200
        anna.login()
        assert anna.me()["username"] == anna.name
        anna.connect().close()
    for token in old:
        problem(me(anna, token), 401, "unauthorized")
        Connection(anna, token=token).closed(4001)


def test_the_old_password_no_longer_serves(anna):
    old = anna.password
    change(anna)
    body = {"username": anna.name, "password": old}
    problem(anna.anonymous("POST", "/api/v1/user/login", json=body), 401, "wrong_password")


def test_every_connection_ends_and_nobody_elses(server, anna):
    bert = User(server, "bert")
    phone, desk = anna.connect(device="phone"), anna.connect(device="desk")
    with bert.connect() as b:
        change(anna)
        for connection in (phone, desk):
            connection.closed(4003)
        b.settle()
        assert not bert.get("/api/v1/user/info", username=anna.name)["online"]
        anna.login()
        with anna.connect(device="phone") as again:
            bert.send(to=anna.name, content="you are back")
            assert again.expect(type=PRIVATE)["content"] == "you are back"


def test_what_was_sent_before_arrives_before_the_end(server, anna):
    bert = User(server, "bert")
    with bert.connect() as b:
        connection = anna.connect()
        for number in range(50):
            b.say(str(number), to=anna.name)
        change(anna)
        connection.closed(4003)
        got = [f["content"] for f in connection.passed if f["type"] == PRIVATE]
        assert got == [str(number) for number in range(50)]


def test_a_wrong_old_password_changes_nothing(anna):
    with anna.connect() as connection:
        problem(change(anna, old="wrong horse"), 403, "wrong_password")
        connection.settle()
        assert not [f for f in connection.drain() if f["type"] == SYSTEM]
    anna.login()


def test_of_several_changes_at_once_one_is_made(anna):
    tokens = [anna.login()["token"] for _ in range(6)]
    answers = []

    def attempt(number):
        user = anna.twin()
        user.token = tokens[number]
        answers.append((number, change(user, f"password {number}").status_code))

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    winners = [number for number, status in answers if status == 200]
    assert len(winners) == 1 and {s for _, s in answers} <= {200, 401, 403}, answers
    anna.password = f"password {winners[0]}"
    anna.login()


def test_a_token_of_another_signer_goes_by_its_time(anna):
    """Whoever shares the secret knows nothing of our generations."""
    claims = jwt.decode(anna.token, SECRET, algorithms=["HS256"])

    def foreign(seconds):
        moved = claims | {"iat": claims["iat"] + seconds, "jti": "theirs"}
        return jwt.encode(moved, SECRET, algorithm="HS256")

    assert me(anna, foreign(0)).status_code == 200
    change(anna)
    problem(me(anna, foreign(-1)), 401, "unauthorized")
    assert me(anna, foreign(5)).status_code == 200
    without = {k: v for k, v in claims.items() if k != "jti"}
    problem(me(anna, jwt.encode(without, SECRET, algorithm="HS256")), 401, "unauthorized")


def test_connecting_while_the_password_changes(server):
    """A connection that is on its way when the password changes either ends with it or never
    begins; none outlives it."""
    anna = User(server, "anna")
    for number in range(12):
        made = []
        token = anna.token

        def connect():
            made.append(Connection(anna, token=token, params={"device": f"d{number}"}))

        thread = threading.Thread(target=connect)
        thread.start()
        assert change(anna, f"password {number}").status_code == 200
        thread.join(10)
        with pytest.raises(AssertionError, match="close code 400[13]"):
            made[0].closed(0)
        anna.login()


def test_it_survives_a_crash(servers):
    server = servers(settings={"storage.fsync": "always"}).start()
    anna = User(server, "anna")
    old = anna.token
    change(anna)
    anna.login()
    server.kill()
    server.start()
    problem(me(anna, old), 401, "unauthorized")
    assert anna.me()["username"] == anna.name
    anna.login()
    assert anna.me()["username"] == anna.name
