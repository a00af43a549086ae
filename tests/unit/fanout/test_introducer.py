"""Tests that the introducer tells everybody who is there: after the pad, in shared bytes, and at a
pace."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler
from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.delivery.window import ASIDE_ROOM, LIMIT
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.presence import introducer
from padfleet.services.fanout.presence.introducer import LATER, Introducer
from padfleet.services.fanout.presence.roster_log import RosterLog
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame
from tests.unit.fanout.test_roster_log import messages, who


class Later:
    """A clock that the test moves on."""

    def __init__(self) -> None:
        self.time = 100.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.time

    def later(self, delay: float, call: Callable[[], None]) -> Any:
        entry = (self.time + delay, call)
        self.calls.append(entry)

        class Timer:
            def cancel(inner) -> None:  # noqa: N805
                if entry in self.calls:
                    self.calls.remove(entry)

        return Timer()

    def soon(self, call: Callable[[], None]) -> None:
        self.later(0, call)

    def passes(self, seconds: float) -> None:
        until = self.time + seconds
        while due := [entry for entry in self.calls if entry[0] <= until]:
            entry = min(due, key=lambda each: each[0])
            self.calls.remove(entry)
            self.time = max(self.time, entry[0])
            entry[1]()
        self.time = until


class Socket(Outbound):
    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.full = False
        self.ended = False

    def offer(self, frame: Frame) -> bool:
        if not self.full:
            self.frames.append(frame)
        return not self.full

    def end(self, why: str = "") -> None:
        self.ended = True

    @property
    def people(self) -> set[str]:
        found: set[str] = set()
        for frame in self.frames:
            for message in messages(frame):
                author = message["userInfo"]["userId"]
                (found.add if "NEW" in message["type"] else found.discard)(author)
        return found


class Scene:
    def __init__(self, *, block: int = 512, left_kept: int = 4096) -> None:
        self.clock = Later()
        self.log = RosterLog(block, left_kept)
        self.sessions: dict[str, Session] = {}
        self.gate = SendingGate()
        turns = FlushScheduler(introducer.RULES, self.clock, counted=False)
        self.introducer = Introducer(self.log, self.sessions, turns, self.gate)

    def comes(self, number: int, *, lists: bool = False, back: bool = False) -> Socket:
        socket = Socket()
        identity = SessionIdentity(f"a.{number}", "pad", "pad", "r.0", False, embedded=False)
        session = Session(
            identity,
            socket,
            batching=True,
            id=f"session {number}",
            cursor=DeliveryCursor(0),
            roster=RosterCursor(lists=lists),
        )
        session.happened(SessionEvent.ENTERED)
        self.sessions[session.id] = session
        self.introducer.welcome(session, knows_some=back)
        self.here(number, but=session.id)
        return socket

    def here(self, number: int, *, but: str = "") -> None:
        if self.log.here(who(number), but=but):
            self.introducer.changed()

    def gone(self, number: int) -> None:
        if self.log.gone(f"a.{number}"):
            self.introducer.changed()


def test_a_handful_of_people_know_each_other_at_once() -> None:
    scene = Scene()
    sockets = [scene.comes(number) for number in range(3)]
    scene.clock.passes(0.005)
    assert [socket.people for socket in sockets] == [
        {"a.1", "a.2"},
        {"a.0", "a.2"},
        {"a.0", "a.1"},
    ]
    scene.gone(1)
    scene.clock.passes(0.005)
    assert sockets[0].people == {"a.2"}
    scene.clock.passes(10)
    assert [len(socket.frames) for socket in sockets[:1]] == [3]


def test_newcomers_share_what_they_are_told_part_by_part() -> None:
    scene = Scene(block=20)
    for number in range(100, 200):
        scene.here(number)
    one, other = scene.comes(1), scene.comes(2)
    scene.clock.passes(5)
    assert len(one.people) == 101
    shared = [frame for frame in one.frames if any(frame is each for each in other.frames)]
    assert len(shared) >= 5


def test_what_changes_between_two_turns_is_one_write() -> None:
    scene = Scene()
    crowd = [scene.comes(number) for number in range(50)]
    scene.clock.passes(10)
    before = len(crowd[0].frames)
    # So that it is its turn, and has been so often lately that the next one waits.
    for number in range(1000, 1030):
        scene.here(number)
    for number in range(2000, 2600):
        scene.here(number)
        scene.gone(number - 100)
    scene.clock.passes(10)
    assert len(crowd[0].frames) - before < 25
    there = {f"a.{n}" for n in (*range(50), *range(1000, 1030), *range(2500, 2600))}
    assert all(socket.people | {f"a.{n}"} == there for n, socket in enumerate(crowd))


def test_I6_nothing_is_kept_for_a_slow_socket_and_it_is_tried_again() -> None:
    scene = Scene()
    slow, quick = scene.comes(1), scene.comes(2)
    slow.full = True
    for number in range(10, 300):
        scene.here(number)
        scene.gone(number - 5)
        scene.clock.passes(1)
    assert len(quick.people) == 6
    slow.full = False
    before = len(slow.frames)
    scene.clock.passes(2 * LATER)
    assert len(slow.frames) == before + 1
    assert slow.people == {"a.2", *(f"a.{n}" for n in range(295, 300))}


def test_I6_a_session_that_lacks_more_than_is_kept_begins_the_list_again() -> None:
    scene = Scene(left_kept=10)
    slow, quick = scene.comes(1), scene.comes(2)
    for number in range(10, 100):
        scene.here(number)
    scene.clock.passes(1)
    slow.full = True
    for number in range(10, 100):
        scene.gone(number)
        scene.clock.passes(1)
    assert slow.ended
    assert not quick.ended
    del scene.sessions["session 1"]
    scene.clock.passes(10)
    assert not scene.clock.calls, "nobody waits any more"


def test_the_pad_comes_first() -> None:
    """A session that has not received its revisions, or has little room for the next ones, learns
    names later."""
    scene = Scene()
    scene.here(10)
    socket = scene.comes(1)
    session = scene.sessions["session 1"]
    assert socket.people == {"a.10"}
    session.happened(SessionEvent.STUCK)
    scene.here(11)
    scene.clock.passes(5)
    assert socket.people == {"a.10"}
    session.happened(SessionEvent.MADE_ROOM)
    session.window.sent += LIMIT - ASIDE_ROOM
    scene.clock.passes(5)
    assert socket.people == {"a.10"}
    session.window.all_arrived()
    scene.clock.passes(5)
    assert socket.people == {"a.10", "a.11"}


def test_names_alone_are_asked_about_before_they_fill_the_window() -> None:
    """If they were not, nobody would ask on a pad where nothing is typed, and the rest would never
    come."""
    scene = Scene()
    socket = scene.comes(1)
    session = scene.sessions["session 1"]
    for number in range(10, 8000):
        scene.here(number)
    for _ in range(100):
        scene.clock.passes(1)
        while socket.pings:
            socket.ponged(time.monotonic())
    assert len(socket.people) == 7990
    assert session.window.sent > 3 * LIMIT


def test_while_the_gate_is_shut_nobody_is_told_anything() -> None:
    scene = Scene()
    socket = scene.comes(1)
    scene.gate.shut()
    scene.here(10)
    scene.clock.passes(1)
    assert not socket.people
    scene.gate.release()
    scene.clock.passes(1)
    assert socket.people == {"a.10"}


@pytest.mark.parametrize("others", [0, 1, 40])
def test_listing_people_says_that_the_list_is_complete(others: int) -> None:
    scene = Scene(block=20)
    for number in range(100, 100 + others):
        scene.here(number)
    socket = scene.comes(1, lists=True)
    scene.clock.passes(10)
    told = [message for frame in socket.frames for message in messages(frame)]
    assert [message["type"] for message in told] == ["USERS"] * len(told)
    completing = [number for number, message in enumerate(told) if message.get("complete")]
    assert completing == [max(0, -(-others // 20) - 1)]
    named = {row[0] for message in told for row in message.get("users", ())}
    assert named - {"a.1"} == {f"a.{n}" for n in range(100, 100 + others)}


def test_a_page_that_comes_back_is_told_who_left_meanwhile() -> None:
    scene = Scene()
    scene.comes(1)
    scene.here(10)
    scene.here(11)
    del scene.sessions["session 1"]
    scene.gone(10)
    socket = scene.comes(1, back=True)
    told = [(m["type"], m["userInfo"]["userId"]) for f in socket.frames for m in messages(f)]
    assert ("USER_LEAVE", "a.10") in told
    assert socket.people == {"a.11"}
    fresh = scene.comes(2)
    assert "USER_LEAVE" not in [m["type"] for frame in fresh.frames for m in messages(frame)]


def test_after_the_end_nothing_happens() -> None:
    scene = Scene()
    scene.comes(1).full = True
    scene.here(10)
    scene.introducer.close()
    scene.clock.passes(1)
    assert not scene.clock.calls
