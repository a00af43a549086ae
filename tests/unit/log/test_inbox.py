"""Entries on their way into the inboxes, on a Redis that is made up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis.exceptions import ClusterDownError

from padfleet.shared.log.connection import retry
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Deletion, Submission, decode_entry
from padfleet.shared.log.inboxes import inbox as inbox_module
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.limits import ENTRY_BYTES, EditTooLarge, PadLimits
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.records import Origin
from tests.eventually import eventually

PARTITIONS = 32


class Cluster:
    """Takes entries, but for those of inboxes whose server is away."""

    def __init__(self, *, quick: bool) -> None:
        """Makes a cluster. With `quick`, entries can be posted to it without waiting."""
        self.quick = quick
        self.away: set[str] = set()
        self.taken: list[tuple[str, bytes]] = []
        self.posts: list[int] = []  #: how many entries were in each
        self.answers: list[tuple[asyncio.Future[list[Any]], list[Any]]] = []  #: until `answer`
        self.at_once = True  #: answers come by themselves

    def post(self, commands: Sequence[Any]) -> asyncio.Future[list[Any]] | None:
        if not self.quick:
            return None
        self.posts.append(len(commands))
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        replies = [self._add(key, data) for _xadd, key, _id, _field, data in commands]
        self.answers.append((answer, replies))
        if self.at_once:
            asyncio.get_running_loop().call_soon(self.answer)
        return answer

    def answer(self) -> None:
        answers, self.answers = self.answers, []
        for answer, replies in answers:
            answer.set_result(replies)

    async def exchange(self, commands: Sequence[Any], *, attempts: int) -> list[Any]:
        assert attempts == 1
        await asyncio.sleep(0)
        return [self._add(key, data) for _xadd, key, _id, _field, data in commands]

    def _add(self, key: str, data: bytes) -> Any:
        if key in self.away:
            return ClusterDownError("CLUSTERDOWN")
        self.taken.append((key, data))
        return b"%d-0" % len(self.taken)


@pytest.fixture(params=["quick", "slow"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    return Cluster(quick=request.param == "quick")


@pytest.fixture
def keyspace() -> Keyspace:
    return Keyspace(PARTITIONS)


@pytest.fixture
async def inbox(
    cluster: Cluster, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[InboxWriter]:
    monkeypatch.setattr(retry, "pause_after", lambda *_: 0.001)
    redis = SimpleNamespace(hot=cluster, is_cluster=True, auto_pipeline=None)
    opened = InboxWriter(cast(Redis, redis), keyspace, timeout=30)
    yield opened
    await opened.close()


def entry(keyspace: Keyspace, partition: int, seq: int = 1) -> Deletion:
    numbers = (f"n{number}" for number in range(10_000))
    pad = next(name for name in numbers if keyspace.partition_of(name) == partition)
    return Deletion(pad, Origin("s", seq), "a.x")


async def test_a_server_that_is_away_does_not_hold_up_entries_for_the_others(
    cluster: Cluster, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    """The fail-over of one shard once stopped the edits of every pad. What fails is repeated before
    anything newer is sent."""
    cluster.away = {keyspace.inbox(0)}
    waits = asyncio.create_task(inbox.put(entry(keyspace, 0)))
    async with asyncio.timeout(10):  # it would be given up after 30
        for partition in range(PARTITIONS // 2, PARTITIONS):
            await inbox.put(entry(keyspace, partition))
    assert not waits.done()
    cluster.away.clear()
    assert await waits


async def test_entries_of_a_partition_keep_their_order_while_some_fail(
    cluster: Cluster, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    cluster.away = {keyspace.inbox(3)}
    puts = [asyncio.create_task(inbox.put(entry(keyspace, 3, seq))) for seq in range(1, 6)]
    await asyncio.sleep(0)
    late = asyncio.create_task(inbox.put(entry(keyspace, 3, 6)))
    for _ in range(10):
        await asyncio.sleep(0)
    cluster.away.clear()
    await asyncio.gather(*puts, late)
    found = [decode_entry(data).origin.seq for _, data in cluster.taken]
    assert found == [1, 2, 3, 4, 5, 6]


class Receipts(list[str]):
    """That of an edit, which nobody waits for."""

    def done(self) -> bool:
        return bool(self)

    def set_result(self, entry_id: str, /) -> None:
        self.append(entry_id)

    def set_exception(self, error: Exception, /) -> None:
        self.append(repr(error))


def types(keyspace: Keyspace, partition: int, seq: int) -> Submission:
    pad = entry(keyspace, partition).pad
    return Submission(pad, Origin("s", seq), 1, 1, "a.x", 0, "Z:1>0$", {"numToAttrib": {}})


async def test_what_comes_in_one_turn_leaves_in_one_message_and_the_next_waits_for_its_answer(
    keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "pause_after", lambda *_: 0.001)
    cluster = Cluster(quick=True)
    cluster.at_once = False
    redis = SimpleNamespace(hot=cluster, is_cluster=False, auto_pipeline=None)
    inbox = InboxWriter(cast(Redis, redis), keyspace, timeout=30)
    receipts = [Receipts() for _ in range(6)]
    for seq in (1, 2, 3):
        assert inbox.offer(types(keyspace, seq, seq), receipts[seq - 1])
    await asyncio.sleep(0)
    assert cluster.posts == [3]
    await asyncio.sleep(0)
    for seq in (4, 5):
        assert inbox.offer(types(keyspace, seq, seq), receipts[seq - 1])
    await asyncio.sleep(0)
    assert cluster.posts == [3], "one batch at a time"
    cluster.answer()
    await eventually(lambda: all(receipts[:3]))
    assert cluster.posts == [3, 2]
    assert inbox.offer(types(keyspace, 6, 6), receipts[5])
    cluster.answer()
    await eventually(lambda: all(receipts[:5]))
    assert cluster.posts == [3, 2, 1]
    cluster.answer()
    await eventually(lambda: all(receipts))
    assert [receipt[0] for receipt in receipts] == [f"{number}-0" for number in range(1, 7)]
    await inbox.close()


async def test_I2_entries_that_failed_are_repeated_before_anything_newer(
    keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "pause_after", lambda *_: 0.001)
    cluster = Cluster(quick=True)
    redis = SimpleNamespace(hot=cluster, is_cluster=False, auto_pipeline=None)
    inbox = InboxWriter(cast(Redis, redis), keyspace, timeout=30)
    receipts = [Receipts() for _ in range(4)]
    cluster.away = {keyspace.inbox(3)}
    assert inbox.offer(types(keyspace, 3, 1), receipts[0])
    assert inbox.offer(types(keyspace, 7, 1), receipts[1])
    await asyncio.sleep(0)
    assert inbox.offer(types(keyspace, 3, 2), receipts[2])
    await eventually(lambda: bool(receipts[1]), "what did not fail is in its inbox")
    assert inbox.offer(types(keyspace, 3, 3), receipts[3])
    assert not receipts[0]
    cluster.away.clear()
    await eventually(lambda: all(receipts))
    found = [decode_entry(d).origin.seq for key, d in cluster.taken if key == keyspace.inbox(3)]
    assert found == [1, 2, 3]
    assert cluster.posts == [2], "until all of it is there, the rest goes the same way"
    receipts.append(Receipts())
    assert inbox.offer(types(keyspace, 3, 4), receipts[-1])
    await eventually(lambda: len(cluster.posts) == 2, "and then the quick one")
    await inbox.close()


async def test_only_a_plain_entry_may_do_without_an_inbox(keyspace: Keyspace) -> None:
    cluster = Cluster(quick=True)
    redis = SimpleNamespace(hot=cluster, is_cluster=False, auto_pipeline=None)
    inbox = InboxWriter(cast(Redis, redis), keyspace, timeout=30, limits=PadLimits(100, 10))
    plain = types(keyspace, 1, 1)
    assert inbox.is_plain(plain)
    long = replace(plain, changeset="Z:1>0$" + "x" * 1_000)
    assert not inbox.is_plain(long), "it may take a while"
    bold = replace(plain, pool={"numToAttrib": {"0": ["bold", "x" * ENTRY_BYTES]}})
    assert not inbox.is_plain(bold), "it would be stored beside the inbox"
    with pytest.raises(EditTooLarge, match="code units"):
        inbox.is_plain(replace(plain, changeset="Z:1>zzzz+1$"))
    inbox._turns[plain.pad] = cast(Any, None)
    assert not inbox.is_plain(plain), "something large is on its way"
    await inbox.close()


@pytest.mark.parametrize("standing", list(inbox_module.EntryStatus))
async def test_what_is_done_about_an_entry_without_an_answer(
    standing: inbox_module.EntryStatus,
    cluster: Cluster,
    keyspace: Keyspace,
    inbox: InboxWriter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is put in again if it got lost, and waited for while it waits; the answer to one that has
    been passed got lost."""
    looks = 0
    answer: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()

    async def look(*_arguments: Any) -> inbox_module.EntryStatus:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ClusterDownError("then nothing is known")
        if looks == 4:
            answer.set_result(None)
        return standing

    monkeypatch.setattr(inbox, "standing", look)
    monkeypatch.setattr(inbox, "look_after", 0.001)
    answered = await inbox.settle(entry(keyspace, 0), answer)
    passed = standing is inbox_module.EntryStatus.PASSED
    assert answered is not passed
    assert looks == (2 if passed else 4)
    assert len(cluster.taken) == (4 if standing is inbox_module.EntryStatus.LOST else 1)


async def test_an_entry_that_is_not_taken_in_time(
    cluster: Cluster, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "pause_after", lambda *_: 0.001)
    redis = SimpleNamespace(hot=cluster, is_cluster=True, auto_pipeline=None)
    inbox = InboxWriter(cast(Redis, redis), keyspace, timeout=0.05)
    cluster.away = {keyspace.inbox(0)}
    with pytest.raises(NotTaken, match="CLUSTERDOWN"):
        await inbox.put(entry(keyspace, 0))
    await inbox.close()
