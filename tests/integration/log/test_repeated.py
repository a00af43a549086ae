"""What gets no answer is repeated, and it may have been done: nobody may be misled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from padfleet.shared.log import authors, leases, pads, presence
from padfleet.shared.log.agreement import PartitionMismatch
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.hot import HotCommands
from padfleet.shared.log.keys import Keyspace, author_key
from padfleet.shared.log.records import Member


@pytest.fixture
def repeated(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """Every command is done twice, and only the second answer arrives."""
    once, together = redis.client.execute_command, HotCommands.exchange

    async def twice(*args: Any, **options: Any) -> Any:
        await once(*args, **options)
        return await once(*args, **options)

    async def twice_together(self: HotCommands, *args: Any, **options: Any) -> Any:
        await together(self, *args, **options)
        return await together(self, *args, **options)

    monkeypatch.setattr(redis.client, "execute_command", twice)
    monkeypatch.setattr(HotCommands, "exchange", twice_together)
    return redis


async def test_a_read_only_id_leads_to_its_pad(repeated: Redis, keyspace: Keyspace) -> None:
    made = await pads.read_only_id(repeated, keyspace.pad("p"), "p")
    assert await pads.pad_of_read_only(repeated, made) == "p"
    assert await pads.read_only_id(repeated, keyspace.pad("p"), "p") == made


async def author_of_token(redis: Redis, token: str) -> str:
    """As who comes by a token is made out, and put on record if he is new."""
    author, made = await authors.author_and_made(redis, token)
    if made is not None:
        await authors.store(redis, author, color=made.color)
    return author


async def test_a_tokens_author_is_on_record(repeated: Redis) -> None:
    author = await author_of_token(repeated, "t.secret")
    assert await repeated.client.exists(author_key(author))
    assert await author_of_token(repeated, "t.secret") == author
    assert list(await authors.read(repeated, [author])) == [author]


async def test_of_two_who_bring_a_new_token_at_once_both_are_the_same(redis: Redis) -> None:
    """The client makes a truth value of SET's answer, unless it is told not to."""
    found = await asyncio.gather(*(author_of_token(redis, "t.new") for _ in range(5)))
    assert len(set(found)) == 1
    assert list(await authors.read(redis, found)) == [found[0]]
    assert await authors.author_for(redis, "somebody") == await authors.author_for(
        redis, "somebody"
    )


async def test_an_author_that_comes_for_the_first_time(repeated: Redis) -> None:
    enrolled = await authors.enrol(repeated, "a.given")
    assert await authors.enrol(repeated, "a.given") == enrolled


async def test_a_fleet_starts_for_the_first_time(repeated: Redis) -> None:
    await pads.settle_partitions(repeated, 4)
    with pytest.raises(PartitionMismatch):
        await pads.settle_partitions(repeated, 5)


async def test_a_lease_is_ours(repeated: Redis, keyspace: Keyspace) -> None:
    lease = await leases.acquire(repeated, keyspace, 0, "w", 60_000)
    assert lease is not None
    assert await leases.renew(repeated, keyspace, [lease], 60_000) == {0: True}
    assert await leases.acquire(repeated, keyspace, 0, "another", 60_000) is None


async def test_I5_an_author_of_another_history_is_not_taken_for_one_of_this(
    repeated: Redis, keyspace: Keyspace
) -> None:
    """Who resumes is told what is on record from before, however often it is asked for."""
    keys = keyspace.pad("p")
    member = Member("s", "a.x", "w", None, 1, embedded=False, read_only=False)
    await presence.join(repeated, keys, member)
    await repeated.client.hset(keys.meta, mapping={"epoch": 1, "head": 5})
    for _ in range(2):
        admission = await presence.join(repeated, keys, member, resumes=True)
        assert (admission.epoch, admission.seen_epoch) == (1, 0)
