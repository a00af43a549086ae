"""Tests how many round trips to Redis someone who opens a pad has to wait for, one after the other.

The rounds are counted and not timed. Every command is held until nothing else happens, and then all
the held ones are released together. So a round is a round trip of a slow network, however fast this
machine is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import jwt
import pytest
from redis.asyncio import Redis as PlainRedis

from padfleet.services.fanout.auth.calls import AuthHook
from padfleet.services.fanout.auth.decision import Grant
from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.auth.hook_access import HookAccess
from padfleet.services.fanout.auth.modes import open_mode
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.connection import lanes
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.hot import HotCommands
from padfleet.shared.log.connection.lanes import Lanes
from padfleet.shared.log.entries import Deletion, Entry
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.deletion import deletion_field
from padfleet.shared.log.pad.meta import inbox_order
from padfleet.shared.log.pad.pads import glance
from padfleet.shared.log.people import authors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import Origin
from padfleet.shared.payers import Payer
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.tasks import Pending
from tests.eventually import eventually
from tests.integration.fanout.conftest import PAD

T = TypeVar("T")

MOST = 3
OF_A_LINK = MOST + 1
"""Which pad a read-only id leads to has to be known before anything can be asked of that pad."""

NOBODY = Handshake("", {}, "")

QUIET = 50
"""Turns of the event loop in which nothing new is asked for."""


class Rounds:
    """Holds what is asked of Redis, and counts how often it lets it go."""

    def __init__(self) -> None:
        self.count = 0
        self.counting = False
        self._held: list[tuple[asyncio.Future[None], bool]] = []
        self._under_way = 0

    async def hold(self, *, for_the_writer: bool = False) -> None:
        """Waits for the next round. With `for_the_writer`, the command makes another process act,
        so it is released after the other commands of its round have been answered, as on a slow
        network."""
        if self.counting:
            held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._held.append((held, for_the_writer))
            await held
        else:
            self._under_way += 1

    def begun(self) -> None:
        """Notes that something has begun which is not one of our calls."""
        self._under_way += 1

    def done(self) -> None:
        self._under_way -= 1

    async def of(self, work: Awaitable[T]) -> tuple[T, int]:
        """Runs the work. Returns its result and the number of rounds that it took."""
        self.count, self.counting = 0, True
        task = asyncio.ensure_future(work)
        while not task.done():
            await self._is_quiet(task)
            if self._held and not task.done():
                self.count += 1
                held, self._held = self._held, []
                self._let_go([future for future, for_the_writer in held if not for_the_writer])
                while self._under_way > 0:  # noqa: ASYNC110  # what is asked of a real server
                    await asyncio.sleep(0)
                self._let_go([future for future, for_the_writer in held if for_the_writer])
        self.counting = False
        self._let_go([future for future, _ in self._held])
        return task.result(), self.count

    async def _is_quiet(self, task: asyncio.Future[T]) -> None:
        """Returns when nothing goes on but what is held, or when the task has ended."""
        quiet = 0
        while quiet < QUIET and not task.done():
            before = len(self._held)
            await asyncio.sleep(0)
            busy = self._under_way > 0 or len(self._held) != before
            quiet = 0 if busy else quiet + 1

    def _let_go(self, held: list[asyncio.Future[None]]) -> None:
        for future in held:
            if not future.done():
                # This counts at once, and not only when the waiting task has noticed.
                self._under_way += 1
                future.set_result(None)


@pytest.fixture
async def rounds(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, keyspace: Keyspace
) -> AsyncIterator[Rounds]:
    counted = Rounds()
    watching, waits = PlainRedis.from_url(redis_url), set[asyncio.Task[None]]()
    put = InboxWriter.put

    async def settled(entry: Entry, entry_id: str) -> None:
        """Returns when the writer, a process that may be slow, has come to the entry: until then
        something goes on, and no round is over."""
        state = keyspace.state(keyspace.partition_of(entry.pad))

        async def is_settled() -> bool:
            told = await watching.hget(state, "told")
            return isinstance(told, bytes) and inbox_order(told.decode()) >= inbox_order(entry_id)

        try:
            await eventually(is_settled, "the writer has come to it", timeout=30)
        finally:
            counted.done()

    async def counted_put(self: InboxWriter, entry: Entry) -> str:
        entry_id = await put(self, entry)
        if counted.counting:
            counted.begun()
            waits.add(asyncio.create_task(settled(entry, entry_id)))
        return entry_id

    monkeypatch.setattr(InboxWriter, "put", counted_put)
    place, subscribe, exchange = Lanes.place, Subscriber.subscribe, HotCommands.exchange

    @asynccontextmanager
    async def counted_place(self: Lanes, node: str = "") -> AsyncIterator[None]:
        inside = lanes._inside.get()
        if not inside:
            await counted.hold()
        try:
            async with place(self, node):
                yield
        finally:
            if not inside:
                counted.done()

    async def counted_exchange(
        self: HotCommands, commands: Sequence[Any], **options: Any
    ) -> Sequence[Any]:
        await counted.hold(for_the_writer=any(command[0] == "XADD" for command in commands))
        try:
            return await exchange(self, commands, **options)
        finally:
            counted.done()

    async def counted_subscribe(self: Subscriber, channel: str) -> None:
        await counted.hold()
        try:
            await subscribe(self, channel)
        finally:
            counted.done()

    monkeypatch.setattr(Lanes, "place", counted_place)
    monkeypatch.setattr(HotCommands, "exchange", counted_exchange)
    monkeypatch.setattr(HotCommands, "ask", lambda self, *asked: Pending(self.call(*asked), "ask"))
    monkeypatch.setattr(Subscriber, "subscribe", counted_subscribe)
    yield counted
    await asyncio.gather(*waits)
    await watching.aclose()


async def visit(
    join_handler: JoinHandler, pad: str, token: str, *, handshake: Handshake = NOBODY, **said: Any
) -> tuple[Session, Room]:
    message = {"padId": pad, "token": token, **said}
    with join_handler.ahead(message) as ahead:
        identity = await join_handler.identify(handshake, message, ahead)
        return await join_handler.join(Outbound(), identity, message)


async def leave(join_handler: JoinHandler, stay: tuple[Session, Room]) -> None:
    session, room = stay
    await join_handler.leave(room, session)


# The first visit to anything makes what later ones find: scripts, the pad's read-only id.
ME = "t.0123456789abcdef"


SECRET = "s" * 40

SETS_UP: dict[str, Any] = {
    "padSettingsDefaults": {"lang": "de", "view": {"showLineNumbers": False}}
}


async def _new_author(_join_handler: JoinHandler) -> str:
    return "t.a-new-browser-0001"


async def _known_author(join_handler: JoinHandler) -> str:
    await leave(join_handler, await visit(join_handler, PAD, "t.a-known-browser-001"))
    return "t.a-known-browser-001"


@pytest.mark.parametrize("whose", [_new_author, _known_author])
async def test_opening_a_pad_that_is_there_takes_three_round_trips(
    join_handler: JoinHandler, rounds: Rounds, whose: Callable[[JoinHandler], Awaitable[str]]
) -> None:
    await leave(join_handler, await visit(join_handler, PAD, ME))
    token = await whose(join_handler)
    assert not list(join_handler.rooms), "the room is opened anew"
    stay, count = await rounds.of(visit(join_handler, PAD, token))
    assert count <= MOST
    await leave(join_handler, stay)


async def test_coming_to_a_pad_that_is_open_takes_no_more(
    join_handler: JoinHandler, rounds: Rounds
) -> None:
    other = await visit(join_handler, PAD, ME)
    stay, count = await rounds.of(visit(join_handler, PAD, "t.a-new-browser-0001"))
    assert count <= MOST
    await leave(join_handler, stay)
    await leave(join_handler, other)


async def test_a_new_pad_takes_no_more_besides_what_the_writer_needs(
    join_handler: JoinHandler, rounds: Rounds
) -> None:
    await leave(join_handler, await visit(join_handler, PAD, ME))
    await leave(join_handler, await visit(join_handler, "made-before", ME, **SETS_UP))
    for number, whose in enumerate((_new_author, _known_author)):
        said: dict[str, Any]
        for said in ({}, SETS_UP):
            pad = f"new-{number}-{len(said)}"
            token = await whose(join_handler)
            stay, count = await rounds.of(visit(join_handler, pad, token, **said))
            assert count <= MOST
            await _is_whole(join_handler, *stay, settings=bool(said))
            await leave(join_handler, stay)


async def _is_whole(
    join_handler: JoinHandler, session: Session, room: Room, *, settings: bool
) -> None:
    assert room.feed.head == 0
    client: Any = join_handler.redis.client
    meta = await client.hgetall(room.keys.meta)
    assert meta[b"creator"].decode() == session.author
    assert meta[b"readonly"].decode() == session.identity.read_only_id
    assert meta[deletion_field(room.epoch).encode()]
    assert (b"settings" in meta) == settings
    assert session.author in await authors.read(join_handler.redis, [session.author])
    noted = await client.zrange(join_handler.keyspace.unwritten(room.keys.partition), 0, -1)
    assert f"{room.epoch} {room.pad_id}".encode() in noted


async def test_a_pad_that_was_deleted_takes_no_more(
    join_handler: JoinHandler, rounds: Rounds
) -> None:
    stay = await visit(join_handler, "again", ME)
    await leave(join_handler, stay)
    room = stay[1]
    await join_handler.inbox.put(Deletion("again", Origin("deletes", 1), "", allowed=True))

    async def gone() -> bool:
        return not (await glance(join_handler.redis, room.keys)).exists

    await eventually(gone, "it is gone")
    stay, count = await rounds.of(visit(join_handler, "again", ME))
    assert count <= MOST
    assert stay[1].feed.head == 0
    assert stay[1].epoch > room.epoch
    await leave(join_handler, stay)


@pytest.mark.parametrize("whose", [_new_author, _known_author])
async def test_another_name_and_colour_take_no_more(
    join_handler: JoinHandler, rounds: Rounds, whose: Callable[[JoinHandler], Awaitable[str]]
) -> None:
    await leave(join_handler, await visit(join_handler, PAD, ME))
    token = await whose(join_handler)
    said: dict[str, Any] = {"userInfo": {"name": "Ada", "colorId": "#123456"}}
    (session, room), count = await rounds.of(visit(join_handler, PAD, token, **said))
    assert count <= MOST
    stored = (await authors.read(join_handler.redis, [session.author]))[session.author]
    assert stored == Author(session.author, "Ada", "#123456")
    await leave(join_handler, (session, room))


@pytest.mark.parametrize("whose", [_new_author, _known_author])
async def test_a_read_only_link_takes_one_more(
    join_handler: JoinHandler, rounds: Rounds, whose: Callable[[JoinHandler], Awaitable[str]]
) -> None:
    first = await visit(join_handler, PAD, ME)
    link = first[0].identity.read_only_id
    assert link.startswith("r.")
    await leave(join_handler, first)
    token = await whose(join_handler)
    stay, count = await rounds.of(visit(join_handler, link, token))
    assert count <= OF_A_LINK
    assert stay[0].identity.read_only
    assert stay[0].identity.pad_id == PAD
    await leave(join_handler, stay)


async def test_coming_back_takes_no_more_besides_what_the_writer_needs(
    join_handler: JoinHandler, rounds: Rounds
) -> None:
    session, room = await visit(join_handler, PAD, ME)
    await leave(join_handler, (session, room))
    said: dict[str, Any] = {"reconnect": True, "client_rev": room.feed.head}
    stay, count = await rounds.of(visit(join_handler, PAD, ME, **said))
    assert count <= MOST
    assert stay[0].order > session.order
    client: Any = join_handler.redis.client
    fences = await client.hgetall(room.keys.fences)
    assert int(fences[session.author.encode()]) == stay[0].order
    await leave(join_handler, stay)


def _with_a_token(join_handler: JoinHandler) -> Handshake:
    join_handler.settings = FanoutSettings(auth="jwt", jwt_secret=SECRET)
    join_handler.access = open_mode(
        join_handler.settings, join_handler.redis, join_handler.keyspace, ""
    )
    claims = {"sub": "ada", "pads": ["*"], "write": True, "exp": int(time.time()) + 600}
    return Handshake("", {}, "", token=jwt.encode(claims, SECRET, "HS256"))


class _Hook(AuthHook):
    def __init__(self) -> None:
        pass

    async def ask(self, question: bytes, payer: Payer) -> Grant:
        return Grant("a.of-the-operator-01", name="Ada", expires=time.time() + 600)


def _with_a_hook(join_handler: JoinHandler) -> Handshake:
    class Nothing:
        async def close(self) -> None:
            pass

    join_handler.settings = FanoutSettings(auth="hook", hook_url="http://127.0.0.1/")
    join_handler.access = HookAccess(_Hook(), (), "token", Nothing())  # type: ignore[arg-type]
    return NOBODY


@pytest.mark.parametrize("how", [_with_a_token, _with_a_hook])
async def test_joining_takes_no_more_round_trips_whatever_lets_people_in(
    join_handler: JoinHandler, rounds: Rounds, how: Callable[[JoinHandler], Handshake]
) -> None:
    """Besides what the operator's own service takes."""
    await leave(join_handler, await visit(join_handler, PAD, ME))
    await leave(join_handler, await visit(join_handler, "made-before", ME))
    handshake = how(join_handler)
    for pad in (PAD, "new", PAD, "another-new"):  # first somebody who comes for the first time
        stay, count = await rounds.of(visit(join_handler, pad, "", handshake=handshake))
        assert count <= MOST
        assert stay[1].feed.head >= 0
        await leave(join_handler, stay)
