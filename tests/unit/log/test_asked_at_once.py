"""Authors are asked for some hundreds at a time.

The answers of ten thousand, whom one file may bring, would keep everybody else waiting.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from padfleet.shared.batches import ASKED_AT_ONCE
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.people import authors, contributions

MANY = [f"a.{number}" for number in range(2 * ASKED_AT_ONCE + 7)]


class _Server:
    """Counts how many commands it has at a time."""

    elsewhere = register = None

    def __init__(self) -> None:
        self.under_way = self.most = 0
        self.asked: list[Any] = []
        self.auto_pipeline = SimpleNamespace(hmget=self._hmget)
        self.client = SimpleNamespace(pipeline=lambda **_: _Pipeline(self))

    async def _hmget(self, key: str, _fields: list[str]) -> list[bytes | None]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.asked.append(key)
        await asyncio.sleep(0)
        self.under_way -= 1
        return [None, b"n7"]


class _Pipeline:
    def __init__(self, server: _Server) -> None:
        self._server = server
        self._commands: list[Any] = []

    def _note(self, *command: Any) -> None:
        self._commands.append(command)

    hset = hdel = hget = _note

    async def execute(self, **_: Any) -> list[None]:
        self._server.most = max(self._server.most, len(self._commands))
        self._server.asked += [key for key, *_ in self._commands]
        return [None] * len(self._commands)


@pytest.fixture
def server() -> _Server:
    return _Server()


async def test_authors_are_read_a_limited_number_at_a_time(server: _Server) -> None:
    found = await authors.read(cast(Redis, server), MANY)
    assert list(found) == MANY
    assert 0 < server.most <= ASKED_AT_ONCE


async def test_where_they_have_written(server: _Server) -> None:
    redis = cast(Redis, server)
    await contributions.note(redis, MANY, "pad", 1)
    assert len(server.asked) == 2 * len(MANY), "the list of each, and its record"
    await contributions.forget(redis, MANY, "pad")
    assert len(server.asked) == 3 * len(MANY)
    assert 0 < server.most <= ASKED_AT_ONCE
