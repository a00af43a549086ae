"""Tests that damaged keys of one pad affect only the people on it (I1, I2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.settling.batch_processor import BatchProcessor, Stuck
from padfleet.services.writer.storing import committer
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.channel_messages import Committed, decode_message
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Creation, Deletion, Entry, Fence, Submission
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.document import Document, load
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.records import Origin
from tests.eventually import eventually
from tests.streams import written_anew

AUTHOR = "a.typist"
LEASE_MS = 60_000
KEYSPACE = Keyspace(4)

GOOD = [n for n in (f"good-{i}" for i in range(100)) if KEYSPACE.partition_of(n) == 1][:3]
BAD = next(n for n in (f"bad-{i}" for i in range(100)) if KEYSPACE.partition_of(n) == 1)


@dataclass
class Writer:
    """One partition's writer without its process, on four pads."""

    redis: Redis
    pads: PadCache
    processor: BatchProcessor
    lease: leases.Lease
    told: list[Committed] = field(default_factory=list)
    entries: int = 0
    epochs: dict[str, int] = field(default_factory=dict)

    async def settle(self, *entries: Entry) -> None:
        """Settles the entries in one batch. Returns when the outcome of each has been announced."""
        received = []
        for entry in entries:
            self.entries += 1
            if isinstance(entry, Submission):
                # As a session does that has joined.
                entry = replace(entry, epoch=self.epochs[entry.pad])
            received.append(Received(f"{self.entries}-0", entry))
        self.lease = await self.processor.settle(self.processor.begin(self.lease, received))
        assert self.lease.position == f"{self.entries}-0"
        position = await self.redis.client.hget(KEYSPACE.state(1), "position")
        assert position == f"{self.entries}-0".encode(), "the partition has got past all of them"

    async def answers(self, *entries: Entry) -> list[str]:
        """Returns the answer to each entry."""
        await eventually(lambda: all(self._answer(entry.origin) for entry in entries))
        return [self._answer(entry.origin) for entry in entries]

    def _answer(self, origin: Origin) -> str:
        for message in self.told:
            if any(revision.origin == origin for revision in message.revisions):
                return "revision"
            for outcome in message.outcomes:
                if outcome.origin == origin:
                    return outcome.reason or outcome.kind
        return ""

    async def stored(self, pad: str) -> Document:
        """Reads the pad back. Raises if its parts do not fit together (I1)."""
        keys = KEYSPACE.pad(pad)
        meta = await read_meta(self.redis, keys)
        document = Document(meta.epoch)
        await load(self.redis, keys, meta, document)
        return document


@pytest.fixture
async def writer(redis: Redis) -> AsyncIterator[Writer]:
    pads = PadCache(redis, KEYSPACE, 100)
    keeping = Compaction(redis, KEYSPACE, snapshot_every=100, keep_revisions=2000)
    processor = BatchProcessor(
        redis, KEYSPACE, pads, keeping, Replicas(redis, KEYSPACE, 0), LEASE_MS
    )
    lease = await leases.acquire(redis, KEYSPACE, 1, "w", LEASE_MS)
    assert lease is not None
    made = Writer(redis, pads, processor, lease)

    def hear(_channel: str, data: bytes) -> None:
        message = decode_message(data)
        if isinstance(message, Committed):
            made.told.append(message)

    subscriber = Subscriber(redis, hear, lambda _channel: None)
    for pad in (*GOOD, BAD):
        await subscriber.subscribe(KEYSPACE.pad(pad).channel)
    creations = [Creation(pad, Origin(f"makes {pad}", 1), AUTHOR, "") for pad in (*GOOD, BAD)]
    await made.settle(*creations)
    await made.answers(*creations)
    for pad in (*GOOD, BAD):
        made.epochs[pad] = (await read_meta(redis, KEYSPACE.pad(pad))).epoch
    await made.settle(*(types(pad, 1, 0, "a") for pad in (*GOOD, BAD)))
    yield made
    await subscriber.close()


def types(pad: str, seq: int, base_rev: int, before: str) -> Submission:
    pool = AttributePool()
    text = "\n" if base_rev == 0 else before + "\n"
    changeset = make_splice(text, 0, 0, "a", [("author", AUTHOR)], pool)
    origin = Origin(f"types on {pad}", seq)
    return Submission(pad, origin, 1, 0, AUTHOR, base_rev, changeset, pool.to_jsonable())


DAMAGES: dict[str, Callable[[Redis, PadKeys], Awaitable[Any]]] = {
    "the meta is gone": lambda redis, pad: redis.client.delete(pad.meta),
    "the meta is no hash": lambda redis, pad: redis.client.set(pad.meta, "x"),
    "the head is no number": lambda redis, pad: redis.client.hset(pad.meta, "head", "x"),
    "the head is of long ago": lambda redis, pad: redis.client.hset(pad.meta, "head", "0"),
    "the chain is another": lambda redis, pad: redis.client.hset(pad.meta, "chain", "x"),
    "the stream is ahead": lambda redis, pad: redis.client.xadd(pad.revs, {"r": b""}, id="9-1"),
    "the stream is behind": lambda redis, pad: redis.client.xdel(pad.revs, "1-1"),
    "the stream is gone": lambda redis, pad: redis.client.delete(pad.revs),
    "the stream is no stream": lambda redis, pad: redis.client.set(pad.revs, "x"),
    "the fences are no hash": lambda redis, pad: redis.client.set(pad.fences, "x"),
}


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("what", DAMAGES)
async def test_I2_a_damaged_pad_is_refused_and_its_neighbours_go_on(
    what: str, in_memory: bool, writer: Writer
) -> None:
    """The script failed, the lease was dropped and taken, and the same batch came forever."""
    if what == "the fences are no hash":
        fence: Entry = Fence(BAD, Origin("f", 1), 1, AUTHOR)
    else:
        fence = types(BAD, 2, 1, "a")
    if not in_memory:
        writer.pads.forget(BAD)
    await DAMAGES[what](writer.redis, KEYSPACE.pad(BAD))
    first, second, third = (types(pad, 2, 1, "a") for pad in GOOD)
    await writer.settle(first, fence, second, types(BAD, 3, 1, "a"), third)
    assert await writer.answers(first, second, third) == ["revision"] * 3
    assert await writer.answers(fence) == ["corruptPad"]
    for pad in GOOD:
        assert (await writer.stored(pad)).head == 2
    # And so it stays, until somebody mends it.
    again: list[Entry] = [
        types(GOOD[0], 3, 2, "aa"),
        types(BAD, 4, 1, "a"),
        Deletion(BAD, Origin("d", 1), ""),
    ]
    await writer.settle(*again)
    assert await writer.answers(*again) == ["revision", "corruptPad", "corruptPad"]


async def test_a_pad_that_somebody_else_has_moved_on_is_read_again(writer: Writer) -> None:
    """The pad in memory is only a copy. The lease stays, and no submission is refused."""
    meta = KEYSPACE.pad(BAD).meta
    term = writer.lease.term
    kept = await writer.redis.client.dump(meta)
    assert kept is not None
    entry = types(BAD, 2, 1, "a")
    await writer.settle(entry)
    # As after a restore by hand of what was there before.
    await writer.redis.client.xdel(KEYSPACE.pad(BAD).revs, "2-1")
    await written_anew(writer.redis, KEYSPACE.pad(BAD).revs)
    await writer.redis.client.restore(meta, 0, kept, replace=True)
    neighbours = types(GOOD[0], 2, 1, "a")
    later = types(BAD, 3, 1, "a")
    await writer.settle(neighbours, later)
    assert await writer.answers(neighbours, later) == ["revision", "revision"]
    assert (await writer.stored(BAD)).head == 2
    assert writer.lease.term == term


async def test_a_fault_that_nobody_names_is_found_entry_by_entry(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what the script may stumble over some day."""
    real, calls = committer.Committer.commit, 0

    async def stumbles(self: Any, lease: Any, position: str, work: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        if BAD in work and work[BAD].head is not None:
            raise ZeroDivisionError
        return await real(self, lease, position, work)

    monkeypatch.setattr(committer.Committer, "commit", stumbles)
    before = [types(pad, 2, 1, "a") for pad in GOOD]
    bad = [types(BAD, 2, 1, "a"), types(BAD, 3, 1, "a")]
    after = [types(pad, 3, 2, "aa") for pad in GOOD]
    await writer.settle(*before, *bad, *after)
    assert await writer.answers(*before, *after) == ["revision"] * 6
    assert await writer.answers(*bad) == ["corruptPad"] * 2
    assert calls == 6, "the batch, four of single entries, and the rest"
    assert (await writer.stored(BAD)).head == 1, "nothing is done to it"


@pytest.mark.parametrize("command", ["xadd", "hset", "evalsha"])
async def test_what_is_forbidden_for_a_while_costs_nobody_an_edit(
    command: str, writer: Writer
) -> None:
    """Nobody's entries are to blame: they wait until it is allowed again."""
    entry = types(BAD, 2, 1, "a")
    client = writer.redis.client
    await client.execute_command("ACL", "SETUSER", "default", f"-{command}")
    try:
        with pytest.raises(Stuck, match=r"permissions|can't run"):
            await writer.settle(entry)
    finally:
        await client.execute_command("ACL", "SETUSER", "default", f"+{command}")
    writer.entries -= 1
    await writer.settle(entry)
    assert await writer.answers(entry) == ["revision"]
    assert (await writer.stored(BAD)).head == 2


async def test_a_state_key_of_a_wrong_type_is_nobody_s_fault_either(writer: Writer) -> None:
    state = KEYSPACE.state(1)
    kept = await writer.redis.client.dump(state)
    assert kept is not None
    await writer.redis.client.set(state, "x")
    entry = types(BAD, 2, 1, "a")
    with pytest.raises(Stuck, match="WRONGTYPE"):
        await writer.settle(entry)
    await writer.redis.client.restore(state, 0, kept, replace=True)
    writer.entries -= 1
    await writer.settle(entry)
    assert await writer.answers(entry) == ["revision"]
