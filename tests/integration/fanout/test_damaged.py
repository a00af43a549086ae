"""Tests that those who come to a damaged pad are told so, and that people on other pads notice
nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.meta import read_meta
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.guest import Guest

BAD = "damaged"
GOOD = "intact"


@pytest.fixture(scope="module")
def url(shared_fleet: Fleet) -> str:
    return shared_fleet.start(writers=0, workers=1).urls[-1]


@pytest.fixture
async def redis(shared_fleet: Fleet) -> AsyncIterator[Redis]:
    opened = open_redis(shared_fleet.redis_url)
    await opened.start()
    yield opened
    await opened.close()


DAMAGES: dict[str, Callable[[Redis, PadKeys], Awaitable[Any]]] = {
    "the meta is gone": lambda redis, pad: redis.client.delete(pad.meta),
    "the meta is no hash": lambda redis, pad: redis.client.set(pad.meta, "x"),
    "the head is no number": lambda redis, pad: redis.client.hset(pad.meta, "head", "x"),
    "the sessions are no number": lambda redis, pad: redis.client.hset(pad.meta, "sessions", "x"),
    "the revisions are gone": lambda redis, pad: redis.client.delete(pad.revs, pad.snap),
    "the stream is no stream": lambda redis, pad: _wrong(redis, pad.revs, pad.snap),
    "the members are no hash": lambda redis, pad: _wrong(redis, pad.members),
    "a member is no record": lambda redis, pad: redis.client.hset(pad.members, "x", b"1 \xc1"),
    "who was here is no hash": lambda redis, pad: _wrong(redis, pad.seen),
}


async def _wrong(redis: Redis, *keys: str) -> None:
    await redis.client.delete(*keys)
    for key in keys:
        await redis.client.set(key, "x")


async def types(guest: Guest) -> None:
    assert await guest.write("a") is None
    await guest.hears(lambda: guest.heard("ACCEPT_COMMIT"), "its edit is taken")


async def left(redis: Redis, keys: PadKeys) -> None:
    """Waits until nobody is on the pad, so that the next one to join reads what is stored."""

    async def empty() -> bool:
        return not await redis.client.hlen(keys.members)

    await eventually(empty, "everybody has left")


@pytest.mark.parametrize("what", DAMAGES)
async def test_clients_that_join_a_damaged_pad_are_told(
    what: str, url: str, redis: Redis, keyspace: Keyspace
) -> None:
    """Their connection was cut off, and they came again, and again."""
    pad = "-".join(what.split())
    keys = keyspace.pad(pad)
    async with Guest(url) as guest:
        await types(await guest.join(pad))
    await left(redis, keys)
    await DAMAGES[what](redis, keys)
    async with Guest(url) as guest, Guest(url) as bystander:
        await bystander.join(GOOD)
        assert await guest.ready(pad) is None
        told = {"disconnect": "corruptPad"}
        await guest.hears(lambda: told in guest.messages, "it is told why")
        assert guest.connected, "else a page would come again and again"
        await types(bystander)


async def test_whoever_comes_to_a_pad_without_its_snapshot_or_chat_finds_it(
    url: str, redis: Redis, keyspace: Keyspace
) -> None:
    """A pad is more than those."""
    keys = keyspace.pad(BAD)
    async with Guest(url) as guest:
        await types(await guest.join(BAD))
    await left(redis, keys)
    await _wrong(redis, keys.snap, keys.chat, keys.saved)
    async with Guest(url) as guest:
        await types(await guest.join(BAD))


@pytest.fixture
async def rooms(redis: Redis, keyspace: Keyspace) -> AsyncIterator[Rooms]:
    opened = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=10_000, stall_timeout=60)
    yield opened
    await opened.close()


async def test_one_damaged_key_does_not_keep_the_others_from_being_compared(
    url: str, redis: Redis, keyspace: Keyspace, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One damaged pad among five hundred made the whole round trip fail."""
    pads = [f"pad-{number}" for number in range(6)]
    for pad in pads:
        async with Guest(url) as guest:
            await guest.join(pad)
    opened = [await rooms.enter(pad) for pad in pads]
    # Everything that the channels say gets lost.
    monkeypatch.setattr(Room, "take", lambda *_: None)
    for number in (0, 2, 4):
        await redis.client.set(keyspace.pad(pads[number]).meta, "x")
    for pad in (pads[1], pads[3], pads[5]):
        async with Guest(url) as guest:
            await types(await guest.join(pad))
    await rooms.audit()
    for number in (1, 3, 5):
        head = (await read_meta(redis, keyspace.pad(pads[number]))).head
        assert head > 0
        await asyncio.wait_for(opened[number].replica.reached(head), 20)
    for room in opened:
        rooms.leave(room)


async def test_a_pad_that_was_brought_damaged_can_be_read_and_says_so(
    url: str, redis: Redis
) -> None:
    keys = Keyspace(4).pad("brought")
    async with Guest(url) as guest:
        await guest.join("brought")
        await types(guest)
    await left(redis, keys)
    await redis.client.hset(keys.meta, "damaged", "pad:brought:revs:5 is missing")
    async with Guest(url) as reader:
        await reader.join("brought")
        assert reader.vars["readonly"] is True
        assert "damaged" in str(reader.shouts), "a notice says why"
        assert "revs:5" not in str(reader.shouts), "in words that people understand"
        assert "read-only" in str(await reader.write("b"))
    await left(redis, keys)
    await redis.client.hdel(keys.meta, "damaged")
    async with Guest(url) as guest:
        await guest.join("brought")
        assert guest.vars["readonly"] is False
        assert guest.shouts == []
