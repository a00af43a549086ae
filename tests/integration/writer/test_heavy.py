"""Tests that a slow edit makes only its own pad wait (I1, I2)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from padfleet.services.writer.leases.lease_manager import LeaseManager
from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.services.writer.storing.committer import LeaseLost
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Creation, Submission
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.heaviness import is_heavy
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.reading import read_carefully
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.pad.meta import inbox_order, read_meta
from padfleet.shared.log.records import Origin
from tests.eventually import eventually
from tests.neighbours import neighbour_of

BUSY = "busy"
LEASE_MS = 60_000
EDITS = 5


def changeset(units: int, count: int) -> str:
    ops = ("*0+1=1" * count).removesuffix("=1")
    return f"Z:{numeral(units)}>{numeral(count)}{ops}${'x' * count}"


@pytest.fixture
def neighbour(keyspace: Keyspace) -> str:
    return neighbour_of(keyspace, BUSY)


class Gate:
    """Heavy edits end when it is opened, and not before."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()
        self.holds = 1_000  #: so many of them; what comes then is let through


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made, submit = Gate(), WriterPad.submit

    def held(pad: WriterPad, submission: Submission, *args: Any, **named: Any) -> Any:
        if is_heavy(submission) and made.holds > 0:
            made.holds -= 1
            made.begun.set()
            assert made.open.wait(60)
        return submit(pad, submission, *args, **named)

    monkeypatch.setattr(WriterPad, "submit", held)
    yield made
    made.open.set()


class Partition:
    """The partition of both pads and its inbox."""

    def __init__(self, redis: Redis, keyspace: Keyspace, inbox: InboxWriter) -> None:
        self.redis, self.keyspace, self.inbox = redis, keyspace, inbox
        self.number = keyspace.partition_of(BUSY)
        self.stopping = False

    def processor(self, pads: PadCache | None = None) -> BatchProcessor:
        pads = pads or PadCache(self.redis, self.keyspace, 100)
        replicas = Replicas(self.redis, self.keyspace, 0)
        return BatchProcessor(
            self.redis, self.keyspace, pads, self.compaction(), replicas, LEASE_MS
        )

    def compaction(self) -> Compaction:
        return Compaction(self.redis, self.keyspace, snapshot_every=1000, keep_revisions=2000)

    async def lease(self, owner: str) -> Lease:
        taken = await leases.acquire(self.redis, self.keyspace, self.number, owner, LEASE_MS)
        assert taken is not None
        return taken

    async def is_taken_by(self, owner: str) -> None:
        """Takes the lease in one step, so that the writer that has it cannot renew it in
        between."""
        state, until = self.keyspace.state(self.number), int(time.time() * 1000) + LEASE_MS
        together: Any = self.redis.client.pipeline(transaction=True)
        together.hincrby(state, "term", 1)
        together.hset(state, mapping={"owner": owner, "until": until, "lease": LEASE_MS})
        await together.execute()

    async def read(self, behind: str | None, count: int = 100) -> list[Received] | None:
        if self.stopping:
            return None
        if behind is None:
            return []
        return await read_carefully(self.redis, self.keyspace, self.number, behind, count=count)

    async def settle(self, processor: BatchProcessor, lease: Lease, count: int = 100) -> Lease:
        received = await self.read(lease.position, count)
        assert received is not None
        return await processor.settle(processor.begin(lease, received), self.read)

    async def head(self, pad: str) -> int:
        return (await read_meta(self.redis, self.keyspace.pad(pad))).head

    async def has_head(self, pad: str, head: int) -> bool:
        return await self.head(pad) == head

    async def sessions(self, pad: str) -> list[str]:
        revisions = await read_revisions(self.redis, self.keyspace.pad(pad), 1, 1000)
        return [revision.origin.session for revision in revisions if revision.origin is not None]

    async def put(self, pad: str, session: str, count: int, seq: int = 1) -> None:
        epoch = (await read_meta(self.redis, self.keyspace.pad(pad))).epoch
        author = f"a.{session}"
        pool = {"numToAttrib": {"0": ["author", author]}, "nextNum": 1}
        text = changeset(30_001, count)
        await self.inbox.put(Submission(pad, Origin(session, seq), 1, epoch, author, 0, text, pool))

    async def waiting(self) -> int:
        position: Any = await self.redis.client.hget(self.keyspace.state(self.number), "position")
        behind = "(" + (position or b"0-0").decode()
        left: Any = await self.redis.client.xrange(self.keyspace.inbox(self.number), behind)
        return len(left)


@pytest.fixture
async def partition(
    redis: Redis, keyspace: Keyspace, inbox: InboxWriter, neighbour: str
) -> Partition:
    made = Partition(redis, keyspace, inbox)
    for pad in (BUSY, neighbour):
        await inbox.put(Creation(pad, Origin("creator", 1), "a.x", "x" * 30_000))
    return made


async def fill(partition: Partition, neighbour: str) -> None:
    """Puts two heavy edits of one pad into the inbox, with a light one between them, and a
    neighbour's edits after them."""
    await partition.put(BUSY, "heavy-1", 1000)
    await partition.put(BUSY, "light", 1)
    await partition.put(BUSY, "heavy-2", 1000)
    for number in range(EDITS):
        await partition.put(neighbour, f"n-{number}", 1)


@pytest.mark.parametrize("at_first", [1, 100], ids=["read on", "read at once"])
async def test_I2_others_are_settled_while_one_pad_is_busy_and_each_once(
    at_first: int, partition: Partition, neighbour: str, gate: Gate
) -> None:
    processor = partition.processor()
    lease = await partition.settle(processor, await partition.lease("me"))
    await fill(partition, neighbour)
    settling = asyncio.create_task(partition.settle(processor, lease, at_first))
    await eventually(partial(partition.has_head, neighbour, EDITS), "the neighbour goes on")
    assert gate.begun.is_set()
    assert not settling.done()
    assert await partition.head(BUSY) == 0
    assert await partition.waiting() == 3
    gate.open.set()
    lease = await settling
    assert await partition.sessions(BUSY) == ["heavy-1", "light", "heavy-2"]
    assert await partition.sessions(neighbour) == [f"n-{number}" for number in range(EDITS)]
    assert await partition.waiting() == 0
    state = partition.keyspace.state(partition.number)
    assert await partition.redis.client.hget(state, "position") == lease.position.encode()


async def test_I2_the_next_writer_finds_only_what_is_not_settled(
    partition: Partition, neighbour: str, gate: Gate
) -> None:
    processor = partition.processor()
    before = await partition.lease("me")
    before = await partition.settle(processor, before)
    await fill(partition, neighbour)
    settling = asyncio.create_task(partition.settle(processor, before))
    await eventually(partial(partition.has_head, neighbour, EDITS), "the neighbour goes on")
    await leases.release(partition.redis, partition.keyspace, before, "me")
    lease = await partition.lease("another")
    assert lease.position == before.position
    left = await partition.read(lease.position)
    assert left is not None
    assert [received.pad for received in left] == [BUSY] * 3
    gate.open.set()
    await partition.settle(partition.processor(), lease)
    with pytest.raises(LeaseLost):
        await settling
    assert await partition.sessions(BUSY) == ["heavy-1", "light", "heavy-2"]
    assert await partition.sessions(neighbour) == [f"n-{number}" for number in range(EDITS)]


async def test_I2_an_answer_that_gets_lost_settles_nothing_twice(
    partition: Partition, neighbour: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor = partition.processor()
    lease = await partition.settle(processor, await partition.lease("me"))
    await fill(partition, neighbour)
    real = scripts.Script.__call__
    lost: list[Any] = []

    async def call(script: scripts.Script, client: Any, keys: Any, args: Any) -> Any:
        answer = await real(script, client, keys, args)
        if script is scripts.COMMIT and not lost and " " in str(args[2]):
            lost.append(answer)
            raise ConnectionError("the answer got lost")
        return answer

    monkeypatch.setattr(scripts.Script, "__call__", call)
    settling = asyncio.create_task(partition.settle(processor, lease))
    await eventually(partial(partition.has_head, neighbour, EDITS), "the neighbour goes on")
    gate.open.set()
    await settling
    assert lost == [[b"ok"]]
    assert await partition.sessions(neighbour) == [f"n-{number}" for number in range(EDITS)]
    assert await partition.sessions(BUSY) == ["heavy-1", "light", "heavy-2"]


async def test_what_goes_wrong_out_of_turn_is_found_out_in_turn(
    partition: Partition, neighbour: str, gate: Gate
) -> None:
    """The neighbour's stream is of a wrong type: it is refused, and the busy pad is not."""
    processor = partition.processor()
    lease = await partition.settle(processor, await partition.lease("me"))
    await partition.redis.client.set(partition.keyspace.pad(neighbour).revs, "x")
    await fill(partition, neighbour)
    settling = asyncio.create_task(partition.settle(processor, lease))
    await eventually(gate.begun.is_set, "the heavy edit is under way")
    gate.open.set()
    await settling
    assert await partition.sessions(BUSY) == ["heavy-1", "light", "heavy-2"]
    assert list(processor.damages.recent()) == [neighbour]


async def test_a_writer_that_has_to_stop_starts_nothing_new(
    partition: Partition, neighbour: str, gate: Gate
) -> None:
    processor = partition.processor()
    lease = await partition.settle(processor, await partition.lease("me"))
    await fill(partition, neighbour)
    received = await partition.read(lease.position)
    assert received is not None
    partition.stopping = True
    after = await processor.settle(processor.begin(lease, received), partition.read)
    assert inbox_order(after.position) < inbox_order(received[0].id)
    assert not gate.begun.is_set()
    assert await partition.head(BUSY) == 0
    partition.stopping = False
    gate.open.set()
    await partition.settle(processor, after)
    assert await partition.sessions(BUSY) == ["heavy-1", "light", "heavy-2"]
    assert await partition.sessions(neighbour) == [f"n-{number}" for number in range(EDITS)]


async def test_I2_a_writer_that_stops_leaves_a_heavy_edit_to_its_successor(
    partition: Partition, neighbour: str, gate: Gate
) -> None:
    """The next writer may be the same one, which then loads the pad anew. Whatever the thread does
    to the old copy has no effect."""
    processor = partition.processor()
    lease = await partition.settle(processor, await partition.lease("me"))
    await fill(partition, neighbour)
    settling = asyncio.create_task(partition.settle(processor, lease))
    await eventually(partial(partition.has_head, neighbour, EDITS), "the neighbour goes on")
    partition.stopping = True
    after = await settling
    assert not gate.open.is_set()
    assert await partition.head(BUSY) == 0
    assert await partition.waiting() == 3
    partition.stopping, gate.holds = False, 0
    await partition.settle(processor, after)
    assert await partition.sessions(BUSY) == ["heavy-1", "light", "heavy-2"]
    assert await partition.sessions(neighbour) == [f"n-{number}" for number in range(EDITS)]
    assert await partition.waiting() == 0


async def test_a_cancelled_writer_does_not_wait_for_a_heavy_edit(
    partition: Partition, neighbour: str, gate: Gate
) -> None:
    processor = partition.processor()
    lease = await partition.settle(processor, await partition.lease("me"))
    await fill(partition, neighbour)
    for turns in range(40):
        gate.begun.clear()
        settling = asyncio.create_task(partition.settle(partition.processor(), lease))
        await eventually(gate.begun.is_set, "the heavy edit is under way")
        for _ in range(turns):
            await asyncio.sleep(0)
        settling.cancel()
        await asyncio.wait((settling,), timeout=30)
        assert settling.cancelled()
        gate.open.set()  # the threads are few
        gate.open.clear()
    assert await partition.head(BUSY) == 0


async def test_I2_a_writer_that_loses_its_lease_lets_go_of_a_heavy_edit_and_may_have_it_back(
    partition: Partition, neighbour: str, gate: Gate
) -> None:
    """The thread of the earlier term may still be running. It blocks nothing, and it does not cost
    the writer its new lease."""
    gate.holds = 1
    pads = PadCache(partition.redis, partition.keyspace, 100)
    owner = LeaseManager(
        partition.redis,
        partition.keyspace,
        partition.processor(pads),
        pads,
        partition.compaction(),
        writer_id="me",
        lease_ms=600,
        batch_max=100,
    )
    running = asyncio.create_task(owner.run())
    number = partition.number
    await eventually(lambda: number in owner.held, "the writer has the partition")
    await eventually(partial(partition.has_head, BUSY, 0), "the pad is made")
    await fill(partition, neighbour)
    await eventually(gate.begun.is_set, "the heavy edit is under way")
    before = owner.held[number]
    await partition.is_taken_by("another")
    await eventually(lambda: number not in owner.held, "the lease is known to be lost")
    await partition.redis.client.hset(partition.keyspace.state(number), "until", 0)
    await eventually(lambda: number in owner.held, "the writer has the partition again")
    after = owner.held[number]
    assert after.term > before.term

    async def all_settled() -> bool:
        return await partition.sessions(BUSY) == ["heavy-1", "light", "heavy-2"]

    await eventually(all_settled, "the edits are settled")
    assert await partition.sessions(neighbour) == [f"n-{number}" for number in range(EDITS)]
    assert not gate.open.is_set()
    assert owner.held[number].term == after.term
    owner.stop()
    await running
