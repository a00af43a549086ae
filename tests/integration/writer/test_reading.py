"""Tests how long a read of the inboxes waits, and that a new entry ends the wait."""

from __future__ import annotations

import asyncio

import pytest

from padfleet.services.writer.leases.inboxes import Inboxes
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Creation
from padfleet.shared.log.inboxes.inbox import InboxWriter
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


async def test_a_short_wait_finds_what_is_there(
    redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    inboxes = Inboxes(redis, keyspace, count=10)
    await inbox.put(NEW)
    partition = keyspace.partition_of("pad")
    found = await inboxes.next({partition: "0-0"}, 0.0)
    assert [received.entry for received in found[partition]] == [NEW]
