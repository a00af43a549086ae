from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.browser import Browser, chromium, running
from tests.fleet import Fleet, fleet_of_its_own
from tests.folders import for_the_folder

SETTINGS = {"PADFLEET_DEFAULT_PAD_TEXT": "Hello"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives these tests more time: a page may be many times slower on a busy machine, and takes a
    hundred steps in some of them. Each step has a deadline of its own, so nothing waits for all of
    that time."""
    for item in items:
        here = item.path.is_relative_to(Path(__file__).parent)
        if here and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="module")
def running_browser(request: pytest.FixtureRequest) -> Browser:
    browser = for_the_folder(request, lambda: contextmanager(running)(chromium()))
    browser.keeps = True
    return browser


@pytest.fixture
def browser(running_browser: Browser) -> Iterator[Browser]:
    """The browser for one test, which fails if one of its pages has complained about anything."""
    yield running_browser
    running_browser.close_all()


@pytest.fixture(scope="module")
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """A node and a worker, as `padfleet up` runs them, shared by all tests that leave them
    whole."""
    return for_the_folder(
        request,
        lambda: fleet_of_its_own(
            tmp_path_factory.mktemp("fleet"), SETTINGS, writers=0, workers=1, nodes=1
        ),
    )


@pytest.fixture
def own_fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet for tests that break it."""
    with fleet_of_its_own(tmp_path, SETTINGS) as running:
        yield running
