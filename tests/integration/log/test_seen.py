"""Tests seen.lua, which keeps the last history of a limited number of authors, and not of everyone
who ever came."""

from __future__ import annotations

import pytest

from padfleet.shared.log.channel_messages import Member
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.people import presence
from padfleet.shared.log.people.presence import Admission

KEPT = 10_000


@pytest.fixture
def keys(keyspace: Keyspace) -> PadKeys:
    return keyspace.pad("pad")


async def came(redis: Redis, keys: PadKeys, author: str, *, resumes: bool = False) -> Admission:
    member = Member(f"s.{author}", author, "w", None, 1, embedded=False, read_only=False)
    return await presence.join(redis, keys, member, resumes=resumes)


async def crowd(redis: Redis, keys: PadKeys, name: str) -> None:
    """Fills the younger generation up."""
    there = await redis.client.hlen(keys.seen)
    authors = {f"a.{name}{number}": "1 reign" for number in range(KEPT - there)}
    await redis.client.hset(keys.seen, mapping=authors)  # type: ignore[arg-type]


async def sizes(redis: Redis, keys: PadKeys) -> list[int]:
    return [await redis.client.hlen(key) for key in (keys.seen, keys.seen_before)]


async def test_however_many_come_the_last_ones_are_known(redis: Redis, keys: PadKeys) -> None:
    first = await came(redis, keys, "a.first")
    await crowd(redis, keys, "one")
    assert (await came(redis, keys, "a.first")).seen_epoch == first.epoch
    assert await sizes(redis, keys) == [KEPT, 0], "who is known already takes no place"

    await came(redis, keys, "a.second")
    assert await sizes(redis, keys) == [1, KEPT]
    assert (await came(redis, keys, "a.first", resumes=True)).seen_epoch == first.epoch
    await crowd(redis, keys, "two")
    await came(redis, keys, "a.third")
    assert await sizes(redis, keys) == [1, KEPT], "the elder is dropped"
    assert (await came(redis, keys, "a.second", resumes=True)).seen_epoch == first.epoch
    assert (await came(redis, keys, "a.first", resumes=True)).seen_epoch is None, "so it reloads"


async def test_an_author_who_is_vouched_for_takes_a_place_too(redis: Redis, keys: PadKeys) -> None:
    admission = await came(redis, keys, "a.first")
    await crowd(redis, keys, "one")
    reign = (await read_meta(redis, keys)).reign
    authors = ["a.first", "a.second", "a.third"]
    assert await presence.vouch(redis, keys, authors, epoch=admission.epoch, reign=reign)
    assert await sizes(redis, keys) == [2, KEPT]


def test_both_generations_go_with_the_pad(keys: PadKeys) -> None:
    assert {keys.seen, keys.seen_before} <= set(keys.deletable)
