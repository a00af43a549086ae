from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import Browser, chromium, running
from tests.fleet import Fleet, fleet_of_its_own


@pytest.fixture(scope="session")
def running_browser() -> Iterator[Browser]:
    yield from running(chromium())


@pytest.fixture
def browser(running_browser: Browser) -> Iterator[Browser]:
    """For one test. It fails if a page of it has complained about anything."""
    yield running_browser
    running_browser.close_all()


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One writer and two workers, shared by all tests that leave them whole."""
    folder = tmp_path_factory.mktemp("fleet")
    with fleet_of_its_own(folder, {"PADFLEET_DEFAULT_PAD_TEXT": "Hello"}) as running:
        yield running


@pytest.fixture
def own_fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet for tests that break it."""
    with fleet_of_its_own(tmp_path, {"PADFLEET_DEFAULT_PAD_TEXT": "Hello"}) as running:
        yield running
