"""Tests that unreadable inbox entries are passed over. They are refused where their sender is
recognizable, logged, and counted, and the entries behind them are settled (I2, I10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import TimeoutError as RedisTimeout

from padfleet.services.tools.doctor.__main__ import main as doctor
from padfleet.services.writer.leases import inboxes as inboxes_module
from padfleet.services.writer.leases.inboxes import Inboxes
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.fleet.collect import take_snapshot
from padfleet.shared.fleet.findings import findings
from padfleet.shared.fleet.viewing import view_of
from padfleet.shared.log.changes.edits import EditChange, EditRefusal, Edits
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Creation, Deletion, encode_entry
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.limits import LARGEST_BYTES, EditTooLarge, PadLimits
from padfleet.shared.log.inboxes.received import Received, Staged, unread
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import open_reader
from padfleet.shared.log.records import Origin, pack
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet, Member
from tests.integration.writer.test_readiness import failing

PAD = "pad"


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_LEASE_MS": "600"}
    with Fleet(redis_url, tmp_path, settings) as running:
        yield running.start(writers=1, workers=0)


@pytest.fixture
async def edits(redis: Redis, keyspace: Keyspace, inbox: InboxWriter) -> AsyncIterator[Edits]:
    opened = Edits(redis, keyspace, inbox, timeout=20)
    yield opened
    await opened.close()


def writing(text: str) -> Any:
    def make(document: Any) -> EditChange:
        pool = AttributePool()
        splice = make_splice(document.atext.text, 0, 0, text, [("author", "a.x")], pool)
        return EditChange(splice, pool)

    return make


def neighbours(keyspace: Keyspace, pad: str = PAD) -> tuple[str, list[str]]:
    """Returns another pad of the same partition, and one pad of each of the other partitions."""
    names = [f"n{number}" for number in range(1000)]
    of = keyspace.partition_of
    same = next(n for n in names if of(n) == of(pad))
    others = [next(n for n in names if of(n) == p) for p in range(4) if p != of(pad)]
    return same, others


async def parked(redis: Redis, keyspace: Keyspace) -> list[dict[bytes, bytes]]:
    entries: Any = await redis.client.xrange(keyspace.parked(keyspace.partition_of(PAD)))
    return [fields for _, fields in entries]


async def test_a_large_edit_becomes_a_revision_and_leaves_nothing_behind(
    fleet: Fleet, redis: Redis, keyspace: Keyspace, edits: Edits
) -> None:
    await edits.create(PAD, "a.x", "", wrote_it=False)
    text = "ü" * 1_000_000
    assert await edits.change(PAD, "a.x", writing(text)) == 1
    reader = await open_reader(redis, keyspace, PAD)
    assert reader is not None
    assert (await document_at(reader)).atext.text == text + "\n"

    async def gone() -> bool:
        return not await redis.client.keys("*staging*")

    await eventually(gone)


async def test_a_large_edit_that_stands_there_twice_counts_once(
    fleet: Fleet, redis: Redis, keyspace: Keyspace, edits: Edits
) -> None:
    """An attempt to put it in is repeated when its answer was lost."""
    await edits.create(PAD, "a.x", "", wrote_it=False)
    key = keyspace.inbox(keyspace.partition_of(PAD))
    fleet.writers[0].freeze()
    change = asyncio.create_task(edits.change(PAD, "a.x", writing("x" * 1_000_000)))

    async def stands() -> Any:
        entries: Any = await redis.client.xrange(key)
        return next((fields for _, fields in entries if b"s" in fields), None)

    await redis.client.xadd(key, await eventually(stands))
    fleet.writers[0].thaw()
    assert await change == 1
    assert await edits.change(PAD, "a.x", writing("y")) == 2
    assert await parked(redis, keyspace) == []


async def test_a_large_edit_that_has_expired_is_refused(
    fleet: Fleet, redis: Redis, keyspace: Keyspace, edits: Edits
) -> None:
    await edits.create(PAD, "a.x", "", wrote_it=False)
    fleet.writers[0].freeze()
    change = asyncio.create_task(edits.change(PAD, "a.x", writing("x" * 1_000_000)))

    async def staged() -> list[Any]:
        return await redis.client.keys("*staging*")

    inbox = keyspace.inbox(keyspace.partition_of(PAD))

    async def stands() -> bool:
        entries: Any = await redis.client.xrange(inbox)
        return any(b"s" in fields for _, fields in entries)

    await eventually(stands)
    await redis.client.delete(*await staged())
    fleet.writers[0].thaw()
    with pytest.raises(EditRefusal, match="could not be read"):
        await change
    (found,) = await parked(redis, keyspace)
    assert found[b"reason"] == b"expired"
    assert await edits.change(PAD, "a.x", writing("y")) == 1


async def test_I2_whatever_is_in_an_inbox_is_passed(
    fleet: Fleet, redis: Redis, keyspace: Keyspace, edits: Edits
) -> None:
    """An entry of 320 MB blocked the partition permanently."""
    await edits.create(PAD, "a.x", "", wrote_it=False)
    key = keyspace.inbox(keyspace.partition_of(PAD))
    origin = Origin("s", 1)
    huge = encode_entry(Creation(PAD, origin, "a.x", "x" * (LARGEST_BYTES + 5000)))
    strange: list[tuple[dict[str, bytes], bytes]] = [
        ({"e": huge}, b"too large"),
        ({"e": b"\xc1"}, b"malformed"),
        ({"e": pack(["c", PAD, ["s", 2]])}, b"malformed"),
        ({"e": pack(["z", PAD, ["s", 3], "of a version to come"])}, b"form"),
        ({"x": b"y"}, b"form"),
        ({"e": encode_entry(Deletion(neighbours(keyspace)[1][0], origin, ""))}, b"partition"),
    ]
    for fields, _ in strange:
        await redis.client.xadd(key, fields)  # type: ignore[arg-type]
    assert await edits.change(PAD, "a.x", writing("y")) == 1
    found = [fields[b"reason"] for fields in await parked(redis, keyspace)]
    # By kinds: what this test puts in may stand there twice, its answer having been late.
    assert list(dict.fromkeys(found)) == list(dict.fromkeys(reason for _, reason in strange))
    assert max(len(fields[b"start"]) for fields in await parked(redis, keyspace)) <= 1024
    writer = fleet.writers[0]
    assert writer.metric("padfleet_writer_entries_parked_total") >= len(strange)
    assert "unreadable inbox entry skipped" in writer.log.read_text()
    assert failing(writer) == {}


async def test_I10_one_key_of_a_wrong_type_stops_its_partition_only(
    fleet: Fleet, redis: Redis, keyspace: Keyspace, edits: Edits
) -> None:
    """No partition was read any more, and all processes reported that they were well."""
    writer, (_, others) = fleet.writers[0], neighbours(keyspace)
    partition = keyspace.partition_of(PAD)
    for wrong in (keyspace.inbox(partition), keyspace.state(partition)):
        await redis.client.delete(wrong)
        await redis.client.set(wrong, "x")
        for pad in others:
            await edits.create(pad, "a.x", "", wrote_it=False)
            head = (await read_meta(redis, keyspace.pad(pad))).head
            assert await edits.change(pad, "a.x", writing("y")) == head + 1
        why = await asyncio.to_thread(eventually_sync, lambda: stands_still(writer), "it says so")
        assert f"({partition})" in why
        assert "WRONGTYPE" in why
        await redis.client.delete(wrong)
        await asyncio.to_thread(eventually_sync, lambda: not failing(writer), "all is well again")
        await edits.create(PAD, "a.x", "", wrote_it=False)
        assert await edits.change(PAD, "a.x", writing("y")) > 0


async def test_doctor_and_the_fleet_s_page_name_the_pad_and_the_partition(
    fleet: Fleet,
    redis: Redis,
    keyspace: Keyspace,
    edits: Edits,
    redis_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def diagnosis() -> tuple[int, str]:
        code = await asyncio.to_thread(doctor, ["--redis-url", redis_url])
        return code, capsys.readouterr().out

    async def found() -> list[str]:
        return [each.text for each in findings(view_of(await take_snapshot(redis, keyspace)))]

    _, others = neighbours(keyspace)
    await edits.create(PAD, "a.x", "", wrote_it=False)
    code, report = await diagnosis()
    assert (code, "4, none stands still" in report) == (0, True)
    await redis.client.delete(keyspace.pad(PAD).meta)
    partition = keyspace.partition_of(PAD)
    await redis.client.xadd(keyspace.inbox(partition), {"e": b"x"})
    with pytest.raises(EditRefusal):
        await edits.create(PAD, "a.x", "", wrote_it=False)
    wrong = keyspace.partition_of(others[0])
    await redis.client.delete(keyspace.inbox(wrong))
    await redis.client.set(keyspace.inbox(wrong), "x")

    async def named() -> bool:
        texts = await found()
        assert any(text.startswith(f"pad {PAD}: damaged") for text in texts), texts
        assert any(f"partition {partition}: 1 entry that" in text for text in texts), texts
        assert any(f"partition {wrong} cannot be read: WRONG" in t for t in texts), texts
        return True

    await eventually(named, timeout=20)
    code, report = await diagnosis()
    assert code == 1
    lines = report.splitlines()
    assert any(f"fail  partition {wrong}" in line and "WRONGTYPE" in line for line in lines), report
    assert any(f"warn  partition {partition}" in line for line in lines), report
    assert any(f"warn  pad {PAD}" in line for line in lines), report


def stands_still(writer: Member) -> str:
    return failing(writer).get("inboxes", "")


async def test_I10_a_writer_that_may_not_read_is_not_ready(
    fleet: Fleet, redis: Redis, keyspace: Keyspace, edits: Edits
) -> None:
    """Its inboxes counted as read before they were."""
    writer = fleet.writers[0]
    await redis.client.execute_command("ACL", "SETUSER", "default", "-xread")
    try:
        why = await asyncio.to_thread(eventually_sync, lambda: stands_still(writer), "it says so")
        assert "xread" in why
        # And it stays so: it does not go back and forth.
        for _ in range(5):
            assert stands_still(writer)
    finally:
        await redis.client.execute_command("ACL", "SETUSER", "default", "+xread")
    await asyncio.to_thread(eventually_sync, lambda: not failing(writer), "it is ready again")
    await edits.create(PAD, "a.x", "", wrote_it=False)


async def test_what_is_too_large_for_a_pad_does_not_get_into_an_inbox(
    fleet: Fleet, redis: Redis, keyspace: Keyspace
) -> None:
    inbox = InboxWriter(redis, keyspace, timeout=10, limits=PadLimits(1000, 3))
    edits = Edits(redis, keyspace, inbox, timeout=10)
    await edits.create(PAD, "a.x", "", wrote_it=False)
    key = keyspace.inbox(keyspace.partition_of(PAD))
    entries = await redis.client.xinfo_stream(key)
    with pytest.raises(EditTooLarge, match="1,001 UTF-16 code units"):
        await edits.change(PAD, "a.x", writing("x" * 1000))

    def many_attributes(document: Any) -> EditChange:
        pool = AttributePool()
        attributes = [("author", "a.x"), ("bold", "true"), ("italic", "true"), ("x", "y")]
        return EditChange(make_splice(document.atext.text, 0, 0, "z", attributes, pool), pool)

    with pytest.raises(EditTooLarge, match="attributes, of 3 at most"):
        await edits.change(PAD, "a.x", many_attributes)
    after = await redis.client.xinfo_stream(key)
    assert after["entries-added"] == entries["entries-added"]
    assert await edits.change(PAD, "a.x", writing("x" * 999)) == 1
    await edits.close()
    await inbox.close()


async def test_an_entry_that_takes_too_long_to_read_is_passed_at_last(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within its limits, on a line that is too slow; the other inboxes are read meanwhile."""
    monkeypatch.setattr(inboxes_module, "AGAIN", 0.0)
    monkeypatch.setattr(inboxes_module, "BLOCK_MS", 10)
    slow, sound = 1, Received("7-0", Deletion(PAD, Origin("s", 1), ""))
    late: list[int] = []

    async def together(
        _redis: Redis, _keyspace: Keyspace, positions: dict[int, str], **_options: Any
    ) -> dict[int, list[Received]]:
        await asyncio.sleep(0)
        if slow in positions:
            raise RedisTimeout
        return {2: [sound]}

    async def alone(
        _redis: Redis, _keyspace: Keyspace, partition: int, _position: str, **_options: Any
    ) -> list[Received]:
        if partition == slow:
            late.append(partition)
            raise RedisTimeout
        return []

    async def unseen(*_arguments: Any) -> Received:
        return Received("9-0", None, unread("too large", "", 1, b""))

    monkeypatch.setattr(inboxes_module, "read_inboxes", together)
    monkeypatch.setattr(inboxes_module, "read_carefully", alone)
    monkeypatch.setattr(inboxes_module, "next_entry", unseen)
    inboxes = Inboxes(redis, keyspace, count=10)
    positions = dict.fromkeys(range(4), "0-0")
    found: dict[int, list[Received]] = {}
    for _ in range(10):
        read = await inboxes.next(positions)
        found |= read
        if slow in read:
            break
        assert slow in inboxes.trouble
    assert [received.id for received in found[slow]] == ["9-0"]
    assert found[2] == [sound]
    assert len(late) == 3
    assert not inboxes.trouble
    assert not isinstance(sound.entry, Staged)
