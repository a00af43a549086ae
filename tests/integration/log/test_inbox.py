"""Tests inbox entries on a real server. They are bounded where they are made, and any content of an
inbox is read."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Creation, Deletion, Entry, Submission, encode_entry
from padfleet.shared.log.inboxes import inbox as inbox_module
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.limits import (
    ENTRY_BYTES,
    LARGEST_BYTES,
    PART_BYTES,
    EditTooLarge,
    PadLimits,
)
from padfleet.shared.log.inboxes.reading import (
    CAREFUL_BYTES,
    READ_BYTES,
    read_carefully,
    read_inboxes,
    read_staged,
)
from padfleet.shared.log.inboxes.received import Staged, UnreadableEntry
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.records import Origin

PAD = "pad"


def creation(size: int, seq: int = 1) -> Creation:
    return Creation(PAD, Origin("s", seq), "a.x", "x" * size)


async def sizes(redis: Redis, key: str) -> list[int]:
    entries: Any = await redis.client.xrange(key)
    return [sum(map(len, fields.values())) for _, fields in entries]


@pytest.mark.parametrize("size", [10, ENTRY_BYTES - 100, ENTRY_BYTES, 300_000, 5_000_000])
async def test_no_entry_of_an_inbox_is_large(
    size: int, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    entry = creation(size)
    partition = keyspace.partition_of(PAD)
    await inbox.put(entry)
    assert max(await sizes(redis, keyspace.inbox(partition))) <= ENTRY_BYTES
    found = await read_inboxes(redis, keyspace, {partition: "0-0"}, block_ms=10, count=10)
    (received,) = found[partition]
    if isinstance(received.entry, Staged):
        key = keyspace.staging(partition, received.entry.token)
        parts: dict[Any, Any] = await redis.client.hgetall(key)
        assert max(map(len, parts.values())) <= PART_BYTES
        assert 0 < await redis.client.ttl(key) <= 3600, "it goes away by itself"
        assert await read_staged(redis, keyspace, partition, received.entry) == entry
    else:
        assert received.entry == entry


async def test_what_is_too_large_leaves_nothing_behind(redis: Redis, keyspace: Keyspace) -> None:
    inbox = InboxWriter(redis, keyspace, timeout=10, limits=PadLimits(1000, 10))
    with pytest.raises(EditTooLarge, match="1,001 UTF-16 code units, of 1,000 at most"):
        await inbox.put(creation(1001))
    await inbox.close()
    unlimited = InboxWriter(redis, keyspace, timeout=10)
    with pytest.raises(EditTooLarge, match="make several of it"):
        await unlimited.put(creation(LARGEST_BYTES))
    await unlimited.close()
    assert await redis.client.keys("*") == []


async def test_what_a_session_sends_next_does_not_overtake_a_large_entry(
    redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    """It would be taken for a repetition of what has been, and be lost."""
    entries: list[Entry] = [creation(3_000_000 if seq % 3 == 1 else 10, seq) for seq in range(1, 8)]
    puts = []
    for entry in entries:
        puts.append(asyncio.create_task(inbox.put(entry)))
        await asyncio.sleep(0)
    await asyncio.gather(*puts)
    partition = keyspace.partition_of(PAD)
    found = await read_inboxes(redis, keyspace, {partition: "0-0"}, block_ms=10, count=10)
    assert [r.entry.origin.seq for r in found[partition] if r.entry] == list(range(1, 8))


async def test_a_long_text_is_encoded_beside_the_event_loop(
    redis: Redis, inbox: InboxWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3 MB of emoji held it for 30 ms."""
    threads: dict[int, bool] = {}

    def encode(entry: Entry) -> bytes:
        threads[entry.origin.seq] = threading.current_thread() is threading.main_thread()
        return encode_entry(entry)

    monkeypatch.setattr(inbox_module, "encode_entry", encode)
    await inbox.put(creation(10, 1))
    await inbox.put(Creation(PAD, Origin("s", 2), "a.x", "\ud83d\ude00" * 500_000))
    changeset = f"Z:1>0${'x' * 200_000}"
    edit = Submission(PAD, Origin("s", 3), 1, 0, "a.x", 0, changeset, {"numToAttrib": {}})
    await inbox.put(edit)
    assert threads == {1: True, 2: False, 3: False}


async def test_a_read_is_bounded_in_bytes_too(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hundred entries of a megabyte took longer than Redis is waited for."""
    wanted = 2 * READ_BYTES // ENTRY_BYTES
    data = encode_entry(Deletion(PAD, Origin("s", 1), "x" * (ENTRY_BYTES - 100)))
    for partition in range(keyspace.partitions):
        pipeline = redis.client.pipeline(transaction=False)
        for _ in range(wanted // keyspace.partitions):
            _ = pipeline.xadd(keyspace.inbox(partition), {"e": data})
        await pipeline.execute()
    everywhere = dict.fromkeys(range(keyspace.partitions), "0-0")
    asked: list[int] = []
    real = redis.hot.call_blocking

    async def call(*command: Any) -> Any:
        count, streams = command[2], command[command.index("STREAMS") + 1 :]
        asked.append(len(streams) // 2 * count)
        return await real(*command)

    monkeypatch.setattr(redis.hot, "call_blocking", call)
    found = await read_inboxes(redis, keyspace, everywhere, block_ms=10, count=10_000)
    assert asked[0] * ENTRY_BYTES <= READ_BYTES
    assert sum(map(len, found.values())) >= READ_BYTES // ENTRY_BYTES


async def test_what_an_older_version_has_put_there_is_measured_and_not_read(
    redis: Redis, keyspace: Keyspace
) -> None:
    """40 MB of tabs became 320 MB, which no writer could read in time."""
    partition = keyspace.partition_of(PAD)
    key = keyspace.inbox(partition)
    huge = creation(LARGEST_BYTES + 5000, 7)
    sound = creation(10, 8)
    await redis.client.xadd(key, {"e": encode_entry(huge)}, id="5-0")
    await redis.client.xadd(key, {"e": encode_entry(sound)}, id="6-0")
    (passed,) = await read_carefully(redis, keyspace, partition, "0-0", count=10)
    assert passed.id == "5-0"
    assert passed.unread is not None
    assert (passed.unread.reason, passed.unread.origin) == ("too large", huge.origin)
    assert passed.unread.size > LARGEST_BYTES
    (found,) = await read_carefully(redis, keyspace, partition, passed.id, count=10)
    assert (found.id, found.entry) == ("6-0", sound)
    assert await read_carefully(redis, keyspace, partition, found.id, count=10) == []


async def test_a_careful_read_takes_a_little_at_a_time(redis: Redis, keyspace: Keyspace) -> None:
    partition = keyspace.partition_of(PAD)
    size = CAREFUL_BYTES // 3
    for seq in range(10):
        entry = {"e": encode_entry(creation(size, seq))}
        await redis.client.xadd(keyspace.inbox(partition), entry)  # type: ignore[arg-type]
    position, seen = "0-0", []
    while found := await read_carefully(redis, keyspace, partition, position, count=10):
        assert len(found) <= 4
        position = found[-1].id
        seen += [received.entry.origin.seq for received in found if received.entry]
    assert seen == list(range(10))


async def test_an_entry_of_a_pad_that_lives_elsewhere_is_not_taken(
    redis: Redis, keyspace: Keyspace
) -> None:
    """A writer that has the lease of another partition may not write on the pad (I2)."""
    other = (keyspace.partition_of(PAD) + 1) % keyspace.partitions
    await redis.client.xadd(keyspace.inbox(other), {"e": encode_entry(creation(10))})
    found = await read_inboxes(redis, keyspace, {other: "0-0"}, block_ms=10, count=10)
    (received,) = found[other]
    assert received.entry is None
    assert received.unread is not None
    assert received.unread.reason == "partition"


@pytest.mark.parametrize("what", ["gone", "in part", "of a wrong type", "shorter", "another"])
async def test_what_was_brought_beside_an_inbox_may_be_gone(
    what: str, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    partition = keyspace.partition_of(PAD)
    await inbox.put(creation(1_000_000))
    found = await read_inboxes(redis, keyspace, {partition: "0-0"}, block_ms=10, count=10)
    staged = found[partition][0].entry
    assert isinstance(staged, Staged)
    key = keyspace.staging(partition, staged.token)
    match what:
        case "gone":
            await redis.client.delete(key)
        case "in part":
            await redis.client.hdel(key, "1")
        case "of a wrong type":
            await redis.client.delete(key)
            await redis.client.set(key, "x")
        case "shorter":
            await redis.client.hset(key, "2", "x")
        case "another":
            staged = staged._replace(origin=Origin("another", 1))
    with pytest.raises(UnreadableEntry) as caught:
        await read_staged(redis, keyspace, partition, staged)
    reason = "expired" if what in ("gone", "in part") else "malformed"
    assert caught.value.reason == reason


async def test_a_server_that_is_away_for_a_moment_is_waited_for(
    redis: Redis, keyspace: Keyspace, inbox: InboxWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = inbox_module.InboxWriter._bring, 0

    async def bring(self: Any, key: str, parts: Any, deadline: float) -> None:
        nonlocal failures
        if failures < 2:
            failures += 1
            await redis.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
        await real(self, key, parts, deadline)

    monkeypatch.setattr(inbox_module.InboxWriter, "_bring", bring)
    entry = creation(3_000_000)
    await inbox.put(entry)
    partition = keyspace.partition_of(PAD)
    found = await read_inboxes(redis, keyspace, {partition: "0-0"}, block_ms=10, count=10)
    staged = found[partition][0].entry
    assert isinstance(staged, Staged)
    assert await read_staged(redis, keyspace, partition, staged) == entry


async def test_few_heavy_entries_of_a_worker_are_under_way_at_once(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "HEAVY_WAITING", 1)
    monkeypatch.setattr(inbox_module, "HEAVY_PATIENCE", 0.1)
    inbox = InboxWriter(redis, keyspace, timeout=10)
    loop = asyncio.get_running_loop()
    answers: list[asyncio.Future[None]] = [
        loop.create_future() for _ in range(inbox_module.HEAVY_AT_ONCE + 1)
    ]
    heavy = [
        Submission(PAD, Origin(f"s-{n}", 1), 1, 0, "a.x", 0, "Z:1>0" + "*0+1=1" * 1000, {})
        for n in range(len(answers))
    ]
    under_way = [
        asyncio.create_task(inbox.settle(entry, answer))
        for entry, answer in zip(heavy[:-1], answers[:-1], strict=True)
    ]
    try:
        await asyncio.sleep(0)
        with pytest.raises(NotTaken, match="others have large edits under way"):
            await inbox.settle(heavy[-1], answers[-1])
        answers[0].set_result(None)
        await under_way[0]
        answers[-1].set_result(None)
        assert await inbox.settle(heavy[-1], answers[-1])
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.wait(under_way)
        await inbox.close()
