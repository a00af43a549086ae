"""Tests that many or large revisions are processed without blocking the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import history
from padfleet.shared.log.pad.document import LARGE_REVISION, REPLAYED_AT_ONCE, in_turns
from padfleet.shared.log.pad.meta import PadMeta
from padfleet.shared.log.pad.past import Pools
from padfleet.shared.log.pad.reader import HotReader
from padfleet.shared.log.records import Revision, chain_of
from padfleet.shared.wire.jsontext import dumps

HEAD = 1200


def revision(rev: int, attributes: int = 1, *, before: bytes = b"") -> Revision:
    numbers = {str(n): ["author", f"a.{rev % 7}-{n}"] for n in range(attributes)}
    apool = {"numToAttrib": numbers, "nextNum": attributes}
    wire = dumps({"changeset": "Z:1>1+1$x", "apool": apool}).encode()
    return Revision(rev, "a.0-0", 1, None, chain_of(before, wire), wire)


class Turns:
    """Counts those of the loop that others have."""

    def __init__(self) -> None:
        self.count = 0

    async def run(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[Revision]:
    revisions: list[Revision] = []
    for rev in range(HEAD + 1):
        before = revisions[-1].chain if revisions else b""
        revisions.append(revision(rev, before=before))

    async def read(_redis: Any, _keys: Any, first: int, last: int) -> Sequence[Revision]:
        return revisions[first : last + 1]

    monkeypatch.setattr(history, "read_revisions", read)
    return revisions


async def test_a_pool_is_put_together_in_turns(stored: list[Revision]) -> None:
    turns = Turns()
    counting = asyncio.create_task(turns.run())
    meta = PadMeta(HEAD, 1, 0, stored[-1].chain, "", None, 0, -1, "reign", [], "", "")
    redis = open_redis("redis://127.0.0.1:1")
    pool = await Pools().at(HotReader(redis, Keyspace(1).pad("p"), meta))
    counting.cancel()
    assert len(pool) == 7
    assert turns.count > HEAD // REPLAYED_AT_ONCE - 5


async def test_large_ones_are_gone_through_beside_the_loop() -> None:
    found: dict[int, bool] = {}

    def take(one: Revision) -> None:
        found[one.rev] = threading.current_thread() is threading.main_thread()

    small, large = revision(1), revision(2, attributes=300)
    assert len(small.wire) < LARGE_REVISION < len(large.wire)
    await in_turns([small, large, revision(3)], take)
    assert found == {1: True, 2: False, 3: True}
