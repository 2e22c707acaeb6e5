"""Disks that fail: a server under `disk.c`, and a small file system of its own.

    with FaultyDisk(server): faults come and go with `fail(…)` and `mend()`, and every call that
    writes is in `journal()`. A SmallDisk is a tmpfs that `fill()` fills to the last byte.
"""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("disk.c")
EIO, ENOSPC = 5, 28


@dataclass(frozen=True)
class Call:
    """One line of the journal."""
    process: int
    name: str
    outcome: str
    bytes: int
    path: str

    @property
    def failed(self):
        return self.outcome not in ("0", "wait")


class FaultyDisk:
    """The calls of one server on its data directory, under our command."""

    def __init__(self, server, directory):
        compiler = shutil.which("clang") or shutil.which("cc")
        assert compiler, "the Swift toolchain's clang is not in PATH"
        library = Path(directory) / "disk.so"
        subprocess.run([compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        "-o", library, SOURCE], check=True, timeout=60)
        self.control = Path(directory) / "control"
        self.log = Path(directory) / "journal"
        server.env = server.env | {
            "LD_PRELOAD": str(library), "FAULTS_CONTROL": str(self.control),
            "FAULTS_JOURNAL": str(self.log), "FAULTS_DIRECTORY": str(server.data.resolve())}

    def fail(self, *faults):
        """Each fault is (call, suffix of the path or "*", errno); errno 0 hangs. They take the place
        of those before, at once and together."""
        text = "".join(f"{' '.join(map(str, fault))}\n" for fault in faults)
        beside = self.control.with_suffix(".new")
        beside.write_text(text)
        beside.rename(self.control)

    def mend(self):
        self.control.unlink(missing_ok=True)

    def journal(self):
        if not self.log.exists():
            return []
        lines = (line.split(" ", 4) for line in self.log.read_text().splitlines())
        return [Call(int(process), name, outcome, int(size), path)
                for process, name, outcome, size, path in lines]

    def check(self):
        """A file whose write or sync failed is never written or synced again by that process.
        Returns the calls that failed, by process and path."""
        failed = {}
        for call in self.journal():
            place = (call.process, call.path)
            if call.name in ("pwrite", "fdatasync", "ftruncate"):
                assert place not in failed, f"{call} after {failed[place]} had failed"
                if call.failed:
                    failed[place] = call
        return failed


class SmallDisk:
    """A file system of a few MiB, mounted for one test."""

    def __init__(self, mebibytes):
        self.path = Path(tempfile.mkdtemp(prefix="lingxi-test-disk-"))
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "lingxi-test", self.path],
            capture_output=True, text=True, timeout=20) if shutil.which("mount") else None
        if mounted is None or mounted.returncode != 0:
            self.path.rmdir()
            why = mounted.stderr.strip() if mounted else "there is no mount(8)"
            pytest.skip(f"a file system cannot be mounted here: {why}")
        self.filler = self.path / "filler"

    def free(self):
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def fill(self, but=0):
        """Takes all space but so many bytes."""
        with open(self.filler, "ab") as file:
            size = file.tell()
            while (more := self.free() - but) >= 4096:
                os.posix_fallocate(file.fileno(), size, more)
                size += more

    def empty(self):
        self.filler.unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=True, timeout=20)
        self.path.rmdir()
