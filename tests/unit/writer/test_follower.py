"""Rounds of a writer, with inboxes and a store that are made up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from padfleet.services.writer.leases.follower import Follower
from padfleet.services.writer.leases.inboxes import Inboxes
from padfleet.services.writer.leases.pacing import RoundPace
from padfleet.services.writer.leases.partition_lock import PartitionLock
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.settling.batch_processor import BatchProcessor, Stuck
from padfleet.services.writer.storing.committer import LeaseLost
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.received import Received
from tests.eventually import eventually

LEASE = Lease(3, 1, "0-0", "reign")


class Writer:
    """All that a follower has to do with: holdings, inboxes and processor."""

    def __init__(self, *, posts: bool = True) -> None:
        self.posts = posts
        self.stopping = False
        self.held = {3: LEASE}
        self.lost: list[str] = []
        self.stuck: list[str] = []
        self.reads: list[dict[int, str]] = []
        self.wholes: list[bool] = []
        self.settled: list[str] = []  #: what has taken the long way, up to which position
        self.fault: Exception | None = None  #: of the long way
        self.light: Callable[[list[Received]], bool] = lambda _: True
        self._lock = PartitionLock()
        self._entries: asyncio.Queue[list[Received]] = asyncio.Queue()
        self.answers: list[asyncio.Future[list[Any]]] = []
        self.behind: list[list[Received]] = []  #: what reads of one inbox find, one after the other
        self.beyonds: list[str] = []  #: and where they began
        self.may_settle = asyncio.Event()
        self.may_settle.set()

    # Holdings

    def lock(self, _partition: int) -> PartitionLock:
        return self._lock

    def is_held(self, lease: Lease) -> bool:
        return lease.partition in self.held

    def moved(self, lease: Lease) -> None:
        self.held[lease.partition] = lease

    def lose(self, lease: Lease, why: str) -> None:
        self.lost.append(why)

    def is_stuck(self, lease: Lease, why: str) -> None:
        self.stuck.append(why)

    # Inboxes

    def bring(self, *ids: str) -> None:
        self._entries.put_nowait([Received(name, None) for name in ids])

    async def next(
        self, positions: dict[int, str], _seconds: float, *, whole: bool
    ) -> dict[int, list[Received]]:
        self.reads.append(positions)
        self.wholes.append(whole)
        received = await self._entries.get()
        return {3: received} if received else {}

    async def beyond(self, _partition: int, position: str) -> list[Received]:
        self.beyonds.append(position)
        return self.behind.pop(0) if self.behind else []

    # Processor

    def begin(self, lease: Lease, received: list[Received]) -> Batch:
        batch = Batch(lease, received)
        if self.light(received):
            batch.taken = len(received)
        return batch

    def post(self, batches: Sequence[Batch]) -> asyncio.Future[list[Any]] | None:
        if not self.posts:
            return None
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]

    def stored(self, batch: Batch, reply: Any) -> bool:
        if reply == b"ok":
            batch.stored(batch.lease._replace(position=batch.position))
        return bool(reply == b"ok")

    async def settle(self, batch: Batch, _more: Any) -> Lease:
        await asyncio.sleep(0)
        await self.may_settle.wait()
        if self.fault is not None:
            raise self.fault
        batch.taken = len(batch.received)
        self.settled.append(batch.position)
        return batch.lease._replace(position=batch.position)


def follow(writer: Writer, missing: Sequence[int] = ()) -> asyncio.Task[None]:
    follower = Follower(
        [*writer.held, *missing],
        writer,
        cast(BatchProcessor, writer),
        cast(Inboxes, writer),
        RoundPace(0),
    )
    return asyncio.create_task(follower.follow())


async def left_out() -> tuple[Writer, asyncio.Task[None]]:
    """Returns a writer whose inbox 4 is being read, while a batch of 3 takes longer than a
    round."""
    writer = Writer(posts=False)
    writer.held[4] = LEASE._replace(partition=4)
    writer.may_settle.clear()
    task = follow(writer)
    writer.bring("1-0")
    await eventually(lambda: len(writer.reads) == 2)
    assert set(writer.reads[1]) == {4}, "3 is left out"
    return writer, task


async def ended(writer: Writer, task: asyncio.Task[None]) -> None:
    writer.stopping = True
    writer.bring()
    await task
    assert not writer._lock.locked()


async def test_I2_the_next_entries_are_asked_for_behind_those_that_are_on_their_way() -> None:
    writer = Writer()
    task = follow(writer)
    writer.bring("1-0", "2-0")
    await eventually(lambda: len(writer.reads) == 2)
    assert writer.reads == [{3: "0-0"}, {3: "2-0"}]
    assert writer.held[3].position == "0-0", "it is not known yet"
    assert writer._lock.locked()
    writer.bring("3-0")
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(writer.answers) == 1, "it has to be known before the next are begun"
    writer.answers[0].set_result([b"ok"])
    await eventually(lambda: len(writer.answers) == 2)
    assert writer.held[3].position == "2-0"
    writer.answers[1].set_result([b"ok"])
    await ended(writer, task)
    assert writer.held[3].position == "3-0"
    assert not writer.lost


@pytest.mark.parametrize("missing", [[], [4]])
async def test_a_read_that_leaves_out_a_partition_is_not_called_whole(missing: list[int]) -> None:
    """Such a read must not take long: the partition may be taken meanwhile."""
    writer = Writer()
    task = follow(writer, missing)
    await eventually(lambda: len(writer.reads) == 1)
    await ended(writer, task)
    assert writer.wholes == [not missing]


async def test_I2_an_answer_that_came_with_the_next_entries_is_taken_before_them() -> None:
    """When the callback was still pending, it took the entries that were posted next for the ones
    that it was about."""
    writer = Writer()
    task = follow(writer)
    for number in range(1, 30):
        writer.bring(f"{number}-0")
        await eventually(lambda number=number: len(writer.answers) == number)  # type: ignore[misc]
        await eventually(lambda number=number: len(writer.reads) == number + 1)  # type: ignore[misc]
        writer.answers[-1].set_result([b"ok"])  # in one turn with what comes next
    await ended(writer, task)
    assert writer.held[3].position == "29-0"
    assert not writer.lost


async def test_I2_a_batch_that_cannot_be_posted_is_settled_and_later_reads_are_discarded() -> None:
    writer = Writer()
    task = follow(writer)
    writer.bring("1-0")
    await eventually(lambda: len(writer.reads) == 2)
    writer.answers[0].set_result([ConnectionError("away")])
    writer.bring("2-0")  # may be begun only once the other is settled, and read again then
    await eventually(lambda: writer.held[3].position != "0-0")
    assert writer.settled == ["1-0"]
    writer.bring("2-0")
    await eventually(lambda: len(writer.answers) == 2 or len(writer.settled) == 2)
    if len(writer.answers) == 2:
        writer.answers[1].set_result([b"ok"])
    await eventually(lambda: writer.held[3].position == "2-0")
    await ended(writer, task)
    assert not writer.lost


@pytest.mark.parametrize("posts", [True, False])
async def test_what_is_not_light_or_cannot_be_posted_is_a_task(posts: bool) -> None:
    writer = Writer(posts=posts)
    writer.light = lambda _: not posts
    task = follow(writer)
    writer.bring("1-0")
    await eventually(lambda: writer.settled == ["1-0"])
    assert not writer.answers
    await eventually(lambda: writer.held[3].position == "1-0")
    await ended(writer, task)


@pytest.mark.parametrize(
    ("fault", "lost", "stuck"),
    [
        (LeaseLost("another's"), ["another's"], []),
        (Stuck("forbidden"), [], ["forbidden"]),
        (ZeroDivisionError("ours"), ["fault"], []),
    ],
)
async def test_I2_a_batch_that_fails_to_settle_loses_the_lease_or_is_stuck(
    fault: Exception, lost: list[str], stuck: list[str]
) -> None:
    writer = Writer(posts=False)
    writer.fault = fault
    task = follow(writer)
    writer.bring("1-0")
    await eventually(lambda: bool(writer.lost or writer.stuck))
    assert (writer.lost, writer.stuck) == (lost, stuck)
    assert writer.held[3].position == "0-0"
    await ended(writer, task)


async def test_a_partition_that_takes_a_moment_longer_is_left_out_of_no_read() -> None:
    """A read without it lasts for 250 ms where nobody else types: so long an edit waited whenever
    its pad was looked after."""
    writer = Writer()
    writer.held[4] = LEASE._replace(partition=4)
    task = follow(writer)
    for number in range(1, 6):
        writer.bring(f"{number}-0")
        await eventually(lambda number=number: len(writer.answers) == number)  # type: ignore[misc]
        writer.answers[-1].set_result([ConnectionError("away")])
        # Meanwhile the next are asked for already, and come to nothing.
        await eventually(lambda number=number: len(writer.settled) == number)  # type: ignore[misc]
        writer.bring()
    await eventually(lambda: writer.held[3].position == "5-0")
    assert all(set(read) == {3, 4} for read in writer.reads)
    await ended(writer, task)


async def test_a_partition_with_much_work_reads_on_while_the_others_are_read() -> None:
    """The read of the others lasts for 250 ms where nobody types on them. With batches that took
    60 ms, a writer slept for three quarters of the time, and its inbox grew."""
    writer, task = await left_out()
    writer.behind = [[Received("2-0", None)], [Received("3-0", None)]]
    writer.may_settle.set()
    await eventually(lambda: writer.held[3].position == "3-0")
    await eventually(lambda: writer.beyonds == ["1-0", "2-0", "3-0"])
    assert len(writer.reads) == 2, "that read still waits"
    await ended(writer, task)
    assert writer.settled == ["1-0", "2-0", "3-0"]


@pytest.mark.parametrize("fault", [Stuck("forbidden"), LeaseLost("another's")])
async def test_a_partition_that_fails_while_it_reads_on_is_left_to_the_next_round(
    fault: Exception,
) -> None:
    writer, task = await left_out()
    writer.behind = [[Received("2-0", None)], [Received("2-0", None)]]
    writer.fault = fault
    writer.may_settle.set()
    await eventually(lambda: bool(writer.lost or writer.stuck))
    writer.bring()
    await eventually(lambda: len(writer.reads) == 3)
    assert set(writer.reads[2]) == {3, 4}
    assert len(writer.beyonds) == 1, "what cannot be stored is not tried over and over"
    await ended(writer, task)


async def test_I2_a_writer_that_is_told_to_end_leaves_nothing_locked() -> None:
    writer = Writer()
    task = follow(writer)
    writer.bring("1-0")
    await eventually(lambda: len(writer.reads) == 2)
    assert writer._lock.locked()
    _ = task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: not writer._lock.locked())
    assert writer.lost == ["it was cancelled"]


async def test_a_partition_that_somebody_looks_after_waits_for_him() -> None:
    writer = Writer(posts=False)
    async with writer._lock:
        task = follow(writer)
        writer.bring("1-0")
        await eventually(lambda: len(writer.reads) == 1)
        await asyncio.sleep(0)
        assert not writer.settled
    await eventually(lambda: writer.settled == ["1-0"])
    await ended(writer, task)


@pytest.mark.parametrize("looked_after", [False, True])
async def test_I2_entries_read_after_an_outdated_position_are_discarded(
    looked_after: bool,
) -> None:
    """Its lease was lost and taken again meanwhile, by way of another writer."""
    writer = Writer(posts=False)
    if looked_after:
        await writer._lock.acquire()
    task = follow(writer)
    await eventually(lambda: len(writer.reads) == 1)
    writer.held[3] = LEASE._replace(term=3, position="5-0")
    writer.bring("1-0")
    await asyncio.sleep(0)
    if looked_after:
        writer._lock.release()
    await eventually(lambda: len(writer.reads) == 2)
    assert writer.reads[1] == {3: "5-0"}
    assert not writer.settled
    await ended(writer, task)
