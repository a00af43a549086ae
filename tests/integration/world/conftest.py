"""Lets the tests of this folder use the simulated Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tests.world.redis.beside import Beside


@pytest.fixture(scope="session")
def simulated() -> Iterator[str]:
    with Beside() as url:
        yield url


@pytest.fixture
def redis_url(simulated: str) -> str:
    """Empties the simulated server and returns its URL."""
    with redis.Redis.from_url(simulated, protocol=2) as client:
        client.flushall()
        client.script_flush()
    return simulated
