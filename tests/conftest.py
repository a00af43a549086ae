"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import settings

from padfleet.services.tools.up.server import EmbeddedServer
from tests import alarms, by_invariant, tiers, warm_start
from tests.examples import PROFILE, examples

# What is collected stays for the whole run, so looking for garbage among it is in vain; it would be
# a fifth of the time that the collection takes, in each process.
gc.disable()
warm_start.allow()
pytest_pycollect_makemodule = by_invariant.pytest_pycollect_makemodule
pytest_collection_modifyitems = tiers.pytest_collection_modifyitems
pytest_xdist_make_scheduler = tiers.pytest_xdist_make_scheduler
pytest_runtest_makereport = alarms.pytest_runtest_makereport

# No deadline: a busy machine is not a bug. In CI the examples are the same each time, so a red run
# is about the change that it runs for; `make unit` on a desk is where new examples are looked for.
settings.register_profile("desk", deadline=None, max_examples=examples(160))
settings.register_profile(
    "ci", deadline=None, max_examples=examples(160), derandomize=True, print_blob=True
)
settings.register_profile("thorough", deadline=None, max_examples=examples(160))
settings.load_profile(PROFILE)


def pytest_collection_finish() -> None:
    """Turns the garbage collector on for the tests, but keeps it from looking at what was
    collected."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the settings of the developer's shell from influencing a test."""
    for name in list(os.environ):
        if name.startswith("PADFLEET_") or name == "REDIS_URL":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A running server, which all tests of the run share."""
    # Flushing twice a second is what production does; here it would only make the disk the clock.
    options = ("--appendfsync", "no", "--enable-debug-command", "local")
    with EmbeddedServer(Path(tmp_path_factory.mktemp("redis")), extra_args=options) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: EmbeddedServer) -> str:
    """The URL of a server that is empty."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        client.script_flush()
    return redis_server.url
