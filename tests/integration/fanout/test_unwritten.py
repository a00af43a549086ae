"""Pads that nobody ever wrote in go away, and no others; and who makes many waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, cast

import pytest

from padfleet.services.writer.cleanup.vacancies import Vacancies
from padfleet.services.writer.pads.cache import PadCache
from padfleet.shared.log.changes.edits import Edits
from padfleet.shared.log.channel_messages import Member
from padfleet.shared.log.connection import several
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.entries import Creation, Fence
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import WORKERS, Keyspace
from padfleet.shared.log.pad import unwritten
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.unwritten import Unwritten, vacate
from padfleet.shared.log.records import Origin, pack
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, Caller

GROUP = "g.0123456789abcdef"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("unwritten")
    settings = {
        "PADFLEET_PARTITIONS": "2",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_UNWRITTEN_AFTER_MS": "400",
        "PADFLEET_NEW_PADS_PER_MINUTE": "10",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=2) as running:
        yield running


@pytest.fixture
async def redis(fleet: Fleet) -> AsyncIterator[Redis]:
    opened = open_redis(fleet.redis_url)
    await opened.start()
    yield opened
    await opened.close()


async def keys_of(redis: Redis, pad: str) -> list[bytes]:
    """Returns all the keys of a pad, wherever they are."""
    found = [bytes(key) async for key in redis.client.scan_iter(f"*{pad}*")]
    async for key in redis.client.scan_iter("pf:readonly:*"):
        if await redis.client.get(key) == pad.encode():
            found.append(bytes(key))
    async for key in redis.client.scan_iter("pf:author-pads:*"):
        if await redis.client.hexists(key, pad):
            found.append(bytes(key))
    async for key in redis.client.scan_iter("*:unwritten"):
        reply = await redis.client.zrangebyscore(key, "-inf", "+inf")
        records = cast("Sequence[bytes]", reply)
        found += [record for record in records if record.endswith(pad.encode())]
    return found


async def test_what_nobody_wrote_in_goes_with_all_of_its_keys(fleet: Fleet, redis: Redis) -> None:
    async with Guest(fleet.urls[0]) as one, Guest(fleet.urls[1]) as other:
        await one.join("opened")
        await other.join("opened")
        read_only = one.vars["readOnlyId"]
        # Somebody is there: it outlives others that were made after it.
        async with Guest(fleet.urls[0]) as third:
            await third.join("opened-later")
        await eventually(lambda: _none(redis, "opened-later"))
        assert (await read_meta(redis, Keyspace(2).pad("opened"))).exists
        assert one.messages[-1].get("disconnect") is None
    await eventually(lambda: _none(redis, "opened"))
    async with Guest(fleet.urls[0]) as late:
        await late.ready(read_only)
        await late.hears(lambda: {"accessStatus": "deny"} in late.messages)


async def _none(redis: Redis, pad: str) -> bool:
    return await keys_of(redis, pad) == []


async def test_what_somebody_has_put_into_a_pad_stays(fleet: Fleet, redis: Redis) -> None:
    async with Caller(fleet.urls[0]) as api:
        await api.createPad(padID="by-api", text="")
        group = (await api.createGroup())["groupID"]
        await api.createGroupPad(groupID=group, padName="by-group", text="")
    async with Guest(fleet.urls[0]) as guest:
        await guest.join("written")
        assert await guest.write("x") is None
        await guest.hears(lambda: guest.heard("ACCEPT_COMMIT"))
    async with Guest(fleet.urls[0]) as guest:
        await guest.join("said")
        assert await guest.collab("CHAT_MESSAGE", message={"text": "x"}) is None
    async with Guest(fleet.urls[0]) as guest:
        await guest.join("starred")
        assert await guest.collab("SAVE_REVISION") is None
    for pad in ("by-api", "written"):
        async with Guest(fleet.urls[0]) as guest:
            await guest.join(pad)
    async with Guest(fleet.urls[0]) as guest:
        await guest.join("a-last-one")
    await eventually(lambda: _none(redis, "a-last-one"))
    await eventually(lambda: _nothing_stands_there(redis), "all have been looked at")
    for pad in ("by-api", "written", "said", "starred", f"{group}$by-group"):
        assert (await read_meta(redis, Keyspace(2).pad(pad))).exists, pad


async def _nothing_stands_there(redis: Redis) -> bool:
    return [key async for key in redis.client.scan_iter("*:unwritten")] == []


async def test_it_is_on_record_in_the_step_that_makes_it(fleet: Fleet, redis: Redis) -> None:
    """A process that dies right after making the pad leaves nothing behind permanently, and neither
    does a file whose text the writer refuses."""
    keyspace = Keyspace(2)
    inbox = InboxWriter(redis, keyspace, timeout=5)
    edits = Edits(redis, keyspace, inbox, timeout=10)
    for pad in ("for-a-file", "by-a-worker-that-died"):
        assert await edits.create(pad, "a.x", "", wrote_it=False, to_be_written=True)
        await eventually(partial(_none, redis, pad))
    assert await edits.create("wanted", "a.x", "", wrote_it=False)
    client: Any = redis.client
    for partition in range(2):
        records = await client.zrange(keyspace.unwritten(partition), 0, -1)
        assert not any(record.endswith(b" wanted") for record in records)
    await edits.close()
    await inbox.close()


async def test_I5_clients_that_were_on_the_pad_are_told_to_reload_and_never_forked(
    fleet: Fleet, redis: Redis
) -> None:
    async with Guest(fleet.urls[0]) as first:
        await first.join("came-back", token="t.comes-back")
        epoch = (await read_meta(redis, Keyspace(2).pad("came-back"))).epoch
    await eventually(lambda: _none(redis, "came-back"))
    async with Guest(fleet.urls[1]) as other:
        await other.join("came-back")
        assert await other.write("something else") is None
        await other.hears(lambda: other.heard("ACCEPT_COMMIT"))
        assert (await read_meta(redis, Keyspace(2).pad("came-back"))).epoch != epoch
        async with Guest(fleet.urls[0]) as again:
            await again.ready("came-back", token="t.comes-back", reconnect=True, client_rev=0)
            await again.hears(lambda: {"disconnect": "rejected"} in again.messages)


async def test_people_who_come_while_it_goes_have_a_pad(fleet: Fleet, redis: Redis) -> None:
    """They join one after the other, for as long as several looks take, and each gets a pad that it
    can write in."""
    for number in range(12):
        async with Guest(fleet.urls[number % 2]) as guest:
            await guest.join("in-between")
            assert guest.vars["collab_client_vars"]["rev"] == 0
            await asyncio.sleep(0.07 * number)
            assert not any("disconnect" in message for message in guest.messages)
    async with Guest(fleet.urls[0]) as guest:
        await guest.join("in-between")
        assert await guest.write("there") is None
        await guest.hears(lambda: guest.heard("ACCEPT_COMMIT"))


async def test_one_author_on_many_sockets_waits_as_one(fleet: Fleet) -> None:
    async def open_one(number: int) -> bool:
        async with Guest(fleet.urls[0]) as guest:
            asked = asyncio.create_task(guest.ready(f"many-{number}", token="t.one-author"))
            # Who is let go gets no answer.
            await eventually(lambda: asked.done() or not guest.connected, timeout=30)
            joined = asked.done()
            asked.cancel()
            return joined

    before = fleet.workers[0].metric('padfleet_fanout_limited_total{limit="new_pads"}')
    joined = await asyncio.gather(*(open_one(number) for number in range(18)))
    # Ten may come at once and one every six seconds. Those who would wait longer than ten are
    # refused.
    assert 10 <= sum(joined) <= 13
    after = fleet.workers[0].metric('padfleet_fanout_limited_total{limit="new_pads"}')
    assert after - before >= 5


async def test_joins_count_for_an_author_over_all_of_its_sockets(fleet: Fleet) -> None:
    name = 'padfleet_fanout_limited_total{limit="joins"}'
    before = fleet.workers[1].metric(name)
    async with AsyncExitStack() as stack:
        guests = [await stack.enter_async_context(Guest(fleet.urls[1])) for _ in range(24)]
        await asyncio.gather(*(guest.ready("by-many", token="t.many") for guest in guests))
    assert fleet.workers[1].metric(name) > before


async def test_a_client_that_is_turned_away_leaves_nothing(fleet: Fleet, redis: Redis) -> None:
    async with Caller(fleet.urls[0]) as api:
        await api.createPad(padID="turned-away", text="x")
        await api.saveRevision(padID="turned-away")
        before = {key async for key in redis.client.scan_iter("pf:*")}
        async with Guest(fleet.urls[0]) as guest:
            for pad in ("a$b", "x" * 51, "r.0123", "\x00", "g.0123456789abcdef$none", ""):
                assert await guest.ready(pad) is not None, pad
            assert await guest.ready("bad-token", token="no token") is not None
            assert await guest.ready("bad-token", token="t." + "x" * 200) is not None
        for call, fields in (
            ("saveRevision", {"padID": "turned-away", "rev": "99"}),
            ("createPad", {"padID": "turned-away", "text": ""}),
            ("createPad", {"padID": "too-long", "text": "x" * 100_001}),
            ("createGroupPad", {"groupID": GROUP, "padName": "x", "text": ""}),
            ("createAuthorIfNotExistsFor", {"authorMapper": "m" * 2000}),
            ("createGroupIfNotExistsFor", {"groupMapper": "m" * 2000}),
            ("createSession", {"groupID": GROUP, "authorID": "a.x", "validUntil": "9"}),
            ("copyPad", {"sourceID": "turned-away", "destinationID": f"{GROUP}$x"}),
            ("appendChatMessage", {"padID": "none", "text": "x", "authorID": "a.x"}),
        ):
            assert (await api.refusal(call, **fields))[0] == 1, call
        await api.saveRevision(padID="turned-away")  # a second time: nobody did anything
        after = {key async for key in redis.client.scan_iter("pf:*")}
        assert {key for key in after - before if b":unwritten" not in key} == set()


# --- The decision --------------------------------------------------------------------------------

PAD, EPOCH = "decided", 7


@pytest.fixture
async def alone(redis_url: str) -> AsyncIterator[Redis]:
    """Yields a server without a fleet, which holds a pad that somebody has opened."""
    opened = open_redis(redis_url)
    await opened.start()
    keys = Keyspace(1).pad(PAD)
    await opened.client.hset(
        keys.meta,
        mapping={"head": 0, "epoch": EPOCH, "creator": "a.x", "sessions": 1, "idle": 1},
    )
    await opened.client.xadd(keys.revs, {"r": b"x"}, id="0-1")
    await opened.client.zadd(Keyspace(1).unwritten(0), {f"{EPOCH} {PAD}": 1})
    yield opened
    await opened.close()


async def decided(redis: Redis, lease: leases.Lease | None = None) -> str:
    keyspace = Keyspace(1)
    lease = lease or await leases.acquire(redis, keyspace, 0, "w", 60_000)
    assert lease is not None
    (one,) = await unwritten.due(redis, keyspace, 0, 1e15)
    assert one == Unwritten(PAD, EPOCH)
    return await vacate(redis, keyspace, lease, one, 5)


async def test_an_unwritten_pad_is_removed(alone: Redis) -> None:
    assert await decided(alone) == "gone"
    assert [key async for key in alone.client.scan_iter("*decided*")] == []
    assert await unwritten.due(alone, Keyspace(1), 0, 1e15) == []


@pytest.mark.parametrize(
    ("field", "value"), [("head", 1), ("head", -1), ("epoch", 8), ("epoch", 6)]
)
async def test_a_pad_that_has_changed_since_is_kept(alone: Redis, field: str, value: int) -> None:
    await alone.client.hset(Keyspace(1).pad(PAD).meta, field, value)
    assert await decided(alone) == "kept"
    assert await unwritten.due(alone, Keyspace(1), 0, 1e15) == [], "and is not looked at again"
    assert await alone.client.exists(Keyspace(1).pad(PAD).revs)


@pytest.mark.parametrize("beside", ["chat", "saved"])
async def test_there_is_something_beside_it(alone: Redis, beside: str) -> None:
    await alone.client.rpush(getattr(Keyspace(1).pad(PAD), beside), "x")
    assert await decided(alone) == "kept"


async def test_somebody_is_on_it_and_their_worker_lives(alone: Redis) -> None:
    member = Member("s", "a.x", "living", None, 1, False, False)
    await alone.client.hset(Keyspace(1).pad(PAD).members, "s", b"1 " + pack(member))
    await alone.client.zadd(WORKERS, {"living": 1})
    assert await decided(alone) == "later"
    # And when that worker has long been dead, nobody is.
    await alone.client.zrem(WORKERS, "living")
    assert await decided(alone) == "gone"


async def test_somebody_was_on_it_since_the_last_look(alone: Redis) -> None:
    await alone.client.hincrby(Keyspace(1).pad(PAD).meta, "sessions", 1)
    assert await decided(alone) == "later"
    assert await decided(alone) == "gone"


async def test_I2_what_is_submitted_and_not_read_yet_is_for_a_pad_that_is_there(
    alone: Redis,
) -> None:
    lease = await leases.acquire(alone, Keyspace(1), 0, "w", 60_000)
    inbox = InboxWriter(alone, Keyspace(1), timeout=5)
    try:
        await inbox.put(Creation("another", Origin("o", 1), "a.x", ""))
        assert await decided(alone, lease) == "gone"
    finally:
        await inbox.close()


@pytest.mark.parametrize("kind", ["fence", "creation"])
async def test_I2_an_entry_for_the_pad_keeps_it(alone: Redis, kind: str) -> None:
    lease = await leases.acquire(alone, Keyspace(1), 0, "w", 60_000)
    inbox = InboxWriter(alone, Keyspace(1), timeout=5)
    origin = Origin("o", 1)
    entry = Fence(PAD, origin, 1, "a.x") if kind == "fence" else Creation(PAD, origin, "a.x", "")
    try:
        await inbox.put(entry)
        assert await decided(alone, lease) == "later"
    finally:
        await inbox.close()


async def test_the_lease_has_passed_on(alone: Redis) -> None:
    lease = await leases.acquire(alone, Keyspace(1), 0, "w", 60_000)
    assert lease is not None
    assert await decided(alone, lease._replace(term=lease.term + 1)) == "lease"
    assert await decided(alone, lease._replace(reign="another")) == "lease"
    assert (await read_meta(alone, Keyspace(1).pad(PAD))).exists


async def test_a_damaged_pad_does_not_keep_others_from_being_removed(
    alone: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended the part of the writer that looks, again and again, and with that the writer."""
    keyspace, now = Keyspace(1), time.time() * 1000
    monkeypatch.setattr(unwritten, "MOST", 1)
    await alone.client.zadd(keyspace.unwritten(0), {f"{EPOCH} damaged": 0})
    await alone.client.set(keyspace.pad("damaged").members, "no hash")
    lease = await leases.acquire(alone, keyspace, 0, "w", 60_000)
    assert lease is not None
    vacancies = Vacancies(alone, keyspace, PadCache(alone, keyspace, 10), after_ms=1000)
    assert [await vacancies.look(lease) for _ in range(2)] == [0, 1]
    assert [key async for key in alone.client.scan_iter("*decided*")] == []
    (left,) = await unwritten.due(alone, keyspace, 0, 1e15)
    assert left == Unwritten("damaged", EPOCH)
    assert await unwritten.due(alone, keyspace, 0, now - 1) == [], "its turn has passed"


async def test_only_partitions_with_unwritten_pads_are_looked_at(
    alone: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyspace = Keyspace(4)
    await alone.client.delete(*map(keyspace.unwritten, range(4)))
    vacancies = Vacancies(alone, keyspace, PadCache(alone, keyspace, 10), after_ms=1000)
    assert await vacancies.worth_a_look(range(4)) == []
    await alone.client.zadd(keyspace.unwritten(2), {f"{EPOCH} {PAD}": 0})
    assert await vacancies.worth_a_look(range(4)) == [2]
    monkeypatch.setattr(several, "ASKED_AT_ONCE", 1)
    await alone.client.set("plain", "1")
    assert await several.any_exists(alone, [["plain"], ["none", "plain"], ["none"]]) == [
        True,
        True,
        False,
    ]
