"""Fixtures: a server that a whole file shares, and servers that a test has for itself."""

import pytest

from server import Server


def pytest_collection_modifyitems(items):
    for item in items:
        if not any(item.get_closest_marker(tier) for tier in ("full", "fuzz")):
            item.add_marker(pytest.mark.quick)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Puts the log of every server that the test used under its failure."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            for server in getattr(value, "made", [value]):
                if isinstance(server, Server):
                    report.sections.append(("server", server.log()))


@pytest.fixture(scope="module")
def settings():
    """Settings of the shared server; a file overrides this fixture where it needs others."""
    return {}


@pytest.fixture(scope="module")
def server(settings):
    """One server for all tests of a file; tests use users and groups of their own."""
    with Server(settings=settings) as running:
        yield running
        if running.process is not None:
            running.stop()


@pytest.fixture
def servers():
    """Makes servers for one test: `servers(settings={…})`, started by the test itself."""
    made = []

    def make(**options):
        made.append(Server(**options))
        return made[-1]

    make.made = made
    yield make
    for server in made:
        server.close()
