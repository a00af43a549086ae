"""Tests read-only ids and the pads that they stand for."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.auth.handshake import wanted_pad
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, read_only_key
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
