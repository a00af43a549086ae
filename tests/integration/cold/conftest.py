"""Fixtures for tests of a whole fleet with a cold store. Each file has a `fleet` of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py

from tests.fleet import Fleet


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes the folder of the fleet and its store."""
    return tmp_path_factory.mktemp("cold")


@pytest.fixture
def server(fleet: Fleet) -> Iterator[redis_py.Redis]:
    """Connects to the fleet's Redis."""
    with redis_py.Redis.from_url(fleet.redis_url) as client:
        yield client
