"""Tests that a pad which is deleted or replaced while somebody reads it is not taken for a damaged
one."""

from __future__ import annotations

import pytest

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad, PadReplaced
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import PadReader, open_reader
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.records import Revision
from tests.histories import lived_in

PAD = "pad"


async def put(redis: Redis, keyspace: Keyspace, count: int, *, seed: int = 1) -> PadReader:
    """Puts a history of so many revisions in the place of the pad."""
    revisions = lived_in(count, seed)
    staging = await Staging.begin(redis, keyspace, PAD, head=revisions[-1].rev)
    await staging.add(revisions)
    await staging.install(
        above_epoch=0, creator="a.maker", read_only_id=None, replace=True, settings=b"{}", more={}
    )
    reader = await open_reader(redis, keyspace, PAD)
    assert reader is not None
    return reader


async def test_a_pad_that_is_replaced_while_it_is_read_is_not_damaged(
    redis: Redis, keyspace: Keyspace
) -> None:
    reader = await put(redis, keyspace, 30)
    await put(redis, keyspace, 3)
    with pytest.raises(PadReplaced):
        await document_at(reader, reader.meta.head - 1)


async def test_no_history_is_read_that_is_made_of_two(redis: Redis, keyspace: Keyspace) -> None:
    """The pad that comes next has each revision that is asked for, so that none is missing."""
    reader = await put(redis, keyspace, 30)
    found: list[Revision] = []

    async def read() -> None:
        async for page in reader.pages(0, reader.meta.head, step=10):
            found.extend(page)
            await put(redis, keyspace, 40, seed=2)

    with pytest.raises(PadReplaced):
        await read()
    assert found == lived_in(30)[:10]


async def test_no_pad_is_read_that_has_come_after(redis: Redis, keyspace: Keyspace) -> None:
    reader = await put(redis, keyspace, 30)
    await put(redis, keyspace, 40, seed=2)
    with pytest.raises(PadReplaced):
        await document_at(reader)
    with pytest.raises(PadReplaced):
        await anext(reader.pages(0, reader.meta.head))


async def test_a_pad_that_lacks_revisions_is_damaged(redis: Redis, keyspace: Keyspace) -> None:
    reader = await put(redis, keyspace, 30)
    await redis.client.delete(reader.keys.revs)
    with pytest.raises(CorruptPad, match="is missing") as told:
        await document_at(reader, reader.meta.head - 1)
    assert not isinstance(told.value, PadReplaced)
