"""Edits that a writer takes from the worker in its process, with a store that is made up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import pytest
import uvloop

from padfleet.services.writer.leases import direct
from padfleet.services.writer.leases.direct import DirectEdits
from padfleet.services.writer.leases.pacing import RoundPace
from padfleet.services.writer.leases.partition_lock import PartitionLock
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.services.writer.storing.committer import LeaseLost
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.local import DirectEdit
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.log.records import Origin
from tests.eventually import eventually


class Writer:
    """All that direct edits have to do with: holdings and processor."""

    def __init__(self) -> None:
        self.stopping = self.waits_for_replicas = self.is_on_cluster = False
        self.held = {p: Lease(p, 1, "7-0", "reign") for p in (1, 2)}
        self.lost: list[str] = []
        self.posts = True
        self.light: Callable[[Received], bool] = lambda _: True
        self.posted: list[list[list[int]]] = []
        """For each message, the seqs of each batch."""
        self.answers: list[asyncio.Future[list[Any]]] = []
        self.forgotten: list[int] = []  #: partitions of batches that were given up
        self.due: dict[str, Any] = {}  #: what compaction is due after each commit
        self.compacting = asyncio.Event()
        self.fault: Exception | None = None
        self.turn = self
        self.room = 1_000  #: how many entries a turn has room for
        self._locks = {p: PartitionLock() for p in self.held}

    # Holdings

    def lock(self, partition: int) -> PartitionLock:
        return self._locks[partition]

    def is_held(self, lease: Lease) -> bool:
        return lease.partition in self.held

    def moved(self, lease: Lease) -> None:
        assert lease.position == self.held[lease.partition].position

    def lose(self, lease: Lease, why: str) -> None:
        self.held.pop(lease.partition)
        self.lost.append(why)

    def is_stuck(self, lease: Lease, why: str) -> None:
        raise AssertionError(why)

    # Processor

    def begin(self, lease: Lease, received: list[Received]) -> Batch:
        batch = Batch(lease, received)
        while batch.taken < len(received) and self.light(received[batch.taken]):
            if self.is_over():
                break
            batch.taken += 1
            self.room -= 1
        return batch

    def is_over(self) -> bool:
        return self.room <= 0

    def post(self, batches: Sequence[Batch]) -> asyncio.Future[list[Any]] | None:
        if not self.posts:
            return None
        assert all(batch.position == batch.lease.position for batch in batches)
        self.posted.append([seqs_of(batch) for batch in batches])
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]

    def stored(self, batch: Batch, reply: Any) -> bool:
        if reply != b"ok":
            return False
        batch.stored(batch.lease)
        batch.upkeep = self.due
        return not self.due

    def begin_again(self, batch: Batch) -> None:
        self.forgotten.append(batch.lease.partition)

    async def settle(self, batch: Batch, _more: Any) -> Lease:
        await self.compacting.wait()
        if self.fault is not None:
            raise self.fault
        return batch.lease


def seqs_of(batch: Batch) -> list[int]:
    return [cast(Submission, received.entry).origin.seq for received in batch.received]


class Desk:
    """Hands edits over, and notes what has become of each."""

    def __init__(self, most: float = 0.0, count: int = 100) -> None:
        self.writer = Writer()
        self.pace = RoundPace(most)
        self.direct = DirectEdits(
            self.writer, cast(BatchProcessor, self.writer), self.pace, count=count
        )
        self.committed: dict[int, str] = {}
        self.declined: list[int] = []

    def hands_over(self, seq: int, partition: int = 1) -> bool:
        entry = Submission(f"p{partition}", Origin("s", seq), 1, 1, "a.me", 0, "Z:1>0$", {})
        return self.direct.take(
            DirectEdit(
                partition,
                entry,
                lambda position: self.committed.update({seq: position}),
                lambda: self.declined.append(seq),
            )
        )

    async def message(self, number: int = 1) -> asyncio.Future[list[Any]]:
        """Returns the answer that is expected to the message of this number."""
        await eventually(lambda: len(self.writer.answers) >= number, "it was sent")
        return self.writer.answers[number - 1]

    @property
    def locked(self) -> bool:
        return any(self.writer.lock(p).locked() for p in (1, 2))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await eventually(lambda: not made.locked, "all partitions are free again")


async def test_what_does_not_fit_into_a_turn_waits_for_another(desk: Desk) -> None:
    """In a node, somebody's flood held everybody on the worker, or went through the inbox."""
    for seq in range(1, 6):
        desk.hands_over(seq)
    desk.hands_over(9, partition=2)
    desk.writer.room = 3
    assert not (await desk.message()).done()
    assert desk.writer.posted == [[[1, 2, 3]]]
    desk.writer.room = 100

    def all_committed() -> bool:
        for answer, batches in zip(desk.writer.answers, desk.writer.posted, strict=True):
            if not answer.done():
                answer.set_result([b"ok"] * len(batches))
        return sorted(desk.committed) == [1, 2, 3, 4, 5, 9]

    await eventually(all_committed, "all are committed")
    assert desk.declined == []


async def test_I2_an_edit_is_committed_where_the_inbox_stands(desk: Desk) -> None:
    assert desk.hands_over(1)
    answer = await desk.message()
    assert desk.locked, "nobody else works on the partition"
    assert not desk.committed, "it is not known yet"
    answer.set_result([b"ok"])
    await eventually(lambda: desk.committed == {1: "7-0"}, "it has been committed")
    assert not desk.declined


async def test_edits_of_one_turn_share_a_message(desk: Desk) -> None:
    desk.hands_over(1, partition=1)
    desk.hands_over(2, partition=2)
    desk.hands_over(3, partition=1)
    (await desk.message()).set_result([b"ok", b"ok"])
    await eventually(lambda: len(desk.committed) == 3, "all are committed")
    assert sorted(desk.writer.posted[0]) == [[1, 3], [2]]


async def test_on_a_cluster_each_partition_has_a_message_of_its_own(desk: Desk) -> None:
    desk.writer.is_on_cluster = True
    desk.hands_over(1, partition=1)
    desk.hands_over(2, partition=2)
    for number in (1, 2):
        (await desk.message(number)).set_result([b"ok"])
    await eventually(lambda: len(desk.committed) == 2, "both are committed")
    assert sorted(desk.writer.posted) == [[[1]], [[2]]]


async def test_edits_gather_while_a_commit_is_under_way(desk: Desk) -> None:
    desk.hands_over(1)
    first = await desk.message()
    desk.hands_over(2)
    desk.hands_over(3)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(desk.writer.answers) == 1
    first.set_result([b"ok"])
    (await desk.message(2)).set_result([b"ok"])
    await eventually(lambda: len(desk.committed) == 3, "all are committed")
    assert desk.writer.posted == [[[1]], [[2, 3]]]


async def test_a_commit_has_a_largest_number_of_edits() -> None:
    desk = Desk(count=2)
    for seq in (1, 2, 3):
        desk.hands_over(seq)
    for number in (1, 2):
        (await desk.message(number)).set_result([b"ok"])
    await eventually(lambda: len(desk.committed) == 3, "all are committed")
    assert desk.writer.posted == [[[1, 2]], [[3]]]


# --- What goes through the inbox instead ---------------------------------------------------------


async def test_a_partition_that_is_not_held_is_not_its_own(desk: Desk) -> None:
    del desk.writer.held[1]
    assert not desk.hands_over(1)


@pytest.mark.parametrize("why", ["stopping", "waits_for_replicas"])
async def test_a_writer_that_has_to_wait_takes_nothing(desk: Desk, why: str) -> None:
    setattr(desk.writer, why, True)
    assert not desk.hands_over(1)


async def test_while_somebody_works_on_the_partition_for_long_edits_go_to_its_inbox(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "LOCK_PATIENCE", 0.001)
    async with desk.writer.lock(1):
        desk.hands_over(1)
        await eventually(lambda: desk.declined == [1], "it goes to the inbox")
        assert not desk.hands_over(2), "and so do all others as long as that takes"
        assert desk.hands_over(3, partition=2)
        (await desk.message()).set_result([b"ok"])
    await eventually(lambda: desk.hands_over(4), "the partition is free again")
    (await desk.message(2)).set_result([b"ok"])
    await eventually(lambda: sorted(desk.committed) == [3, 4], "both are committed")


async def test_edits_wait_for_somebody_elses_commit_and_are_then_committed(desk: Desk) -> None:
    await desk.writer.lock(1).acquire()
    for seq in (1, 2):
        desk.hands_over(seq)
        for _ in range(5):
            await asyncio.sleep(0)
    assert not desk.writer.posted
    desk.writer.lock(1).release()
    (await desk.message()).set_result([b"ok"])
    await eventually(lambda: list(desk.committed) == [1, 2], "they are committed together")
    assert not desk.declined


async def test_somebody_who_waits_for_the_partition_comes_first(desk: Desk) -> None:
    desk.hands_over(1)
    first = await desk.message()
    waiting = asyncio.create_task(desk.writer.lock(1).acquire())
    await asyncio.sleep(0)
    desk.hands_over(2)
    first.set_result([b"ok"])
    await waiting
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(desk.writer.posted) == 1
    desk.writer.lock(1).release()
    (await desk.message(2)).set_result([b"ok"])
    await eventually(lambda: list(desk.committed) == [1, 2], "both are committed")


async def test_edits_that_wait_for_a_writer_that_stops_go_to_the_inbox(desk: Desk) -> None:
    async with desk.writer.lock(1):
        desk.hands_over(1)
        for _ in range(5):
            await asyncio.sleep(0)
        desk.writer.stopping = True
    await eventually(lambda: desk.declined == [1], "it goes to the inbox")


async def test_a_lease_that_is_lost_meanwhile_sends_edits_to_the_inbox(desk: Desk) -> None:
    desk.hands_over(1)
    desk.writer.held.clear()
    await eventually(lambda: desk.declined == [1], "it goes to the inbox")
    assert not desk.writer.posted


async def test_what_is_not_light_goes_to_the_inbox(desk: Desk) -> None:
    desk.writer.light = lambda received: cast(Submission, received.entry).origin.seq not in (2, 3)
    for seq in (1, 2, 3, 4):
        desk.hands_over(seq)
    assert desk.hands_over(5, partition=2)
    (await desk.message()).set_result([b"ok", b"ok"])
    await eventually(lambda: sorted(desk.committed) == [1, 5], "the light ones are committed")
    (await desk.message(2)).set_result([b"ok"])
    await eventually(lambda: 4 in desk.committed, "it was behind them, and is light")
    assert desk.declined == [2, 3]


async def test_a_partition_with_nothing_light_is_free_at_once(desk: Desk) -> None:
    desk.writer.light = lambda _: False
    for seq in (1, 2):
        desk.hands_over(seq)
    await eventually(lambda: desk.declined == [1, 2], "they go to the inbox")
    assert not desk.locked


@pytest.mark.parametrize("reply", [b"term", ConnectionError("gone"), None])
async def test_I2_a_commit_that_is_not_known_to_be_stored_is_left_to_the_inbox(
    desk: Desk, reply: object
) -> None:
    desk.hands_over(1, partition=1)
    desk.hands_over(2, partition=2)
    answer = await desk.message()
    answer.set_result([reply, b"ok"])
    await eventually(lambda: len(desk.committed) == 1, "the other partition is not concerned")
    ((lost, kept),) = [[seqs[0] for seqs in desk.writer.posted[0]]]
    assert (desk.declined, list(desk.committed)) == ([lost], [kept])
    assert desk.writer.forgotten == [lost], "the pads in memory are ahead"


async def test_I2_a_commit_that_is_cancelled_is_left_to_the_inbox(desk: Desk) -> None:
    desk.hands_over(1)
    (await desk.message()).cancel()
    await eventually(lambda: desk.declined == [1], "it goes to the inbox")


async def test_what_cannot_be_sent_is_left_to_the_inbox(desk: Desk) -> None:
    desk.writer.posts = False
    desk.hands_over(1)
    await eventually(lambda: desk.declined == [1], "it goes to the inbox")
    assert desk.writer.forgotten == [1]


# --- Beside it -----------------------------------------------------------------------------------


async def test_compaction_comes_before_the_next_commit(desk: Desk) -> None:
    desk.writer.due = {"p1": None}
    desk.hands_over(1)
    (await desk.message()).set_result([b"ok"])
    await eventually(lambda: 1 in desk.committed, "nobody waits for it")
    desk.hands_over(2)
    assert desk.locked
    desk.writer.due = {}
    desk.writer.compacting.set()
    (await desk.message(2)).set_result([b"ok"])
    await eventually(lambda: 2 in desk.committed, "the partition is free again")


async def test_compaction_that_finds_the_lease_lost_frees_the_partition(desk: Desk) -> None:
    desk.writer.due, desk.writer.fault = {"p1": None}, LeaseLost("somebody else has it")
    desk.hands_over(1)
    (await desk.message()).set_result([b"ok"])
    desk.writer.compacting.set()
    await eventually(lambda: desk.writer.lost == ["somebody else has it"], "it is noticed")


async def test_a_busy_partition_pauses_between_two_commits_as_with_an_inbox() -> None:
    desk = Desk(most=3600.0)
    now = asyncio.get_running_loop().time()
    for _ in range(100):
        desk.pace.settled(now, {1: 100})
    assert desk.pace.wait(now, 1) > 0
    desk.hands_over(1)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not desk.writer.posted
    timer = desk.direct._later
    assert timer is not None
    assert desk.direct._later_at > now
    timer.cancel()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_edits_that_come_during_a_pause_of_less_than_a_millisecond_are_committed_after_it(
    run: Callable[[Any], None],
) -> None:
    """What uvloop returns for such a timer is none, and does not know when it is due: a worker
    failed on the second edit, and its author never had an answer."""

    async def pause() -> None:
        desk = Desk()
        waits = [0.0003, 0.0002, 0.0002, 0.0]
        cast(Any, desk.pace).wait = lambda _now, _partition: waits.pop(0) if waits[1:] else 0.0
        assert desk.hands_over(1)
        assert desk.hands_over(2)
        (await desk.message()).set_result([b"ok"])
        await eventually(lambda: list(desk.committed) == [1, 2], "both are committed")

    run(pause())


@pytest.mark.parametrize("kind", ["free", "taken", "wanted"])
async def test_a_lock_is_taken_at_once_or_not_at_all(kind: str) -> None:
    lock = PartitionLock()
    if kind == "taken":
        await lock.acquire()
    if kind == "wanted":
        await lock.acquire()
        waiting = asyncio.create_task(lock.acquire())
        await asyncio.sleep(0)
        lock.release()
        assert not lock.locked(), "it is free, but promised"
        assert not lock.take()
        await waiting
    else:
        assert lock.take() == (kind == "free")
    assert lock.locked()
    lock.release()
    assert lock.take()
