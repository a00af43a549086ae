"""Tests read-only ids and the pads that they stand for."""

from __future__ import annotations

import asyncio

import pytest

from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.auth.handshake import wanted_pad
from padfleet.services.fanout.hub.read_only_id import ReadOnlyId
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, read_only_key
from padfleet.shared.log.pad import pads
from padfleet.shared.log.pad.pads import read_only_id


async def test_the_id_of_a_deleted_pad_does_not_show_the_one_that_was_made_anew(
    redis: Redis, keyspace: Keyspace
) -> None:
    """Its writer died between deleting the pad and deleting the way back."""
    keys = keyspace.pad("p")
    await redis.client.hset(keys.meta, mapping={"head": 0, "epoch": 0})
    old = await read_only_id(redis, keys, "p")
    assert (await wanted_pad(redis, keyspace, old)).pad_id == "p"
    await redis.client.delete(keys.meta)
    with pytest.raises(Denied, match="does not exist"):
        await wanted_pad(redis, keyspace, old)
    await redis.client.hset(keys.meta, mapping={"head": 0, "epoch": 1})
    with pytest.raises(Denied, match="does not exist"):
        await wanted_pad(redis, keyspace, old)
    fresh = await read_only_id(redis, keys, "p")
    assert await redis.client.exists(read_only_key(old))
    with pytest.raises(Denied, match="does not exist"):
        await wanted_pad(redis, keyspace, old)
    found = await wanted_pad(redis, keyspace, fresh)
    assert (found.pad_id, found.read_only) == ("p", True)


async def test_all_who_come_together_to_a_pad_without_an_id_make_one(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keyspace.pad("p")
    await redis.client.hset(keys.meta, mapping={"head": 0, "epoch": 0})
    made: list[str] = []
    way_back = pads.way_back

    async def counted(redis: Redis, pad_id: str) -> str:
        made.append(pad_id)
        return await way_back(redis, pad_id)

    monkeypatch.setattr(pads, "way_back", counted)
    link = ReadOnlyId(redis, keys)
    link.begin()
    link.begin()
    (found,) = set(await asyncio.gather(*(link.settled(0, "r") for _ in range(20))))
    assert made == ["p"]
    assert found == await read_only_id(redis, keys, "p")
    assert (await wanted_pad(redis, keyspace, found)).pad_id == "p"
    link.close()


async def test_a_pad_that_is_made_again_or_lost_its_id_gets_another(
    redis: Redis, keyspace: Keyspace
) -> None:
    keys = keyspace.pad("p")
    link = ReadOnlyId(redis, keys)
    found = []
    for stay in ((0, "r"), (1, "r"), (1, "s")):
        await redis.client.delete(keys.meta)
        await redis.client.hset(keys.meta, mapping={"head": 0, "epoch": 0})
        found.append(await link.settled(*stay))
        assert await link.settled(*stay) == found[-1] == await read_only_id(redis, keys, "p")
    assert len(set(found)) == 3
    link.close()
