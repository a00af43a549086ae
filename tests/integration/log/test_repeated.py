"""Tests that commands which got no answer are repeated. Such a command may have been carried out,
and nobody may be misled by that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.log.channel_messages import Member
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.hot import HotCommands
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.fleet.agreement import PartitionMismatch
from padfleet.shared.log.keys import Keyspace, author_key
from padfleet.shared.log.pad import pads
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people import authors, presence, recognition


@pytest.fixture
def repeated(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """Carries out every command twice, and returns only the second answer."""
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
    """Identifies the author of a token, and records a new one, as a join does."""
    author, made = await recognition.author_and_made(redis, token)
    if made is not None:
        await authors.store(redis, author, color=made.color)
    return author


async def test_a_tokens_author_is_on_record(repeated: Redis) -> None:
    author = await author_of_token(repeated, "t.secret")
    assert await repeated.client.exists(author_key(author))
    assert await author_of_token(repeated, "t.secret") == author
    assert list(await authors.read(repeated, [author])) == [author]


async def test_two_who_bring_a_new_token_at_once_are_the_same_author(redis: Redis) -> None:
    """The client makes a truth value of SET's answer, unless it is told not to."""
    found = await asyncio.gather(*(author_of_token(redis, "t.new") for _ in range(5)))
    assert len(set(found)) == 1
    assert list(await authors.read(redis, found)) == [found[0]]
    assert await recognition.author_for(redis, "somebody") == await recognition.author_for(
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
    """A session that resumes is told what was on record before, however often it is asked for."""
    keys = keyspace.pad("p")
    member = Member("s", "a.x", "w", None, 1, embedded=False, read_only=False)
    await presence.join(repeated, keys, member)
    await repeated.client.hset(keys.meta, mapping={"epoch": 1, "head": 5})
    for _ in range(2):
        admission = await presence.join(repeated, keys, member, resumes=True)
        assert (admission.epoch, admission.seen_epoch) == (1, 0)


async def test_I1_what_is_brought_beside_a_pad_may_be_brought_twice(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a pipeline is lost, and it is sent again whole."""
    pipeline = type(redis.client.pipeline())
    once = pipeline.execute

    async def twice(self: Any, *args: Any, **options: Any) -> Any:
        commands = list(self.command_stack)
        await once(self, *args, **options)
        self.command_stack = commands
        return await once(self, *args, **options)

    monkeypatch.setattr(pipeline, "execute", twice)
    first = WriterPad().create("text", "a.one", 1000)
    staging = await Staging.begin(redis, keyspace, "p", head=0)
    await staging.add([first])
    await staging.add_chat([("0-1", [b"m", b"hello"]), ("1-1", [b"m", b"you"])])
    await staging.add_saved([b"one"])
    await staging.add_saved([b"two"])
    await staging.install(above_epoch=0, creator="a.one", read_only_id=None, replace=False)
    keys = keyspace.pad("p")
    assert await redis.client.xlen(keys.revs) == 1
    assert await redis.client.xlen(keys.chat) == 2
    saved: Any = redis.client.lrange(keys.saved, 0, -1)
    assert await saved == [b"one", b"two"]
