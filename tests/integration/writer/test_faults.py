"""Faults inside a writer cost the entry that met them, and nobody else (I1, I2)."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import OutOfMemoryError

from padfleet.services.writer.pads.cache import PadAway, PadCache
from padfleet.services.writer.pads.fences import KEPT_MS
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.settling import batch_processor, entry_handler
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.services.writer.storing import compaction as compaction
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.channel_messages import Committed, decode_message
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Creation, Deletion, Entry, Fence, Submission
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.inboxes.received import Received, UnreadEntry
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.outcomes import AWAY
from padfleet.shared.log.pad.document import Document, load
from padfleet.shared.log.pad.history import HistoryGap
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.records import Origin
from tests.eventually import eventually

PAD = "faulty"
AUTHOR = "a.typist"
LEASE_MS = 60_000


@dataclass
class Writer:
    """One partition's writer without its process: what it does with entries, and what is told."""

    redis: Redis
    keyspace: Keyspace
    pads: PadCache
    processor: BatchProcessor
    lease: leases.Lease
    told: list[Committed] = field(default_factory=list)
    entries: int = 0
    epoch: int = 0  #: of the history that what is submitted is for

    async def settle(self, *entries: Entry) -> None:
        """Settles the entries in one batch. Returns when the outcomes have been announced."""
        told, received = len(self.told), []
        for entry in entries:
            self.entries += 1
            if isinstance(entry, Submission):
                entry = replace(entry, epoch=self.epoch)
            received.append(Received(f"{self.entries}-0", entry))
        self.lease = await self.processor.settle(self.processor.begin(self.lease, received))
        await eventually(lambda: len(self.told) > told)

    @property
    def outcomes(self) -> list[tuple[int, str, str]]:
        return [(o.origin.seq, o.kind, o.reason) for told in self.told for o in told.outcomes]

    async def stored(self) -> Document:
        """Reads the pad back. Raises if its parts do not fit together (I1)."""
        keys = self.keyspace.pad(PAD)
        meta = await read_meta(self.redis, keys)
        document = Document(meta.epoch)
        await load(self.redis, keys, meta, document)
        return document


@pytest.fixture
async def writer(redis: Redis, keyspace: Keyspace) -> AsyncIterator[Writer]:
    pads = PadCache(redis, keyspace, 100)
    keeping = Compaction(redis, keyspace, snapshot_every=2, keep_revisions=2000)
    replicas = Replicas(redis, keyspace, 0)
    processor = BatchProcessor(redis, keyspace, pads, keeping, replicas, LEASE_MS)
    lease = await leases.acquire(redis, keyspace, keyspace.partition_of(PAD), "w", LEASE_MS)
    assert lease is not None
    made = Writer(redis, keyspace, pads, processor, lease)

    def hear(_channel: str, data: bytes) -> None:
        message = decode_message(data)
        if isinstance(message, Committed):
            made.told.append(message)
            made.epoch = message.epoch

    subscriber = Subscriber(redis, hear, lambda _channel: None)
    await subscriber.subscribe(keyspace.pad(PAD).channel)
    await made.settle(Creation(PAD, Origin("creator", 1), AUTHOR, ""))
    made.told.clear()
    yield made
    await subscriber.close()


def types(seq: int, base_rev: int, text: str, before: str) -> Submission:
    pool = AttributePool()
    changeset = make_splice(before + "\n", 0, 0, text, [("author", AUTHOR)], pool)
    origin = Origin("s", seq)
    return Submission(PAD, origin, 1, 0, AUTHOR, base_rev, changeset, pool.to_jsonable())


async def test_what_is_kept_of_who_came_back_is_that_of_a_day(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every author who ever came back left a fence in the pad permanently."""
    client: Any = writer.redis.client
    fences = writer.keyspace.pad(PAD).fences
    await writer.settle(*(Fence(PAD, Origin(f"f{n}", 1), 7, f"a.{n}") for n in range(20)))
    assert len(await client.hgetall(fences)) == 20
    later = SimpleNamespace(
        time=lambda: time.time() + KEPT_MS / 1000 + 60,
        time_ns=time.time_ns,
        perf_counter=time.perf_counter,
    )
    monkeypatch.setattr(entry_handler, "time", later)
    again, stranger = Fence(PAD, Origin("g", 1), 8, "a.3"), Fence(PAD, Origin("h", 1), 9, "a.99")
    await writer.settle(again, stranger)
    assert await client.hgetall(fences) == {b"a.3": b"8", b"a.99": b"9"}
    assert [kind for _, kind, _ in writer.outcomes] == ["done"] * 22


@pytest.mark.parametrize("first", ["submission", "unreadable"])
async def test_I2_authors_on_a_pad_that_cannot_be_loaded_are_asked_to_retry(
    writer: Writer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, first: str
) -> None:
    """The second submission of a batch was told that the pad is damaged, and the log told the
    operators the same."""

    async def away(_pad: str, *, far: bool = True) -> WriterPad:
        raise PadAway("the cold store does not answer")

    writer.pads.forget(PAD)
    monkeypatch.setattr(writer.pads, "get", away)
    received = []
    for seq in (2, 3, 4):
        writer.entries += 1
        edit = types(seq, 0, f"{seq}", "")
        received.append(Received(f"{writer.entries}-0", edit))
    if first == "unreadable":
        unread = UnreadEntry("form", "its changeset", 1, PAD, Origin("s", 2))
        received[0] = received[0]._replace(entry=None, unread=unread)
    batch = writer.processor.begin(writer.lease, received)
    writer.lease = await writer.processor.settle(batch)
    await eventually(lambda: len(writer.outcomes) == 3)
    reasons = [reason for _, _, reason in writer.outcomes]
    assert reasons[1:] == [AWAY, AWAY]
    assert reasons[0] == ("badChangeset" if first == "unreadable" else AWAY)
    assert [record.msg for record in caplog.records if record.msg == "corrupt pad"] == []
    assert writer.processor.damages.recent() == {}


class Once:
    """Stands for a method, and fails at one of the calls."""

    def __init__(self, real: Any, at: int) -> None:
        self.real, self.left = real, at

    def __get__(self, instance: Any, _owner: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise ZeroDivisionError
            return self.real(instance, *args, **named)

        return call


@pytest.mark.parametrize("where", ["_correction", "_append", "advance"])
async def test_I1_I2_a_fault_in_the_middle_of_a_submission_leaves_memory_and_history_alike(
    where: str, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pad in memory had moved, and its record was thrown away with the entry: what was stored
    then named a head that was not in the stream."""
    monkeypatch.setattr(batch_processor, "take_light", lambda *_: None)
    monkeypatch.setattr(WriterPad, where, Once(getattr(WriterPad, where), at=2))
    faulty = types(2, 1, "b", "a")
    await writer.settle(types(1, 0, "a", ""), faulty, faulty, types(3, 1, "c", "a"))
    assert writer.outcomes == [(2, "refused", "badChangeset")], "once, though it stood there twice"
    document = await writer.stored()
    assert document.head == 2
    assert sorted(document.atext.text) == ["\n", "a", "c"]
    await writer.settle(types(4, 2, "d", document.atext.text[:-1]))
    assert (await writer.stored()).head == 3


@pytest.mark.parametrize("where", ["_correction", "_append", "advance"])
async def test_I1_I2_a_fault_where_all_was_to_be_taken_at_once(
    where: str, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was taken together with it is stored, and everything is taken again. So no
    submission has to be refused in case it does not come again."""
    monkeypatch.setattr(WriterPad, where, Once(getattr(WriterPad, where), at=2))
    faulty = types(2, 1, "b", "a")
    await writer.settle(types(1, 0, "a", ""), faulty, faulty, types(3, 1, "c", "a"))
    assert writer.outcomes == []
    document = await writer.stored()
    assert document.head == 3
    assert sorted(document.atext.text) == ["\n", "a", "b", "c"]
    await writer.settle(types(4, 3, "d", document.atext.text[:-1]))
    assert (await writer.stored()).head == 4


async def test_a_pad_that_cannot_be_loaded_again_is_left_as_it_is_stored(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_processor, "take_light", lambda *_: None)
    monkeypatch.setattr(WriterPad, "_correction", Once(WriterPad._correction, at=2))
    monkeypatch.setattr(WriterPad, "replay", Once(WriterPad.replay, at=1))
    await writer.settle(types(1, 0, "a", ""), types(2, 1, "b", "a"), types(3, 1, "c", "a"))
    assert [outcome[:2] for outcome in writer.outcomes] == [(2, "refused"), (3, "refused")]
    assert (await writer.stored()).head == 1
    await writer.settle(types(4, 1, "d", "a"))
    assert (await writer.stored()).head == 2


@pytest.mark.parametrize("kind", ["submission", "deletion"])
@pytest.mark.parametrize("what", ["history", "meta"])
async def test_I2_an_entry_of_a_pad_that_cannot_be_read_is_refused(
    kind: str, what: str, writer: Writer
) -> None:
    """It is refused for whatever reason, and the next entries of the partition get their turn."""
    await writer.settle(types(1, 0, "a", ""), types(2, 1, "b", "a"))
    keys = writer.keyspace.pad(PAD)
    if what == "history":
        await writer.redis.client.set(keys.snap, b"\xc1 is no msgpack")
        await writer.redis.client.xdel(keys.revs, "1-1")
    else:
        await writer.redis.client.hset(keys.meta, "head", "two")
    writer.pads.forget(PAD)
    entry: Entry = types(3, 2, "c", "ba")
    if kind == "deletion":
        entry = Deletion(PAD, Origin("s", 3), AUTHOR)
    await writer.settle(entry)
    assert [outcome[:2] for outcome in writer.outcomes] == [(3, "refused")]
    assert writer.lease.position == f"{writer.entries}-0"


@pytest.mark.parametrize("fault", [HistoryGap("x"), zlib.error("x"), OutOfMemoryError("x")])
async def test_a_fault_in_upkeep_does_not_cost_the_lease(
    fault: Exception, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes after the commit, and can be done later. Each commit of such a pad once threw the
    lease of its partition away."""
    attempts = 0

    async def fails(*_arguments: Any) -> None:
        nonlocal attempts
        attempts += 1
        raise fault

    monkeypatch.setattr(compaction.Compaction, "_snapshot", fails)
    await writer.settle(types(1, 0, "a", ""))
    await writer.settle(types(2, 1, "b", "a"))
    await writer.settle(types(3, 2, "c", "ba"))
    assert attempts == 2
    assert (await writer.stored()).head == 3
