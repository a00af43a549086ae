"""Tests the states of a session against a second implementation, and in every order of events."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.delivery.session_state import (
    Action,
    SessionEvent,
    SessionState,
    is_behind,
    transition,
)
from padfleet.services.fanout.transport.outbound import Outbound

EVENTS = list(SessionEvent)
STATES = list(SessionState)


@dataclass
class Flags:
    """A session as independent facts, from which state and action follow."""

    entered: bool = False
    left: bool = False
    blocked: bool = False  #: its socket or window is full
    reader: bool = False  #: a task reads for it

    def happens(self, event: SessionEvent) -> Action:
        if self.left:
            return Action.NOTHING
        if event is SessionEvent.LEFT:
            waits = self.reader and self.blocked
            self.left = True
            return Action.GO_ON if waits else Action.NOTHING
        if not self.entered:
            self.entered = event is SessionEvent.ENTERED
            return Action.SERVE if self.entered else Action.NOTHING
        match event:
            case SessionEvent.STUCK:
                self.blocked = True
            case SessionEvent.MADE_ROOM if self.blocked:
                self.blocked = False
                return Action.GO_ON if self.reader else Action.SERVE
            case SessionEvent.FELL_BEHIND if not self.reader and not self.blocked:
                self.reader = True
                return Action.READ
            case SessionEvent.CAUGHT_UP if self.reader:
                self.reader = self.blocked = False
                return Action.SERVE
        return Action.NOTHING

    @property
    def state(self) -> SessionState:
        if self.left:
            return SessionState.GONE
        if not self.entered:
            return SessionState.ARRIVING
        if self.reader:
            return SessionState.HELD_UP if self.blocked else SessionState.CATCHING_UP
        return SessionState.WAITING if self.blocked else SessionState.CURRENT


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_it_does_what_the_facts_say(events: list[SessionEvent]) -> None:
    flags, state = Flags(), SessionState.ARRIVING
    for event in events:
        state, action = transition(state, event)
        assert (action, state) == (flags.happens(event), flags.state)


def test_I3_there_is_never_more_than_one_task_that_reads_and_only_it_serves_meanwhile() -> None:
    """Two of them would send the same revisions, each at its own pace. The test tries every order
    of six events."""
    for events in product(EVENTS, repeat=6):
        state, readers = SessionState.ARRIVING, 0
        for event in events:
            state, action = transition(state, event)
            if event is SessionEvent.CAUGHT_UP:
                readers = 0
            readers += action is Action.READ
            assert readers <= 1
            if action is Action.SERVE:
                assert state is SessionState.CURRENT
                assert readers == 0
            if action is Action.GO_ON:
                assert readers == 1


@pytest.mark.parametrize("event", EVENTS)
def test_a_session_that_is_gone_stays_gone(event: SessionEvent) -> None:
    assert transition(SessionState.GONE, event) == (SessionState.GONE, Action.NOTHING)


@pytest.mark.parametrize("state", STATES)
def test_I6_nobody_waits_for_good(state: SessionState) -> None:
    """Room in the socket, or the end of the reading, brings each who is on the pad to be served."""
    if state in (SessionState.ARRIVING, SessionState.GONE):
        return
    seen = []
    for event in (SessionEvent.MADE_ROOM, SessionEvent.CAUGHT_UP):
        state, action = transition(state, event)
        seen.append(action)
    assert state is SessionState.CURRENT
    assert not is_behind(state)
    assert seen.count(Action.SERVE) <= 1


@pytest.mark.parametrize("state", STATES)
def test_a_session_that_leaves_keeps_no_task_waiting(state: SessionState) -> None:
    after, action = transition(state, SessionEvent.LEFT)
    assert after is SessionState.GONE
    assert (action is Action.GO_ON) == (state is SessionState.HELD_UP)


class Recorder:
    """A server that only notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Action] = []

    def act(self, session: Session, action: Action) -> None:
        assert session.state in (SessionState.CURRENT, SessionState.CATCHING_UP, SessionState.GONE)
        self.asked.append(action)


def test_a_session_performs_the_actions_of_its_states() -> None:
    server = Recorder()
    identity = SessionIdentity("a.me", "pad", "pad", "r.0", read_only=False, embedded=False)
    session = Session(identity, Outbound(), batching=True)
    session.happened(SessionEvent.MADE_ROOM)
    session.joins(7, DeliveryCursor(3))
    session.enter(server, news_at=5)
    assert (session.epoch, session.cursor.sent_rev, session.news_at) == (7, 3, 5)
    for event in (
        SessionEvent.STUCK,
        SessionEvent.MADE_ROOM,
        SessionEvent.FELL_BEHIND,
        SessionEvent.STUCK,
        SessionEvent.LEFT,
    ):
        session.happened(event)
    assert server.asked == [Action.SERVE, Action.SERVE, Action.READ, Action.GO_ON]
