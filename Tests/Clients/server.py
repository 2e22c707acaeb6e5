"""One real server process in a data directory of its own.

    start ──► listening (port read from its log) ──► healthy ──► stop (SIGTERM) or kill (SIGKILL)
      ▲                                                               │
      └───────────────────── again, on the same data ◄────────────────┘

Everything waits for a condition with a deadline. What the process writes to standard error is
kept whole, all runs one after the other, and belongs to the message of every failure.
"""

import os
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import httpx

SECRET = "7f1c0d8e5b6a49329d0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcd"
LISTENING = re.compile(r"\blistening\b.*\baddress=(\S+) port=(\d+)")
START_SECONDS = 15
STOP_SECONDS = 10

# Rate limits would make a fast test client wait, and bcrypt's cost would be most of the time.
SETTINGS = {
    "server.host": "127.0.0.1",
    "limits.enabled": "false",
    "auth.bcrypt_cost": "4",
    "auth.jwt_secret": SECRET,
}


def binary():
    """The path of the server under test; LINGXI_BINARY names it."""
    path = os.environ.get("LINGXI_BINARY")
    if not path or not Path(path).is_file():
        raise RuntimeError("LINGXI_BINARY must be the path of the built server; run: make test")
    return str(Path(path).resolve())


def environment(**more):
    """The caller's environment without settings of a server that he may run himself."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("LINGXI_")}
    return kept | {"SWIFT_BACKTRACE": "enable=no"} | more


def until(condition, what, seconds=10):
    """Polls until `condition()` is true and returns its value; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


class Server:
    """The process, its data directory, and what it said."""

    def __init__(self, directory=None, settings=None, arguments=(), env=None, descriptors=None):
        self.temporary = None
        if directory is None:
            self.temporary = tempfile.TemporaryDirectory(prefix="lingxi-test-")
            directory = self.temporary.name
        self.directory = Path(directory)
        self.data = self.directory / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.settings = SETTINGS | (settings or {})
        self.arguments = list(arguments)
        self.env = env or {}
        self.descriptors = descriptors
        self.process = None
        self.port = None
        self.lines = []
        self.arrived = threading.Condition()

    # Life

    def command(self, port=0):
        sets = [x for k, v in self.settings.items() for x in ("--set", f"{k}={v}")]
        return [binary(), "serve", "--port", str(port), "--data-dir", str(self.data),
                *sets, *self.arguments]

    def launch(self, port=0):
        """Starts the process and waits for nothing."""
        assert self.process is None, "it runs already"
        self.first_line = len(self.lines)
        self.process = subprocess.Popen(
            self.command(port), cwd=self.directory, env=environment(**self.env),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=self._limit if self.descriptors else None)
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()

    def start(self, port=0):
        """Starts the process and returns when it answers."""
        self.launch(port)
        found = self.said(LISTENING, START_SECONDS, since=self.first_line)
        self.port = int(found.group(2))
        until(self.healthy, f"/healthz answers\n{self.log()}", START_SECONDS)
        return self

    def stop(self):
        """SIGTERM: must end with code 0 within the ten seconds that are promised."""
        self.process.send_signal(signal.SIGTERM)
        code = self.ended(STOP_SECONDS)
        assert code == 0, f"exit code {code} after SIGTERM\n{self.log()}"

    def kill(self):
        """SIGKILL: no chance to write anything."""
        self.process.kill()
        self.ended(STOP_SECONDS)

    def ended(self, seconds):
        """Waits for the end of the process and returns its exit code."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s\n{self.log()}") from None
        self.reader.join(seconds)
        self.process.stderr.close()
        self.process = None
        return code

    def refuses(self, port=0, expected=1):
        """Starts it where it must not start; returns what it said, and checks that this is one
        clear line for the operator."""
        self.launch(port)
        code = self.ended(START_SECONDS)
        said = self.lines[self.first_line:]
        assert code == expected, f"exit code {code}\n{self.log()}"
        assert said and said[-1].strip(), "refused without a word"
        assert not any("Fatal error" in line or "Stack dump" in line for line in said), self.log()
        return "\n".join(said)

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        """The end of a test, whatever state it left the process in."""
        if self.process is not None:
            self.process.kill()
            self.ended(STOP_SECONDS)
        if self.temporary is not None:
            self.temporary.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # What it said

    def log(self):
        with self.arrived:
            return "standard error of the server:\n" + "\n".join(self.lines[-200:])

    def said(self, pattern, seconds=10, since=0):
        """Waits for a line that matches and returns the match."""
        pattern = re.compile(pattern)
        end = time.monotonic() + seconds
        with self.arrived:
            while True:
                for line in self.lines[since:]:
                    found = pattern.search(line)
                    if found:
                        return found
                left = end - time.monotonic()
                gone = self.process is None or self.process.poll() is not None
                if left <= 0 or (gone and not self.reader.is_alive()):
                    break
                self.arrived.wait(min(left, 0.1))
        raise AssertionError(f"did not say {pattern.pattern!r} in {seconds} s\n{self.log()}")

    # Where it is

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self):
        return f"ws://127.0.0.1:{self.port}"

    def healthy(self):
        assert self.process.poll() is None, f"ended while starting\n{self.log()}"
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def _read(self, process):
        for line in process.stderr:
            with self.arrived:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.arrived.notify_all()

    def _limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))
