"""Autobahn's conformance cases, run by kosoku against the echo endpoint (`server.ws_echo`).

Of its 517 cases 301 do without compression; 54 of these (9.*) move megabytes. The other 247 and a
selection of the 216 with compression (12.*, 13.*) are the quick tier, the full tier runs all 517.
"""

import asyncio

import kosoku
import pytest

from server import Server

LARGE = ["9.*"]
COMPRESSED = ["12.*", "13.*"]
# Of each kind of content short messages and such of 1 KiB; one kind in fragments; of each way to
# agree on windows the shortest.
COMPRESSED_QUICK = [f"12.{kind}.{size}" for kind in range(1, 6) for size in (1, 4)]
COMPRESSED_QUICK += ["12.1.11"] + [f"13.{way}.1" for way in range(1, 8)]


@pytest.fixture(scope="module")
def settings():
    return {"server.ws_echo": "/echo"}


def conforms(server, count, cases=None, exclude=None, concurrency=4):
    """Runs the cases; every one must pass, and there must be exactly `count` of them."""
    url = f"{server.socket_url}/echo"
    try:
        results = asyncio.run(kosoku.run_fuzzingclient(
            url, cases=cases, exclude_cases=exclude, concurrency=concurrency))
    except kosoku.FailureError as failure:
        pytest.fail(f"{failure}\n{server.log()}", pytrace=False)
    assert len(results) == count
    return results


def test_cases_that_are_quick(server: Server):
    conforms(server, 247, exclude=LARGE + COMPRESSED, concurrency=8)


def test_cases_with_compression_that_are_quick(server: Server):
    conforms(server, 18, cases=COMPRESSED_QUICK, concurrency=8)


@pytest.mark.full
def test_cases_with_large_messages(server: Server):
    conforms(server, 54, cases=LARGE, concurrency=2)


@pytest.mark.full
def test_cases_with_compression(server: Server):
    conforms(server, 216, cases=COMPRESSED)
