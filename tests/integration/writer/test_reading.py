"""Tests how long a read of the inboxes waits, and that a new entry ends the wait."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import ResponseError

from padfleet.services.writer.leases import inboxes as reader
from padfleet.services.writer.leases.inboxes import BLOCK_MS, WHOLE_BLOCK_MS, Batches, Inboxes
from padfleet.shared.log.connection.connect import COMMAND_TIMEOUT, Redis
from padfleet.shared.log.entries import Creation
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.records import Origin

NEW = Creation("pad", Origin("s", 1), "a.x", "text")


@pytest.mark.parametrize("seconds", [0.0, 0.0001, 0.003])
async def test_a_short_wait_ends(redis: Redis, keyspace: Keyspace, seconds: float) -> None:
    """Redis takes a wait of zero milliseconds as a wait without end."""
    inboxes = Inboxes(redis, keyspace, count=10)
    async with asyncio.timeout(30):
        assert await inboxes.next(dict.fromkeys(range(4), "0-0"), seconds) == {}
    assert not inboxes.trouble
    assert set(inboxes.read_at) == set(range(4))


async def test_a_read_of_all_inboxes_waits_longer(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless one of them could not be read, which is tried again soon."""
    waits: list[int] = []

    async def read(*_: object, block_ms: int, count: int) -> Batches:
        waits.append(block_ms)
        return {}

    async def fail(*_: object, count: int) -> list[Received]:
        raise ResponseError("damaged")

    monkeypatch.setattr(reader, "read_inboxes", read)
    monkeypatch.setattr(reader, "read_carefully", fail)
    inboxes = Inboxes(redis, keyspace, count=10)
    positions = dict.fromkeys(range(4), "0-0")
    await inboxes.next(positions)
    await inboxes.next(positions, whole=True)
    inboxes._due[2] = 0.0
    await inboxes.next(positions, whole=True)
    assert waits == [BLOCK_MS, WHOLE_BLOCK_MS, BLOCK_MS]
    assert BLOCK_MS < WHOLE_BLOCK_MS < COMMAND_TIMEOUT * 1000


async def test_a_short_wait_finds_what_is_there(
    redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    inboxes = Inboxes(redis, keyspace, count=10)
    await inbox.put(NEW)
    partition = keyspace.partition_of("pad")
    found = await inboxes.next({partition: "0-0"}, 0.0)
    assert [received.entry for received in found[partition]] == [NEW]
