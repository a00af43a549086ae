"""Tests that what many returning sessions have missed is read and encoded once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from padfleet.services.fanout.pads import passages
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.passages import HistoryLost, Passages
from padfleet.services.fanout.pads.steps import Missed
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.history import HistoryGap
from padfleet.shared.log.records import Origin, Revision, chain_of
from tests.collector import Held, forgets


def history(first: int, last: int, before: bytes = b"") -> list[Revision]:
    found = []
    for rev in range(first, last + 1):
        wire = b'{"changeset":"Z:1>1+1$x","apool":{},"newRev":%d}' % rev
        before = chain_of(before, wire)
        found.append(Revision(rev, "a.ada", rev, Origin("s", rev), before, wire))
    return found


class Stored:
    def __init__(self) -> None:
        self.reads = 0
        self.answer: Sequence[Revision] | Exception = history(5, 9)
        self.may = asyncio.Event()

    async def read(self, *_: Any) -> Sequence[Revision]:
        self.reads += 1
        await self.may.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Stored:
    found = Stored()
    monkeypatch.setattr(passages, "read_revisions", found.read)
    return found


@pytest.fixture
async def there() -> Passages:
    return Passages(open_redis("redis://127.0.0.1:1"), Keyspace(1).pad("p"))


async def test_those_who_lack_the_same_read_it_once(stored: Stored, there: Passages) -> None:
    asking = [asyncio.create_task(there.read("1", 5, 9)) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()  # that one of them goes away is nothing to the others
    stored.may.set()
    first, *others = [await task for task in asking[1:]]
    assert all(other is first for other in others)
    assert await there.read("1", 5, 9) is first
    assert stored.reads == 1
    assert (await there.read("1", 5, 8)) is not first


async def test_another_history_is_read_anew_even_while_one_is_being_read(
    stored: Stored, there: Passages
) -> None:
    before = asyncio.create_task(there.read("1 0 A", 5, 9))
    await asyncio.sleep(0)
    after = asyncio.create_task(there.read("1 0 B", 5, 9))
    stored.may.set()
    assert await before is not await after
    there.forget()
    assert await there.read("1 0 B", 5, 9) is not await after
    assert stored.reads == 3


async def test_I5_a_fault_is_raised_for_all_who_wait_and_is_not_kept(
    stored: Stored, there: Passages
) -> None:
    stored.may.set()
    others = history(5, 9, b"another's")
    ends_before: list[Revision] = []
    rolled_back = [*history(5, 7), *others[3:]]
    for wrong in (HistoryGap("7"), rolled_back, ValueError("no record"), ends_before):
        stored.answer = wrong
        outcomes = await asyncio.gather(
            *(there.read("1", 5, 9) for _ in range(3)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [HistoryLost] * 3
    stored.answer = history(5, 9)
    assert (await there.read("1", 5, 9)).feed.head == 9


@pytest.mark.parametrize(("sizes", "taken"), [((3, 3, 3), 2), ((9, 1), 1), ((20,), 1)])
async def test_only_as_many_large_revisions_are_read_as_a_feed_holds(
    stored: Stored, there: Passages, sizes: tuple[int, ...], taken: int
) -> None:
    """Sessions that are sent the feed find no hole at its beginning."""
    stored.may.set()
    stored.answer, chain = [], b""
    for rev, size in enumerate(sizes, 5):
        wire = b"x" * (size << 20)
        chain = chain_of(chain, wire)
        stored.answer = [*stored.answer, Revision(rev, "a.ada", rev, None, chain, wire)]
    feed = (await there.read("1", 5, 5 + len(sizes))).feed
    assert len(feed.since(4)) == taken


def test_the_same_that_was_missed_is_encoded_once() -> None:
    frames, (revision,) = Frames(), history(5, 5)
    made = frames.of(Missed(revision, 9))
    assert frames.of(Missed(revision, 9)) is made
    assert frames.of(Missed(revision, 10)).payload != made.payload
    assert frames.of(Missed(revision, 9, "s")).payload != made.payload
    frames.clear()
    assert frames.of(Missed(revision, 9)) is not made


async def test_a_fault_of_reading_keeps_nothing_of_who_asked(
    stored: Stored, there: Passages
) -> None:
    stored.answer = HistoryGap("gone")
    stored.may.set()

    async def call(_held: Held) -> None:
        await there.read("1", 5, 9)

    await forgets(call, HistoryLost)
