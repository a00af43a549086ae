"""How often somebody who opens a pad waits for Redis, one wait after the other.

Counted, not timed: every command is held until nothing else goes on, and then all that wait are let
go together. So a round is what a round trip is on a slow network, however fast this machine is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from services.fanout.auth.access import OpenAccess
from services.fanout.exit import Exit
from services.fanout.hooks import Hooks
from services.fanout.identify import Handshake
from services.fanout.join import Doorway
from services.fanout.pacing import Rules
from services.fanout.room import Room
from services.fanout.rooms import Rooms
from services.fanout.session import Session
from shared.log import lanes
from shared.log.channels import Subscriber
from shared.log.connect import Redis
from shared.log.inbox import InboxWriter
from shared.log.keys import Keyspace
from shared.log.lanes import Lanes
from shared.settings import FanoutSettings
from tests.fleet import Fleet
from tests.integration.writer.traffic import create

T = TypeVar("T")

PAD = "p"
MOST = 3
OF_A_NEW_PAD = 10
"""Two to find that there is none; two for its read-only id; one into the inbox, after which the
writer has its own; then what lies beside it is read, it is noted as unwritten, and its maker is let
in and told how to delete it."""

QUIET = 50
"""Turns of the event loop in which nothing new is asked for."""


class Rounds:
    """Holds what is asked of Redis, and counts how often it lets it go."""

    def __init__(self) -> None:
        self.count = 0
        self.counting = False
        self._held: list[asyncio.Future[None]] = []
        self._under_way = 0

    async def hold(self) -> None:
        if self.counting:
            held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._held.append(held)
            await held
        self._under_way += 1

    def done(self) -> None:
        self._under_way -= 1

    async def of(self, work: Awaitable[T]) -> tuple[T, int]:
        """What it returns, and how many rounds it took."""
        self.count, self.counting = 0, True
        task = asyncio.ensure_future(work)
        while not task.done():
            quiet = 0
            while quiet < QUIET and not task.done():
                before = len(self._held)
                await asyncio.sleep(0)
                busy = self._under_way > 0 or len(self._held) != before
                quiet = 0 if busy else quiet + 1
            if self._held and not task.done():
                self.count += 1
                self._let_go()
        self.counting = False
        self._let_go()
        return task.result(), self.count

    def _let_go(self) -> None:
        held, self._held = self._held, []
        for future in held:
            if not future.done():
                future.set_result(None)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Rounds:
    counted = Rounds()
    place, subscribe = Lanes.place, Subscriber.subscribe

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

    async def counted_subscribe(self: Subscriber, channel: str) -> None:
        await counted.hold()
        try:
            await subscribe(self, channel)
        finally:
            counted.done()

    monkeypatch.setattr(Lanes, "place", counted_place)
    monkeypatch.setattr(Subscriber, "subscribe", counted_subscribe)
    return counted


@pytest.fixture
def writer(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as fleet:
        yield fleet.start(writers=1, workers=0)


@pytest.fixture
async def doorway(
    writer: Fleet, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> AsyncIterator[Doorway]:
    rooms = Rooms(redis, keyspace, Rules(), worker_id="w", ring=100, stall_timeout=60)
    await create(inbox, redis, keyspace, PAD)
    access = OpenAccess(redis, keyspace, "")
    yield Doorway(redis, keyspace, rooms, inbox, FanoutSettings(), "w", access, Hooks(redis))
    await rooms.close()


async def visit(doorway: Doorway, pad: str, token: str, **said: Any) -> tuple[Session, Room]:
    message = {"padId": pad, "token": token, **said}
    with doorway.ahead(message) as ahead:
        identity = await doorway.identify(Handshake("", {}, ""), message, ahead)
        return await doorway.join(Exit(), identity, message)


async def leave(doorway: Doorway, stay: tuple[Session, Room]) -> None:
    session, room = stay
    await doorway.leave(room, session)


# The first visit to anything makes what later ones find: scripts, the pad's read-only id.
ME = "t.0123456789abcdef"


async def _new_author(_doorway: Doorway) -> str:
    return "t.a-new-browser-0001"


async def _known_author(doorway: Doorway) -> str:
    await leave(doorway, await visit(doorway, PAD, "t.a-known-browser-001"))
    return "t.a-known-browser-001"


@pytest.mark.parametrize("whose", [_new_author, _known_author])
async def test_opening_a_pad_that_is_there_takes_three_round_trips(
    doorway: Doorway, rounds: Rounds, whose: Callable[[Doorway], Awaitable[str]]
) -> None:
    await leave(doorway, await visit(doorway, PAD, ME))
    token = await whose(doorway)
    assert not list(doorway.rooms), "the room is opened anew"
    stay, count = await rounds.of(visit(doorway, PAD, token))
    assert count <= MOST
    await leave(doorway, stay)


async def test_coming_to_a_pad_that_is_open_takes_no_more(doorway: Doorway, rounds: Rounds) -> None:
    other = await visit(doorway, PAD, ME)
    stay, count = await rounds.of(visit(doorway, PAD, "t.a-new-browser-0001"))
    assert count <= MOST
    await leave(doorway, stay)
    await leave(doorway, other)


async def test_a_new_pad_takes_few_more_than_the_writer_needs(
    doorway: Doorway, rounds: Rounds
) -> None:
    await leave(doorway, await visit(doorway, PAD, ME))
    await leave(doorway, await visit(doorway, "made-before", ME))
    stay, count = await rounds.of(visit(doorway, "new", ME))
    assert count <= OF_A_NEW_PAD
    assert stay[1].feed.head >= 0
    await leave(doorway, stay)
