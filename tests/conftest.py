"""What all tests share: a workspace, a model, and the rule that CI skips nothing."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from playground.testing.client import PlaygroundClient
from tests.nearest_model import NearestModel
from tests.postgres import Postgres, programs
from tests.reliability.figures import Figures

# A shell lets what it begins in the background ignore Ctrl-C, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about the machine than about the code.
settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")


@pytest.fixture
def workspace() -> Iterator[PlaygroundClient]:
    """A playground of the test's own."""
    with PlaygroundClient.start() as workspace:
        yield workspace


@pytest.fixture
def model() -> Iterator[NearestModel]:
    """A model server that repeats pixels."""
    model = NearestModel()
    model.start()
    yield model
    model.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL for all tests of this process. A test that stops it starts it again."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    server = Postgres(found)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres(postgres_server: Postgres) -> str:
    """The URL of an empty PostgreSQL database."""
    return postgres_server.new_database()


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    """Where tests write what they measured; kept with FIGURES=1, for docs/reliability.md."""
    figures = Figures()
    yield figures
    if os.environ.get("FIGURES"):
        figures.keep()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With NO_SKIPS set, as in CI, a skipped test fails the run: what is skipped there is never run anywhere."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("NO_SKIPS") and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("NO_SKIPS is set, and tests were skipped", red=True)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Say how a worker ended that crashed: a negative number is a signal's. xdist itself keeps silent about it."""
    if error:
        status = node.gateway._io.popen.wait(timeout=20)
        print(f"\nworker {node.gateway.id} ended with {status}")
