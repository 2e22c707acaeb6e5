"""What an operator does to a server: start it wrongly, stop it, overload it, ask it who it is."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import httpx
import pytest

from client import PRIVATE, Connection, User, problem
from server import Server, binary, environment, until


def run(*arguments, **options):
    """A verb of the binary that ends by itself."""
    return subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=15,
                          env=environment(), **options)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


# It refuses to start, in one clear sentence


def test_a_port_in_use(servers):
    first = servers().start()
    said = servers().refuses(port=first.port)
    assert str(first.port) in said and "in use" in said.lower()


def test_a_data_directory_below_a_file(servers, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    server = servers()
    server.data = tmp_path / "file" / "data"
    assert str(server.data) in server.refuses()


def test_a_data_directory_without_permission(tmp_path):
    """As root, who may write everywhere, the server runs as nobody, from a copy that nobody may run."""
    with tempfile.TemporaryDirectory(prefix="lingxi-test-") as directory:
        place = Path(directory)
        place.chmod(0o755)
        data = place / "data"
        data.mkdir(mode=0o555)
        command = Path(shutil.copy(binary(), place / "lingxi"))
        command.chmod(0o755)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        ended = subprocess.run(
            [command, "serve", "--port", "0", "--data-dir", data], cwd=place, text=True,
            capture_output=True, timeout=20, **nobody)
        data.chmod(0o755)
        assert ended.returncode == 1 and str(data) in ended.stderr, ended.stderr


def test_a_second_process_on_the_same_data(servers):
    first = servers().start()
    said = servers(directory=first.directory).refuses()
    assert str(first.data) in said
    assert httpx.get(f"{first.url}/healthz", trust_env=False).status_code == 200
    first.kill()
    servers(directory=first.directory).start()


@pytest.mark.parametrize("key, value", [
    ("server.nope", "1"), ("nope.port", "1"), ("server", "1"), ("server.reactors", "many"),
    ("storage.fsync", "sometimes"), ("auth.bcrypt_cost", "3"), ("auth.bcrypt_cost", "15"),
    ("chat.frame_bytes_max", "-1"), ("limits.enabled", "perhaps")])
def test_a_wrong_setting(servers, key, value):
    said = servers(settings={key: value}).refuses()
    assert key.split(".")[-1] in said


def test_an_echo_endpoint_in_the_place_of_another(servers):
    said = servers(settings={"server.ws_echo": "/healthz"}).refuses()
    assert "server.ws_echo" in said and "/healthz" in said


def test_localhost_is_an_address(servers):
    servers(settings={"server.host": "localhost"}).start().stop()


def test_an_unknown_flag(servers):
    assert "--nonsense" in servers(arguments=["--nonsense"]).refuses(expected=2)


# Configuration


def test_config_check_says_what_is_wrong_and_where(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("server:\n  port: 9000\nchat:\n  heartbeat_s: 30\n")
    good = run("config", "check", "--config", str(path))
    assert good.returncode == 0, good.stderr
    for text, word, line in (("server:\n  prot: 9000\n", "prot", 2), ("server:\n  port: x\n", "port", 2),
                             ("server:\n\tport: 1\n", "", 2), ("chat: [1, 2\n", "", None)):
        path.write_text(text)
        bad = run("config", "check", "--config", str(path))
        said = bad.stderr + bad.stdout
        assert bad.returncode == 1 and word in said and "config.yaml" in said, said
        assert line is None or re.search(rf"\b{line}\b", said), said
    missing = run("config", "check", "--config", str(tmp_path / "none.yaml"))
    assert missing.returncode == 1 and "none.yaml" in missing.stderr


def test_flags_over_environment_over_file(servers):
    def limit(server):
        user = User(server)
        for size in (5, 10, 15):
            answer = user.call("POST", "/api/v1/message/send",
                               json={"to": user.name, "content": "x" * (size + 1)})
            if answer.status_code == 413:
                return size
        return None

    path = servers().directory / "config.yaml"
    path.write_text("chat:\n  content_bytes_max: 5\n")
    arguments = ["--config", str(path)]
    env = {"LINGXI_CHAT_CONTENT_BYTES_MAX": "10"}
    assert limit(servers(arguments=arguments).start()) == 5
    assert limit(servers(arguments=arguments, env=env).start()) == 10
    assert limit(servers(arguments=arguments, env=env,
                         settings={"chat.content_bytes_max": "15"}).start()) == 15


def test_the_secret_is_made_once_and_for_the_owner_only(servers):
    server = servers()
    del server.settings["auth.jwt_secret"]
    server.start()
    secret = server.data / "jwt_secret"
    assert secret.stat().st_mode & 0o777 == 0o600 and len(secret.read_bytes()) >= 32
    user = User(server)
    server.restart()
    assert user.me()["username"] == user.name, "the token still serves"
    assert secret.read_text().strip() not in server.log()


# It says who it is


def test_version():
    answer = run("version")
    assert answer.returncode == 0 and re.search(r"\d+\.\d+", answer.stdout), answer


def test_an_unknown_verb_is_told_the_known_ones():
    answer = run("dance")
    assert answer.returncode != 0 and "dance" in answer.stderr and "serve" in answer.stderr


# It stops


def test_sigterm_drains(servers):
    server = servers().start()
    anna, bert = User(server), User(server)
    a, b = anna.connect(), bert.connect()
    acks = [a.say(f"{number}", to=bert.name)[1] for number in range(20)]
    idle = socket.create_connection(("127.0.0.1", server.port))
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
    server.stop()
    for connection in (a, b):
        connection.closed(1001)
    for quiet in (idle, half):
        quiet.close()
    server.start()
    assert [(m["id"], m["content"]) for m in bert.history(peer=anna.name)] == [
        (ack["id"], f"{n}") for n, ack in enumerate(acks)]
    with bert.connect() as b:
        after = anna.send(to=bert.name, content="after")
        assert b.messages(1)[0]["id"] == after["id"], "cursors were written before the end"


def test_sigterm_under_load_loses_nothing_acknowledged(servers):
    server = servers().start()
    anna, bert = User(server), User(server)
    connection, acked, enough = anna.connect(), [], threading.Event()

    def stream():
        try:
            while True:
                acked.append(connection.say("x", to=bert.name)[1]["id"])
                if len(acked) == 100:
                    enough.set()
        except Exception:
            pass

    sender = threading.Thread(target=stream, daemon=True)
    sender.start()
    assert enough.wait(30), server.log()
    server.stop()
    sender.join(10)
    server.start()
    stored = [m["id"] for m in bert.history(peer=anna.name)]
    assert not set(acked) - set(stored) and len(stored) == len(set(stored))


def test_a_peer_that_does_not_read_does_not_hold_up_the_end(servers):
    server = servers().start()
    anna, bert = User(server), User(server)
    deaf = Connection(bert)
    raw = deaf.socket.socket
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    for _ in range(40):
        anna.send(to=bert.name, content="x" * 16_000)
    server.stop()
    deaf.close()


# It survives


def test_more_connections_than_descriptors(servers):
    server = servers(descriptors=64).start()
    anna, bert = User(server), User(server)
    a = anna.connect()
    flood = []
    for _ in range(300):
        raw = socket.socket()
        raw.settimeout(0.2)
        flood.append(raw)
        try:
            raw.connect(("127.0.0.1", server.port))
        except OSError:
            break
    a.send(PRIVATE, to=anna.name, content="still here", msg_id="flooded")
    assert a.expect(msg_id="flooded")["content"] == "still here"
    assert server.process.poll() is None, server.log()
    for raw in flood:
        raw.close()
    until(server.healthy, "it serves again after the flood", 15)
    with bert.connect() as b:
        assert anna.send(to=bert.name, content="hello")["status"] == "delivered"
        assert b.messages(1)[0]["content"] == "hello"
    a.close()
    server.stop()


def test_connections_that_vanish(servers):
    server = servers().start()
    users = [User(server) for _ in range(5)]
    for _ in range(10):
        for user in users:
            connection = user.connect(settled=False)
            raw = connection.socket.socket
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            raw.close()
    for user in users:
        until(lambda user=user: not user.me()["online"], "a reset ends the session")
    server.stop()


def test_a_slow_reader_is_closed_and_finds_the_rest_later(servers):
    server = servers(settings={"chat.outbound_bytes_max": "65536"}).start()
    anna, bert = User(server), User(server)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", server.port))
    raw.sendall((f"GET /api/v1/ws?token={bert.token} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode())
    assert raw.recv(12) == b"HTTP/1.1 101"
    until(lambda: bert.me()["online"], "connected")
    sent = 0
    with anna.connect() as a:
        while bert.me()["online"]:
            for _ in range(20):
                a.say("x" * 10_000, to=bert.name)
                sent += 1
            assert sent < 3000, "a connection that never reads is never closed"
    raw.close()
    with bert.connect(settled=False) as b:
        seqs = [frame["seq"] for frame in b.messages(1)]
        while seqs[-1] < sent:
            seqs += [frame["seq"] for frame in b.messages(1)]
        assert seqs == list(range(seqs[0], sent + 1))
    server.stop()


# It logs without secrets


def test_the_log_holds_no_secrets(servers):
    server = servers(settings={"log.level": "debug"}).start()
    user = User(server, password="hidden horse")
    body = {"username": user.name, "password": "hid\"den\\horse", "nested": {"Token": "hidden-2"}}
    user.anonymous("POST", "/api/v1/user/login", json=body)
    user.anonymous("POST", "/api/v1/user/login", content=b'{"password":"hidden-3',
                   headers={"Content-Type": "application/json"})
    user.anonymous("GET", "/api/v1/user/me?token=hidden-4&x=1",
                   headers={"Authorization": "Bearer hidden-5"})
    user.connect().close()
    answer = user.call("GET", "/api/v1/user/me")
    server.stop()
    log = server.log()
    for secret in ("hidden", "den\\\\horse", user.token, user.token.split(".")[2]):
        assert secret not in log, f"{secret!r} stands in the log"
    assert answer.headers["x-request-id"]
