"""Tests that a pad on which a worker has fallen behind comes to rest again: what a flush makes does
not grow with what sessions lack, and afterwards all of them are at one place."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.delivery import Delivery
from padfleet.services.fanout.delivery.fast_path import push
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.delivery.session_state import SessionEvent, SessionState
from padfleet.services.fanout.delivery.shared_context import OWN_MOST, SharedContext
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.websocket_connection import HIGH_WATER
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.log.keys import Keyspace
from tests.feeds import typed

PEOPLE = 100
FIRST_MS = 1_700_000_000_000


class Socket:
    """Takes everything, unless it is stuck."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.stuck = False
        self.deflates = True
        self.transport = self

    def get_extra_info(self, _name: str) -> Socket:
        return self

    def fileno(self) -> int:
        return self.fd

    def write(self, _data: bytes) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return HIGH_WATER + 1 if self.stuck else 0

    def is_closing(self) -> bool:
        return False

    def when_drained(self, _call: Callable[[], None]) -> None:
        """The tests say themselves when there is room."""


class Pad:
    """A pad on which everybody types."""

    def __init__(self, fd: int) -> None:
        self.feed = Feed(0, 50_000)
        self.sockets = [Socket(fd) for _ in range(PEOPLE)]
        self.sessions = {
            f"s{number}": self._session(f"s{number}", n) for number, n in enumerate(self.sockets)
        }
        self.authors = {name: f"a.{secrets.token_urlsafe(12)}" for name in self.sessions}
        self._random = random.Random(1)

    def _session(self, name: str, line: Socket) -> Session:
        way_out = Outbound()
        way_out.to_websocket(cast(Any, line))
        identity = SessionIdentity("a.1", "p", "p", "", read_only=False, embedded=False)
        session = Session(identity, way_out, True, id=name, cursor=DeliveryCursor(0))
        session.window.asked_at = 1e12  # nobody is asked for the sake of measuring
        return session

    def type(self, count: int) -> None:
        for _ in range(count):
            name = self._random.choice(list(self.sessions))
            rev = self.feed.head + 1
            changeset = f"Z:{numeral(rev)}>1={numeral(self._random.randrange(5000))}*0+1$x"
            delta = self._random.randrange(12)
            author = self.authors[name]
            typed(self.feed, author, name, changeset, at_ms=FIRST_MS + rev, time_delta=delta)

    @property
    def places(self) -> set[int]:
        return {session.cursor.sent_rev for session in self.sessions.values()}


@pytest.fixture
def pad() -> Iterator[Pad]:
    fd = os.open(os.devnull, os.O_WRONLY)
    yield Pad(fd)
    os.close(fd)


def bytes_for_each(pad: Pad, context: SharedContext, frames: Frames) -> float:
    """Flushes, and returns the bytes that were sent for each revision and session."""
    flush = Flush(pad.feed, frames, 0.0, context=context, own=OWN_MOST)
    push(flush, pad.sessions.values(), lambda session: one(flush, session))
    tally = flush.finish()
    for session in pad.sessions.values():
        session.window.all_arrived()
    return tally.bytes / tally.revisions


def one(flush: Flush, session: Session) -> None:
    session.flush(flush)


@pytest.mark.parametrize("batching", [True, False])
def test_a_revision_costs_no_more_the_more_of_them_everybody_lacks(
    pad: Pad, batching: bool
) -> None:
    context, frames = SharedContext(), Frames()
    for session in pad.sessions.values():
        session.batching = batching
        session.happened(SessionEvent.ENTERED)
    in_step = []
    for _ in range(8):
        pad.type(PEOPLE // 5)
        in_step.append(bytes_for_each(pad, context, frames))
    pad.type(10 * PEOPLE)
    behind = bytes_for_each(pad, context, frames)
    assert pad.places == {pad.feed.head}
    assert behind < 1.5 * in_step[-1], "half of the stretches have a revision of one's own"


def test_who_is_at_another_revision_than_all_others_is_sent_the_same_after_one_message(
    pad: Pad,
) -> None:
    context, frames = SharedContext(), Frames()
    pad.type(10 * PEOPLE)
    for number, session in enumerate(pad.sessions.values()):
        session.cursor.sent_rev = 5 * number
        session.id = f"reader {number}"
        session.happened(SessionEvent.ENTERED)
    flush = Flush(pad.feed, frames, 0.0, context=context, own=0, place=0)
    push(flush, pad.sessions.values(), lambda session: one(flush, session))
    tally = flush.finish()
    assert pad.places == {pad.feed.head}
    assert tally.bytes < 70 * tally.revisions, "270, had they nothing in common"


class Clock:
    """Gives each step of a flush a turn of its own, between which anything may happen."""

    def __init__(self) -> None:
        self.time = 0.0
        self.calls: list[Callable[[], None]] = []

    def now(self) -> float:
        self.time += 1.0
        return self.time

    def later(self, _delay: float, call: Callable[[], None]) -> Clock:
        self.calls.append(call)
        return self

    def soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def cancel(self) -> None:
        pass

    def step(self) -> bool:
        if self.calls:
            self.calls.pop(0)()
        return bool(self.calls)


def served(pad: Pad, rules: PacingRules | None = None) -> tuple[Delivery, Clock]:
    clock = Clock()
    replica = cast(Any, SimpleNamespace(feed=pad.feed, frames=Frames()))
    keys = Keyspace(4).pad("p")
    turns = FlushScheduler(rules or PacingRules(), clock)
    return (
        Delivery(cast(Any, None), keys, replica, News(), pad.sessions, turns, SendingGate()),
        clock,
    )


def test_after_a_flush_all_are_at_one_place_wherever_they_were_and_whatever_arrived(
    pad: Pad,
) -> None:
    delivery, clock = served(pad)
    for session in pad.sessions.values():
        delivery.welcome(session)
    pad.type(10 * PEOPLE)
    for number, session in enumerate(pad.sessions.values()):
        session.cursor.sent_rev = 5 * number
    delivery.revisions_due()
    head = pad.feed.head
    while pad.places != {head}:
        pad.type(1)
        delivery.revisions_due()
        clock.step()
        assert max(pad.places) <= head, "some have been sent what others will be sent later"
    while clock.step():
        pass
    assert pad.places == {pad.feed.head}


def test_who_was_kept_waiting_comes_to_where_the_others_are(pad: Pad) -> None:
    delivery, clock = served(pad)
    for session in pad.sessions.values():
        delivery.welcome(session)
    for line in pad.sockets:
        line.stuck = True
    pad.type(PEOPLE)
    delivery.revisions_due()
    for _ in range(10):
        clock.step()
    assert {session.state for session in pad.sessions.values()} == {SessionState.WAITING}
    reached = pad.feed.head
    for line, session in zip(pad.sockets, pad.sessions.values(), strict=True):
        pad.type(1)
        delivery.revisions_due()
        line.stuck = False
        session.happened(SessionEvent.MADE_ROOM)
    assert len(pad.places) == 1
    while clock.step():
        pass
    assert pad.places == {pad.feed.head}
    assert reached < pad.feed.head


def test_who_comes_before_a_flush_is_brought_to_where_the_others_are(pad: Pad) -> None:
    """Sent all that there is, they would be alone at that place, and so would be their next
    message."""
    delivery, clock = served(pad, PacingRules(floor=1e6, ceiling=1e6))
    *others, late = pad.sessions.values()
    del pad.sessions[late.id]
    for session in others:
        delivery.welcome(session)
    pad.type(PEOPLE)
    delivery.revisions_due()
    while clock.step():
        pass
    reached = pad.feed.head
    pad.type(3)
    delivery.revisions_due()
    pad.sessions[late.id] = late
    delivery.welcome(late)
    assert pad.places == {reached}
    while clock.step():
        pass
    assert pad.places == {pad.feed.head}
