"""Spoils single keys, and puts entries into inboxes that cannot be read."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.entries import Creation, encode_entry
from padfleet.shared.log.inboxes.limits import LARGEST_BYTES
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.records import Origin
from tests.chaos.scene import PARTITIONS, Scene
from tests.guest import Guest
from tests.neighbours import neighbour_of

KEYSPACE = Keyspace(PARTITIONS)


async def pads_damaged(scene: Scene) -> None:
    """Damages one pad in each partition with people on it, each in a way of its own, while
    somebody goes on writing on it."""
    redis = open_redis(scene.group.url)
    await redis.start()
    try:
        for number, pad in enumerate(scene.pads):
            bad = neighbour_of(KEYSPACE, pad)
            await typed_in_vain(scene.fleet.urls[-1], bad, damage(redis, bad, number))
            await scene.typed()
    finally:
        await redis.close()
    scene.mended()


async def typed_in_vain(url: str, pad: str, damaged: Awaitable[None]) -> None:
    """Keeps somebody on the pad while it is damaged, and checks that they are told when they
    write."""
    async with Guest(url) as guest:
        await guest.join(pad)
        await damaged
        await guest.write("lost")
        told = {"disconnect": "corruptPad"}
        await guest.hears(lambda: told in guest.messages, "it is refused")


async def damage(redis: Redis, pad: str, number: int) -> None:
    keys = KEYSPACE.pad(pad)
    match number % 3:
        case 0:
            await redis.client.delete(keys.meta)
        case 1:
            await redis.client.xadd(keys.revs, {"r": b""}, id="1000-1")
        case _:
            await redis.client.delete(keys.meta)
            await redis.client.set(keys.meta, "x")


async def inboxes_fouled(scene: Scene) -> None:
    """Puts entries into the inboxes of pads on which people type that nobody can read: malformed,
    of an unknown form, larger than allowed, and stored beside the inbox and lost."""
    redis = open_redis(scene.group.url)
    await redis.start()
    huge = encode_entry(Creation(scene.pads[0], Origin("s", 1), "a.x", "x" * LARGEST_BYTES))
    strange: list[Any] = [{"e": b"\xc1"}, {"x": b"y"}, {"e": huge}, {"s": b"\x90"}]
    try:
        for pad in scene.pads:
            for fields in strange:
                await redis.client.xadd(KEYSPACE.inbox(KEYSPACE.partition_of(pad)), fields)
            await scene.typed()
    finally:
        await redis.close()
    scene.mended()


async def one_inbox_of_a_wrong_type(scene: Scene) -> None:
    """Spoils the inbox of a partition on which nobody is: the others go on, and the writer that has
    it reports the problem."""
    redis = open_redis(scene.group.url)
    await redis.start()
    taken = {KEYSPACE.partition_of(pad) for pad in scene.pads}
    partition = next(p for p in range(PARTITIONS) if p not in taken and p != 0)
    key = KEYSPACE.inbox(partition)
    try:
        await redis.client.delete(key)
        await redis.client.set(key, "x")
        await scene.typed()
        await scene.typed()
        await redis.client.delete(key)
    finally:
        await redis.close()
    scene.mended()
