"""Tests rooms on a real server. A room subscribes, reads and merges, and it reads again whatever
gets lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.ops import canary
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import CANARY, Keyspace
from padfleet.shared.log.pad.meta import read_meta
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.integration.writer.traffic import Typist, all_settled_once, create, type_until

PAD = "followed"


@pytest.fixture
async def rooms(redis: Redis, keyspace: Keyspace) -> AsyncIterator[Rooms]:
    opened = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=10_000, stall_timeout=60)
    yield opened
    await opened.close()


@pytest.fixture
async def traffic(
    writer: Fleet, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> AsyncIterator[asyncio.Event]:
    """Has two sessions type on the pad until the event is set, and then waits until everything is
    settled."""
    await create(inbox, redis, keyspace, PAD)
    typists = [Typist(PAD, f"s{i}") for i in range(2)]
    stop = asyncio.Event()
    typing = asyncio.create_task(type_until(inbox, typists, stop))
    yield stop
    stop.set()
    await typing
    await all_settled_once(redis, keyspace, typists)


async def head(redis: Redis, keyspace: Keyspace) -> int:
    return (await read_meta(redis, keyspace.pad(PAD))).head


async def test_I3_a_room_opened_during_commits_misses_none(
    traffic: asyncio.Event, rooms: Rooms, redis: Redis, keyspace: Keyspace
) -> None:
    """A room subscribes, then reads, then merges. In any other order, a revision committed in
    between would leave a gap. The gap would be repaired, but it must not occur."""
    gaps = REGISTRY.get_sample_value("padfleet_fanout_gaps_total")
    for _ in range(30):
        room = await rooms.enter(PAD)
        start = room.feed.head
        await asyncio.wait_for(room.replica.reached(start + 2), 10)
        document = await room.replica.document()
        assert document.head == room.feed.head
        assert [r.rev for r in room.feed.since(start)] == list(range(start + 1, document.head + 1))
        rooms.leave(room)
    assert REGISTRY.get_sample_value("padfleet_fanout_gaps_total") == gaps


async def test_a_killed_subscription_is_repaired_from_the_stream(
    traffic: asyncio.Event, rooms: Rooms, redis: Redis, keyspace: Keyspace
) -> None:
    room = await rooms.enter(PAD)
    for _ in range(3):
        await asyncio.wait_for(room.replica.reached(room.feed.head + 3), 10)
        await redis.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    traffic.set()

    async def current() -> bool:
        return room.feed.head == await head(redis, keyspace)

    await eventually(current, "the feed is at the head, without a further commit")
    rooms.leave(room)


async def test_lost_and_repeated_messages_are_repaired(
    traffic: asyncio.Event,
    rooms: Rooms,
    redis: Redis,
    keyspace: Keyspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver, count = rooms.subscriber._on_message, 0

    def badly(channel: str, data: bytes) -> None:
        nonlocal count
        count += 1
        for _ in range((1, 0, 2)[count % 3]):  # one as it should be, one lost, one twice
            deliver(channel, data)

    monkeypatch.setattr(rooms.subscriber, "_on_message", badly)
    room = await rooms.enter(PAD)
    start = room.feed.head
    await asyncio.wait_for(room.replica.reached(start + 30), 20)
    revs = [revision.rev for revision in room.feed.since(start)]
    assert revs == list(range(start + 1, start + 1 + len(revs)))
    assert count > 10
    rooms.leave(room)


async def test_a_lost_message_after_which_nothing_comes_is_found(
    traffic: asyncio.Event,
    rooms: Rooms,
    redis: Redis,
    keyspace: Keyspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = await rooms.enter(PAD)
    await asyncio.wait_for(room.replica.reached(room.feed.head + 2), 10)
    monkeypatch.setattr(rooms.subscriber, "_on_message", lambda channel, data: None)
    start = room.feed.head

    async def moved_on() -> bool:
        return await head(redis, keyspace) > start + 2

    await eventually(moved_on)
    assert room.feed.head == start
    await rooms.audit()
    await asyncio.wait_for(room.replica.reached(start + 2), 10)
    rooms.leave(room)


async def test_I8_a_worker_subscribes_only_to_pads_that_it_has_somebody_on(
    writer: Fleet, rooms: Rooms, redis: Redis, keyspace: Keyspace
) -> None:
    async def channels() -> set[bytes]:
        found: list[bytes] = await redis.client.execute_command("PUBSUB", "SHARDCHANNELS")
        # Other tests' fleets may still be on this server, with nobody but their canaries.
        return {channel for channel in found if CANARY.encode() not in channel}

    assert await channels() == set()
    one, two = await rooms.enter("one"), await rooms.enter("two")
    again = await rooms.enter("one")
    assert again is one
    assert await channels() == {keyspace.pad(pad).channel.encode() for pad in ("one", "two")}
    rooms.leave(one)
    rooms.leave(two)

    async def only_one() -> bool:
        return await channels() == {keyspace.pad("one").channel.encode()}

    await eventually(only_one)
    rooms.leave(again)

    async def none() -> bool:
        return await channels() == set()

    await eventually(none)


async def test_a_canarys_pad_is_made_anew_before_it_grows(
    writer: Fleet,
    rooms: Rooms,
    redis: Redis,
    keyspace: Keyspace,
    inbox: InboxWriter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(canary, "LENGTH", 3)
    monkeypatch.setattr(canary, "INTERVAL", 0.02)
    # None is given up, however slow the machine: another would be sent beside it.
    monkeypatch.setattr(canary, "ATTEMPT", 60.0)
    canaries = canary.Canaries(redis, keyspace, rooms, inbox)
    flying = asyncio.create_task(canaries.run())
    keys = keyspace.pad(canary.canary_pad(keyspace, 0))
    lives: dict[int, int] = {}  # by the pad's epoch, the furthest that it has been seen

    async def twice_anew() -> bool:
        meta = await read_meta(redis, keys)
        if meta.exists:
            lives[meta.epoch] = max(meta.head, lives.get(meta.epoch, 0))
        return len(lives) > 2

    async def ready() -> bool:
        return canaries.why_not_ready() is None

    await eventually(twice_anew, "it has been deleted twice", timeout=30)
    assert max(lives.values()) <= canary.LENGTH
    await eventually(ready, "they have come back")
    flying.cancel()
    await asyncio.wait([flying])
