"""What all tests share: a workspace, a model, and the rule that CI skips nothing."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from playground.testing.client import PlaygroundClient
from tests.nearest_model import NearestModel
from tests.reliability.figures import Figures

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
