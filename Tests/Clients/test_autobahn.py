"""Autobahn's conformance cases, run by kosoku against the echo endpoint (`server.ws_echo`).

Of its 517 cases 301 do without compression; 54 of these (9.*) move megabytes. The other 247 are the
quick tier, the full tier runs all 301.
"""

import asyncio

import kosoku
import pytest

from server import Server

LARGE = ["9.*"]
COMPRESSED = ["12.*", "13.*"]


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


@pytest.mark.full
def test_cases_with_large_messages(server: Server):
    conforms(server, 54, cases=LARGE, concurrency=2)

