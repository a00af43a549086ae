"""Edits that a writer takes without an inbox, on a real Redis: whatever becomes of a commit, each
edit is in the pad once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from padfleet.services.writer.leases.lease_manager import LeaseManager
from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.local import DirectEdit
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.records import Origin
from tests.eventually import eventually
from tests.integration.writer.traffic import TEXT, Typist, all_settled_once, create

PAD = "direct"


class Failing:
    """Posts commands to Redis, but for the next message: nobody hears what has become of that."""

    def __init__(self, redis: Redis, *, stores: bool) -> None:
        """Takes whether Redis does what it is asked in that message."""
        self._post = redis.hot.post
        self._stores = stores
        self.fails = False

    def __call__(self, commands: Sequence[Any]) -> asyncio.Future[list[Any]] | None:
        if not self.fails:
            return self._post(commands)
        self.fails = False
        lost: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        nothing = [ConnectionError("the reply was lost")] * len(commands)
        if not self._stores:
            lost.set_result(nothing)
        else:
            stored = self._post(commands)
            assert stored is not None
            stored.add_done_callback(lambda _: lost.set_result(nothing))
        return lost


@pytest.fixture
async def writers(redis_url: str) -> AsyncIterator[Redis]:
    """The writer's own connections, so that only its messages fail."""
    opened = open_redis(redis_url)
    await opened.start()
    yield opened
    await opened.close()


@pytest.mark.parametrize("stores", [False, True], ids=["is not stored", "is stored"])
async def test_I2_an_edit_whose_commit_fails_is_in_the_pad_once(
    redis: Redis,
    writers: Redis,
    keyspace: Keyspace,
    inbox: InboxWriter,
    monkeypatch: pytest.MonkeyPatch,
    stores: bool,
) -> None:
    """It comes by the inbox as well. Whatever the writer still had of it in memory, the script
    would compare the pad's head before it gave an answer."""
    pads = PadCache(writers, keyspace, 100)
    compaction = Compaction(writers, keyspace, snapshot_every=100, keep_revisions=1000)
    replicas = Replicas(writers, keyspace, 0)
    owner = LeaseManager(
        writers,
        keyspace,
        BatchProcessor(writers, keyspace, pads, compaction, replicas, 3_000),
        pads,
        compaction,
        writer_id="me",
        lease_ms=3_000,
        batch_max=100,
    )
    running = asyncio.create_task(owner.run())
    await create(inbox, redis, keyspace, PAD)
    typist = Typist(PAD, "s", alone=True)
    await typist.submit(inbox)
    await all_settled_once(redis, keyspace, [typist])
    number = keyspace.partition_of(PAD)
    await eventually(lambda: not owner.lock(number).locked(), "nobody works on the pad")
    failing = Failing(writers, stores=stores)
    monkeypatch.setattr(writers.hot, "post", failing)
    failing.fails = True
    declined = asyncio.Event()
    submission = await next_of(typist, redis, keyspace)
    assert owner.take(
        DirectEdit(number, submission, lambda _: pytest.fail("it failed"), declined.set)
    )
    await asyncio.wait_for(declined.wait(), 30)
    await inbox.put(submission)
    await all_settled_once(redis, keyspace, [typist])
    owner.stop()
    await running
    await replicas.close()


async def next_of(typist: Typist, redis: Redis, keyspace: Keyspace) -> Submission:
    """Returns the typist's next submission, which follows the pad's head."""
    meta = await read_meta(redis, keyspace.pad(PAD))
    seq = len(typist.submitted) + 1
    token, pool = f"<{typist.session}.{seq}>", AttributePool()
    before = "".join(reversed(typist.submitted))
    changeset = make_splice(f"{before}{TEXT}\n", 0, 0, token, [("author", typist.author)], pool)
    typist.submitted.append(token)
    origin = Origin(typist.session, seq)
    apool = pool.to_jsonable()
    return Submission(PAD, origin, 1, meta.epoch, typist.author, meta.head, changeset, apool)
