"""Tests that reading a pad gives the same wherever the pad lies, and leaves it there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from padfleet.shared.archive.entries import Entry, Revisions
from padfleet.shared.archive.taking import PadUnreadable, take_pad
from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.reading import ColdReader
from padfleet.shared.cold.removing import remove_cold
from padfleet.shared.etherpad.writing import etherpad_file
from padfleet.shared.log.changes.copying import copy_pad
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.history import HistoryGap
from padfleet.shared.log.pad.past import Pools, document_at, history
from padfleet.shared.log.pad.reader import HotReader, PadReader, is_there, messages, open_reader
from padfleet.shared.log.pad.weight import weight
from padfleet.shared.log.records import Revision
from tests.cold_memory import away
from tests.integration.archive.made_pad import CREATOR, long, written
from tests.integration.cold.scene import Scene


@pytest.fixture
def scene(redis: Redis, keyspace: Keyspace) -> Scene:
    return Scene(redis, keyspace)


async def reader_of(scene: Scene, pad: str) -> PadReader:
    found = await open_reader(scene.redis, scene.keyspace, pad)
    assert found is not None
    return found


async def all_read(reader: PadReader) -> dict[str, object]:
    """Returns everything that a reader can say about a pad."""
    head = reader.meta.head
    facts = await reader.facts()
    names = [CREATOR, "a.x", "a.nobody"]
    return {
        "meta": (head, reader.meta.epoch, reader.meta.time, reader.meta.chain),
        "creator": (reader.meta.creator, reader.meta.read_only_id, reader.meta.damaged),
        "facts": facts,
        "text": (await document_at(reader)).atext,
        "earlier": [(await document_at(reader, rev)).atext for rev in (0, 17, head - 1)],
        "revisions": [revision async for revision in history(reader, head)],
        "some": [one async for page in reader.pages(995, 2005, step=7) for one in page],
        "none": [page async for page in reader.pages(5, 4)],
        "chat": await messages(reader, 0, facts.chat_head),
        "some chat": await messages(reader, 1, 1),
        "no chat": await messages(reader, facts.chat_head + 1, facts.chat_head + 9),
        "saved": await reader.saved(),
        "authors": await reader.authors(names),
        "records": await reader.author_records(names),
        "pool": (await Pools().at(reader)).to_wire(),
        "file": "".join([piece async for piece in etherpad_file(reader, "name")]),
        "earlier file": "".join([piece async for piece in etherpad_file(reader, "name", last=9)]),
    }


async def backup(scene: Scene, pad: str) -> list[Entry | bytes]:
    """Returns the content of a pad's archive. Revisions are listed one by one, however the archive
    groups them."""
    entries: list[Entry] = []
    await take_pad(scene.redis, scene.keyspace, pad, entries.append, lambda _rev, _head: None)
    found: list[Entry | bytes] = []
    for entry in entries:
        found += entry.records if isinstance(entry, Revisions) else [entry]
    return found


async def test_a_cold_pad_reads_as_it_did_when_it_was_hot(scene: Scene) -> None:
    await scene.make("pad", long())
    hot = await reader_of(scene, "pad")
    assert isinstance(hot, HotReader)
    before, kept = await all_read(hot), await backup(scene, "pad")
    assert await scene.freeze("pad") == "ok"
    cold = await reader_of(scene, "pad")
    assert isinstance(cold, ColdReader)
    assert await all_read(cold) == before
    assert await backup(scene, "pad") == kept
    assert await is_there(scene.redis, scene.keyspace, "pad")
    assert await weight(scene.redis, scene.keyspace.pad("pad")) > 0
    assert await scene.keys_of("pad") == [], "it was brought back"
    # Also where Redis has lost what it knew of its authors.
    await scene.redis.client.flushall()
    assert await all_read(await reader_of(scene, "pad")) == before


async def test_a_copy_of_a_cold_pad_is_made_from_where_it_lies(scene: Scene) -> None:
    """It has all of it, its authors too, also where Redis has lost what it knew of them."""
    await scene.make("pad", long())
    before = await all_read(await reader_of(scene, "pad"))
    assert await scene.freeze("pad") == "ok"
    await scene.redis.client.flushall()
    await scene.lease("pad")
    reader = await reader_of(scene, "pad")
    _ = await copy_pad(scene.redis, scene.keyspace, reader, "other", replace=False)
    assert isinstance(await reader_of(scene, "pad"), ColdReader), "it was brought back"
    there = await all_read(await reader_of(scene, "other"))
    for said in ("text", "earlier", "revisions", "chat", "saved", "authors", "pool"):
        assert there[said] == before[said], said


async def test_what_was_read_stays_so_while_somebody_brings_the_pad_back(scene: Scene) -> None:
    """The answer is that of one moment, in which nobody was writing on it."""
    await scene.make("pad", long())
    await scene.freeze("pad")
    reader = await reader_of(scene, "pad")
    before = await all_read(reader)
    assert await scene.thawing.bring("pad")
    assert await all_read(reader) == before
    await scene.freeze("pad")
    assert await all_read(reader) == before


async def test_I5_a_pad_that_goes_while_it_is_read_is_no_shorter_pad(scene: Scene) -> None:
    await scene.make("pad", long())
    await scene.freeze("pad")
    reader = await reader_of(scene, "pad")
    head = await scene.pads.look("pad")
    assert head is not None
    assert await remove_cold(scene.redis, scene.keyspace, scene.pads, "pad", head)
    with pytest.raises(HistoryGap):
        [page async for page in reader.pages(0, reader.meta.head)]
    with pytest.raises(CorruptPad):
        await document_at(reader, 5)
    # What it is opened from was read at once.
    assert (await document_at(reader)).head == reader.meta.head
    assert await open_reader(scene.redis, scene.keyspace, "pad") is None


async def test_a_pad_that_redis_lost_is_brought_back_and_told_before_it_is_read(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    await scene.make("pad", long())
    assert await scene.write.bring("pad") is not None
    await scene.redis.client.flushall()
    reader = await reader_of(scene, "pad")
    assert isinstance(reader, HotReader)
    assert "pad lost in Redis" in caplog.text


async def test_a_pad_that_is_on_its_way_is_waited_for(scene: Scene) -> None:
    await scene.make("pad", long())
    await scene.freeze("pad")
    bringing = asyncio.create_task(scene.thawing.bring("pad"))
    seen = [(await reader_of(scene, "pad")).meta.head for _ in range(20)]
    await bringing
    assert set(seen) == {long()[-1].rev}


async def test_a_name_that_never_existed_is_looked_up_once(scene: Scene) -> None:
    scene.go(trusting_s=60)
    scene.pads.calls.clear()
    for _ in range(3):
        assert await open_reader(scene.redis, scene.keyspace, "never") is None
        assert not await is_there(scene.redis, scene.keyspace, "never")
        assert not await scene.thawing.bring("never")
        assert await weight(scene.redis, scene.keyspace.pad("never")) == 0
    assert scene.pads.calls == [("read", "never")]


async def test_a_damaged_object_is_read_by_nobody(scene: Scene) -> None:
    await scene.make("pad", long())
    await scene.freeze("pad")
    scene.pads.damaged.add("pad")
    with pytest.raises(CorruptPad):
        await open_reader(scene.redis, scene.keyspace, "pad")
    with pytest.raises(PadUnreadable):
        await backup(scene, "pad")


@pytest.mark.parametrize(("wrong", "first"), [("another's", 0), ("missing", 0), ("missing", 1000)])
async def test_I1_parts_that_do_not_fit_together_are_no_history(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, wrong: str, first: int
) -> None:
    """Each of them is sound by itself, and that is all that the store has looked at."""
    await scene.make("pad", long())
    await scene.freeze("pad")
    reader = await reader_of(scene, "pad")
    others = Revisions(1000, [one.to_record() for one in written(1500, parts_at=900)[1000:]])
    stored = scene.pads.revisions

    async def parted(pad: str, epoch: int, first: int, last: int) -> AsyncIterator[Revisions]:
        async for part in stored(pad, epoch, first, last):
            if part.first != 1000:
                yield part
            elif wrong == "another's":
                yield others

    monkeypatch.setattr(scene.pads, "revisions", parted)
    found: list[Revision] = []

    async def read() -> None:
        async for page in reader.pages(first, reader.meta.head):
            found.extend(page)

    with pytest.raises(CorruptPad, match="revision 1000"):
        await read()
    assert found == long()[first:1000]


async def test_an_unreachable_store_is_not_taken_for_one_without_the_pad(scene: Scene) -> None:
    await scene.make("pad", long())
    await scene.freeze("pad")
    scene.pads.away = away()
    with pytest.raises(StoreAway):
        await open_reader(scene.redis, scene.keyspace, "pad")
    with pytest.raises(StoreAway):
        await is_there(scene.redis, scene.keyspace, "pad")
    scene.pads.away = None
    assert await is_there(scene.redis, scene.keyspace, "pad")
