"""Tests that nobody who has left is shown as being on a pad, and that everybody who is there is
shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from redis.exceptions import ConnectionError as GoneAway

from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.ops.liveness import Liveness
from padfleet.services.fanout.presence import leave as leave_queue
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.channel_messages import Joined, Left, Member
from padfleet.shared.log.connection import retry
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.people import presence
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import pack
from tests.eventually import eventually

WORKER = "here"
PAD = "haunted"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leave_queue, "LOOK_INTERVAL", 0.01)
    monkeypatch.setattr(retry, "pause_after", lambda *_: 0.01)


@pytest.fixture
async def rooms(redis: Redis, keyspace: Keyspace) -> AsyncIterator[Rooms]:
    opened = Rooms(redis, keyspace, PacingRules(), worker_id=WORKER, ring=100, stall_timeout=60)
    yield opened
    await opened.close()


@pytest.fixture
async def room(rooms: Rooms) -> Room:
    return await rooms.enter(PAD)


class Unreachable:
    """Replaces a function that needs Redis. The calls whose numbers are in `fails` find it away."""

    def __init__(self, real: Callable[..., Awaitable[Any]], *, fails: range) -> None:
        self.real, self.fails, self.calls = real, fails, 0

    async def __call__(self, *args: Any, **more: Any) -> Any:
        self.calls += 1
        if self.calls - 1 in self.fails:
            raise GoneAway("as if")
        return await self.real(*args, **more)


def session(number: int) -> Session:
    author = f"a.{number}"
    identity = SessionIdentity(author, PAD, PAD, "r.0", read_only=False, embedded=False)
    return Session(identity, Outbound(), batching=True)


async def joins(redis: Redis, room: Room, number: int = 1) -> Session:
    """Returns a session that is on the pad and whose arrival the channel has announced."""
    new = session(number)
    room.arrives(new)
    member = new.member(Author(new.author, None, 1), WORKER)
    new.order = (await presence.join(redis, room.keys, member)).order
    room.enter(new)
    await eventually(lambda: new.id in room.people.roster, "the channel has told of it")
    return new


async def stored(redis: Redis, room: Room) -> set[str]:
    fields: list[bytes] = await redis.client.hkeys(room.keys.members)  # type: ignore[assignment]
    return {field.decode() for field in fields}


async def nobody_is_stored(redis: Redis, room: Room) -> None:
    async def nobody() -> bool:
        return not await stored(redis, room)

    await eventually(nobody, "it is among the members no more")


async def test_a_member_who_leaves_while_redis_is_away_is_removed_later(
    redis: Redis, rooms: Rooms, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker does so even if it has closed the pad's room meanwhile. The other workers cannot
    know that the session is gone, since they see a living worker."""
    leaver = await joins(redis, room)
    for name, real in (("leave", presence.leave), ("members", presence.members)):
        monkeypatch.setattr(presence, name, Unreachable(real, fails=range(3)))
    assert room.remove(leaver)
    await room.report_left(leaver)
    rooms.leave(room)
    await nobody_is_stored(redis, room)


async def test_a_kicked_session_leaves_even_though_its_room_closes_at_once(
    redis: Redis, rooms: Rooms, room: Room
) -> None:
    room.kick_and_announce(await joins(redis, room), "badChangeset")
    rooms.leave(room)
    await nobody_is_stored(redis, room)


async def test_a_member_who_joined_unnoticed_is_removed(
    redis: Redis, rooms: Rooms, room: Room
) -> None:
    """Its answer was lost, and so was our word that it has left; or we were gone before."""
    stays = await joins(redis, room, 1)
    ghost = session(2)
    await presence.join(redis, room.keys, ghost.member(Author("a.2", None, 1), WORKER))
    elsewhere = session(3)
    await presence.join(redis, room.keys, elsewhere.member(Author("a.3", None, 1), "another"))
    liveness = Liveness(redis, rooms, WORKER, 60_000)
    await presence.beat(redis, "pf:workers", "another", 60_000)

    async def it_has_gone() -> bool:
        await liveness.beat()
        return await stored(redis, room) == {stays.id, elsewhere.id}

    await eventually(it_has_gone)
    await eventually(lambda: ghost.id not in room.people.roster)
    assert stays.id in room.people.roster
    rooms.leave(room)


async def test_what_is_told_while_the_members_are_read_is_not_forgotten(
    redis: Redis, rooms: Rooms, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer may be older than what the channel has told since."""
    goes = await joins(redis, room)
    comes = Joined(7, session(2).member(Author("a.2", None, 1), WORKER))
    real, answered = presence.members, asyncio.Event()

    async def slowly(*args: Any) -> Sequence[Joined]:
        found = await real(*args)
        room.take(comes)
        room.take(Left(goes.id, goes.author, 1))
        answered.set()
        return found

    monkeypatch.setattr(presence, "members", slowly)
    told = room.people.log.end
    room.presence_sync.refresh()
    await answered.wait()
    await asyncio.sleep(0)  # to whoever waits for the answer
    assert comes.member.session in room.people.roster
    assert goes.id not in room.people.roster
    assert room.people.log.end - told == 2, "one has come, one has gone, and no more"
    rooms.leave(room)


async def test_members_are_read_again_if_the_channel_was_lost_meanwhile(
    redis: Redis, rooms: Rooms, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, answers = presence.members, 0
    unseen = Member("unseen", "a.9", "another", None, 1, embedded=False, read_only=False)

    async def read(*args: Any) -> Sequence[Joined]:
        nonlocal answers
        found = await real(*args)
        answers += 1
        if answers == 1:
            await redis.client.hset(room.keys.members, "unseen", b"9 " + pack(unseen))
            room.presence_sync.refresh()
        return found

    monkeypatch.setattr(presence, "members", read)
    room.presence_sync.refresh()
    await eventually(lambda: "unseen" in room.people.roster)
    rooms.leave(room)


async def test_a_worker_taken_for_dead_goes_on_announcing_until_all_is_said(
    redis: Redis, rooms: Rooms, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next beat after the long silence sees none any more."""
    people = [await joins(redis, room, number) for number in range(3)]
    monkeypatch.setattr(room.people, "_known", {})  # nor is there a record of them
    beats = iter([10**6])

    async def beat(*_args: Any) -> presence.MemberCount:
        return presence.MemberCount({WORKER}, next(beats, 5))

    monkeypatch.setattr(presence, "beat", beat)
    await redis.client.delete(room.keys.members)
    monkeypatch.setattr(presence, "join", Unreachable(presence.join, fails=range(1, 2)))
    liveness = Liveness(redis, rooms, WORKER, 200)
    with pytest.raises(GoneAway):
        await liveness.beat()
    await liveness.beat()
    assert await stored(redis, room) == {each.id for each in people}
    rooms.leave(room)


async def test_a_member_who_leaves_while_being_announced_again_does_not_stay(
    redis: Redis, rooms: Rooms, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaver, real = await joins(redis, room), presence.join

    async def beat(*_args: Any) -> presence.MemberCount:
        return presence.MemberCount({WORKER}, 10**6)

    async def late(*args: Any, **more: Any) -> Any:
        room.remove(leaver)
        await room.report_left(leaver)
        return await real(*args, **more)

    monkeypatch.setattr(presence, "beat", beat)
    monkeypatch.setattr(presence, "join", late)
    await Liveness(redis, rooms, WORKER, 200).beat()
    rooms.leave(room)
    await nobody_is_stored(redis, room)


async def test_one_damaged_pad_keeps_nobody_elsewhere_from_being_announced(
    redis: Redis, rooms: Rooms, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await rooms.enter("sound")
    people = [await joins(redis, each, number) for number, each in enumerate((room, other))]
    beats = iter([10**6])

    async def beat(*_args: Any) -> presence.MemberCount:
        return presence.MemberCount({WORKER}, next(beats, 5))

    monkeypatch.setattr(presence, "beat", beat)
    await redis.client.delete(room.keys.members, other.keys.members)
    await redis.client.set(room.keys.members, "no hash")
    liveness = Liveness(redis, rooms, WORKER, 200)
    await liveness.beat()
    assert await stored(redis, other) == {people[1].id}
    await redis.client.delete(room.keys.members)
    await liveness.beat()
    assert await stored(redis, room) == {people[0].id}, "as soon as that is possible"
    rooms.leave(other)
    rooms.leave(room)


async def test_a_pad_that_stays_damaged_is_tried_less_and_less_often(
    redis: Redis, rooms: Rooms, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was tried and logged at every beat, without end."""
    person = await joins(redis, room, 1)
    beats = iter([10**6])

    async def beat(*_args: Any) -> presence.MemberCount:
        return presence.MemberCount({WORKER}, next(beats, 5))

    monkeypatch.setattr(presence, "beat", beat)
    await redis.client.delete(room.keys.members)
    await redis.client.set(room.keys.members, "no hash")
    done, tried, real = 0, list[int](), presence.join

    async def counted(*args: Any, **more: Any) -> Any:
        tried.append(done)
        return await real(*args, **more)

    monkeypatch.setattr(presence, "join", counted)
    liveness = Liveness(redis, rooms, WORKER, 200)
    while done < 300:
        await liveness.beat()
        done += 1
    assert tried == [0, 1, 3, 7, 15, 31, 63, 127, 191, 255]
    await redis.client.delete(room.keys.members)
    while done < 320:
        await liveness.beat()
        done += 1
    assert tried[-1] == 319
    assert await stored(redis, room) == {person.id}
    rooms.leave(room)


async def test_one_damaged_pad_keeps_no_dead_worker_on_others(
    redis: Redis, rooms: Rooms, room: Room
) -> None:
    other = await rooms.enter("sound")
    for each in (room, other):
        member = Member(
            f"of {each.pad_id}", "a.ghost", "dead", None, 1, embedded=False, read_only=False
        )
        await presence.join(redis, each.keys, member)
    await eventually(
        lambda: all(each.people.roster.on_dead_workers({WORKER}) for each in rooms),
        "the ghosts are seen",
    )
    await redis.client.set(room.keys.members, "no hash")
    liveness = Liveness(redis, rooms, WORKER, 200)
    for _ in range(2):
        await liveness.beat()
    await nobody_is_stored(redis, other)
    assert not other.people.roster.on_dead_workers({WORKER})
    rooms.leave(other)
    rooms.leave(room)
