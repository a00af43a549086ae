"""Tests how often people are told about the cursors of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest

from padfleet.services.fanout.presence.pointers import FEW, PAUSE, Paced, Pointers, pause_for
from padfleet.shared.log.pad.announcements import Pointed, Pointer, Relayed, decode, relayed
from padfleet.shared.log.records import pack
from tests.eventually import eventually


@dataclass
class Clock:
    """Time that passes when it is told to, and what is due then."""

    now: float = 100.0
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def later(self, delay: float, call: Callable[[], None]) -> Callable[[], None]:
        entry = (self.now + delay, call)
        self.due.append(entry)
        return lambda: self.due.remove(entry)

    def pass_by(self, seconds: float) -> None:
        until = self.now + seconds
        while due := sorted((at, n) for n, (at, _) in enumerate(self.due) if at <= until):
            at, which = due[0]
            self.now = max(self.now, at)
            self.due.pop(which)[1]()
        self.now = until


def at(author: str, place: int) -> Pointer:
    return Pointer(author, 1, place, place)


def test_cursors_are_told_more_rarely_to_more_people_and_never_beyond_a_limit() -> None:
    assert pause_for(2, 50) == pause_for(FEW, 50) == PAUSE
    assert pause_for(30, 50) == pytest.approx(3 * PAUSE)
    assert pause_for(51, 50) is None
    assert pause_for(2, 0) is None
    assert pause_for(1, 50) is None, "there is nobody to be told"
    for people in range(2, 1001):
        pause = pause_for(people, 1000)
        assert pause is not None
        assert people / pause <= FEW / PAUSE + 1e-9, "messages a second of a pad"


def test_of_each_author_the_newest_place_is_told_at_once_and_then_at_the_pace() -> None:
    clock, told = Clock(), list[list[Pointer]]()
    paced = Paced(told.append, lambda: 0.2, now=lambda: clock.now, later=clock.later)
    paced.add([at("ada", 1)])
    clock.pass_by(0)
    assert told == [[at("ada", 1)]]
    for place in range(100):
        paced.add([at("ada", place), at("bob", -place)])
        clock.pass_by(0.01)
    clock.pass_by(1)
    assert 5 <= len(told) - 1 <= 6, "a second of moving at five a second"
    assert told[-1] == [at("ada", 99), at("bob", -99)]
    assert not clock.due, "nothing goes on when nobody moves"


def test_what_waits_goes_nowhere_when_there_are_too_many() -> None:
    clock, told = Clock(), list[list[Pointer]]()
    pauses: list[float | None] = [0.2]
    paced = Paced(told.append, lambda: pauses[0], now=lambda: clock.now, later=clock.later)
    paced.add([at("ada", 1)])
    clock.pass_by(0)
    paced.add([at("ada", 2)])
    pauses[0] = None
    clock.pass_by(1)
    paced.add([at("ada", 3)])
    clock.pass_by(1)
    assert told == [[at("ada", 1)]]
    pauses[0] = 0.2
    paced.add([at("bob", 4)])
    clock.pass_by(1)
    assert told[1:] == [[at("bob", 4)]]


def test_closing_ends_what_is_due() -> None:
    clock, told = Clock(), list[list[Pointer]]()
    paced = Paced(told.append, lambda: 0.2, now=lambda: clock.now, later=clock.later)
    paced.add([at("ada", 1)])
    paced.close()
    clock.pass_by(1)
    assert told == []
    assert clock.due == []


def test_a_worker_that_does_not_know_of_cursors_tells_them_to_nobody() -> None:
    pointers = [at("a.ada", 3), Pointer("a.bob", 4, None, None)]
    data = b"X" + pack(Relayed("cursors", b'[["a.ada",1,3,3],["a.bob",4,null,null]]', "*cursors"))
    assert decode(data) == Pointed(pointers)
    # To an older one it is a message for the sockets of an author whom nobody can be.
    message = Relayed("message", b"{}", "a.ada")
    assert decode(relayed(message)) == message


def test_a_newcomer_is_told_the_cursors_of_all_who_are_present() -> None:
    """Others say so when they hear that he comes, which may be before he is in."""
    here = ["a.ada", "a.bob"]
    roster = MagicMock(authors=lambda: here, __len__=lambda _: len(here))
    pointers = Pointers(Mock(), Mock(), {}, roster, 50)
    pointers._arriving = Mock()
    pointers.take(Pointed([at("a.ada", 1), at("a.gone", 2), at("a.bob", 3)]))
    pointers.take(Pointed([at("a.ada", 7)]))
    bob = Mock(points=True, author="a.bob")
    pointers.welcome(bob)
    (frame,) = bob.send.call_args.args
    assert b'"cursors":[{"userId":"a.ada","rev":1,"anchor":7,"head":7}]' in frame.websocket
    for other in (Mock(points=False, author="a.bob"), Mock(points=True, author="a.ada")):
        here[:] = ["a.ada", "a.ben"]
        pointers.welcome(other)
        other.send.assert_not_called()
    pointers.take(Pointed([Pointer("a.ada", 1, None, None)]))
    pointers.welcome(late := Mock(points=True, author="a.bob"))
    late.send.assert_not_called()
    pointers.take(Pointed([at("a.ada", 9)]))
    pointers.forget()
    pointers.welcome(late)
    late.send.assert_not_called()


def crowd(count: int = 3) -> MagicMock:
    """Returns a roster of so many people."""
    return MagicMock(authors=list, __len__=lambda _: count)


def slow_session(name: str) -> Mock:
    return Mock(id=name, points=True, author=f"a.{name}", is_behind=True)


async def test_whoever_was_slow_is_told_the_newest_places_in_the_end() -> None:
    """Nobody may move their cursor again: what was left out would be missing for good."""
    bob, gone = slow_session("bob"), slow_session("gone")
    ada = Mock(id="ada", points=True, author="a.ada", is_behind=False)
    here: dict[str, Any] = {session.id: session for session in (ada, bob, gone)}
    pointers = Pointers(Mock(), Mock(), here, crowd(), 50)
    pointers._tell([at("a.ada", 1)])
    pointers._tell([at("a.ada", 2)])
    pointers._tell([Pointer("a.ben", 1, None, None)])
    assert ada.send.call_count == 1, "her own are told to the others"
    pointers._tell_missed()
    bob.send.assert_not_called()
    del here["gone"]
    bob.is_behind = False
    # What comes before it has been told joins it: the places stay in order.
    pointers._tell([at("a.ada", 3)])
    bob.send.assert_not_called()
    await eventually(lambda: bob.send.call_count == 1)
    (frame,) = bob.send.call_args.args
    assert b'{"userId":"a.ada","rev":1,"anchor":3,"head":3}' in frame.websocket
    assert b'{"userId":"a.ben","rev":1,"anchor":null,"head":null}' in frame.websocket
    assert not pointers._missed
    assert pointers._cancel is None, "nothing goes on when all are told"
    gone.send.assert_not_called()
    pointers.close()


async def test_what_redis_did_not_take_is_said_when_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[list[Pointer]] = []
    may_answer = asyncio.Event()

    async def point(_redis: object, _keys: object, found: list[Pointer]) -> None:
        said.append(found)
        await may_answer.wait()
        if len(said) == 1:
            raise ConnectionError("away")

    monkeypatch.setattr("padfleet.services.fanout.presence.pointers.point", point)
    pointers = Pointers(Mock(), Mock(channel="c"), {}, crowd(), 50)
    pointers.moved(at("a.ada", 1))
    await eventually(lambda: len(said) == 1)
    pointers._publish([at("a.bob", 2)])  # Redis has not answered yet
    pointers.moved(at("a.bob", 3))
    may_answer.set()
    due = {at("a.ada", 1), at("a.bob", 3)}
    await eventually(lambda: due <= {pointer for found in said[1:] for pointer in found})
    assert not any(at("a.bob", 2) in found for found in said), "there is a newer one"
    pointers.close()
