"""Tests edits that do not come from a socket, while Redis is away or nobody answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.exceptions import ConnectionError as GoneAway

from padfleet.shared.log.changes import edits as edits_module
from padfleet.shared.log.changes.edits import Edits, Unanswered
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import EntryStatus, InboxWriter
from padfleet.shared.log.keys import Keyspace


@pytest.fixture
async def inbox(redis: Redis, keyspace: Keyspace) -> AsyncIterator[InboxWriter]:
    opened = InboxWriter(redis, keyspace, timeout=20)
    opened.look_after = 0.001
    yield opened
    await opened.close()


async def away(*_arguments: Any) -> Any:
    raise GoneAway("it is away")


async def test_I2_a_deletion_that_is_in_the_inbox_may_happen_even_if_redis_is_away_now(
    redis: Redis, keyspace: Keyspace, inbox: InboxWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not known what becomes of it. An error of Redis would say that nothing was done: the
    audit log had `failed` for pads that were deleted a moment later."""
    edits = Edits(redis, keyspace, inbox, timeout=0.05)
    monkeypatch.setattr(inbox, "standing", away)
    with pytest.raises(Unanswered):
        await edits.delete("pad")
    await edits.close()


async def test_I2_nor_is_it_known_if_the_answer_was_lost_and_cannot_be_looked_up(
    redis: Redis, keyspace: Keyspace, inbox: InboxWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def passed(*_arguments: Any) -> EntryStatus:
        return EntryStatus.PASSED

    edits = Edits(redis, keyspace, inbox, timeout=20)
    monkeypatch.setattr(inbox, "standing", passed)
    monkeypatch.setattr(edits_module, "read_told_meta", away)
    with pytest.raises(Unanswered, match="it is away"):
        await edits.delete("pad")
    await edits.close()
