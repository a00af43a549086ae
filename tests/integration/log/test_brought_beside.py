"""Authors of an Etherpad's database are all brought, however many are read at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from padfleet.services.tools.importing.beside import STEP, bring_beside
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.people import authors


class Database:
    def __init__(self, stored: dict[str, Any]) -> None:
        self._stored = stored

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        for key in self._stored:
            if key.startswith(prefix):
                yield key

    async def get(self, keys: Sequence[str]) -> list[Any]:
        return [self._stored.get(key) for key in keys]

    async def close(self) -> None:
        self._stored = {}


@pytest.mark.parametrize("count", [0, 1, STEP - 1, STEP, STEP + 1, 2 * STEP])
async def test_all_authors_come_once(redis: Redis, count: int) -> None:
    names = [f"a.{number:016d}" for number in range(count)]
    stored: dict[str, Any] = {
        f"globalAuthor:{name}": {"name": f"Name of {name}", "colorId": 3} for name in names
    }
    database = Database({**stored, "globalAuthor:a.odd one": {"name": "Odd"}})
    assert (await bring_beside(redis, database))["authors"] == count
    found = await authors.read(redis, names)
    assert {name: author.name for name, author in found.items()} == {
        name: f"Name of {name}" for name in names
    }
    assert (await bring_beside(redis, database))["authors"] == 0
