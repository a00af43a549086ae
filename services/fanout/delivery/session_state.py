"""Defines the states of a session, from its join to its end. It is pure, so that every order of
events can be tested.

`transition` is the only place where one state becomes another. It returns the action to take, and
the session has it taken. So nothing else needs to know in which order events may come, and nothing
is set on a session from outside.
"""

from enum import Enum, auto


class SessionState(Enum):
    """The states of a session. The flushes of its pad serve it only while it is CURRENT."""

    ARRIVING = "is joining, and has no place in the feed yet"
    CURRENT = "is sent what comes"
    WAITING = "its socket has to take, or its client to acknowledge, what it was sent before"
    CATCHING_UP = "lacks revisions that the feed does not hold any more, and a task reads them"
    HELD_UP = "the same, and that task waits for its socket or its client"
    GONE = "is off the pad for good"


class SessionEvent(Enum):
    """The events in a session's life."""

    ENTERED = auto()  #: it has its place in the feed
    STUCK = auto()  #: it was not sent all there was: its socket or its window is full
    MADE_ROOM = auto()  #: its socket has taken something, or its client acknowledged something
    FELL_BEHIND = auto()  #: the feed does not reach back to its place
    CAUGHT_UP = auto()  #: reading for it has ended, with or without success
    LEFT = auto()  #: it has been taken off the pad


class Action(Enum):
    """What has to be done after a transition."""

    NOTHING = auto()
    SERVE = auto()  #: send it what it lacks, out of turn
    READ = auto()  #: start the task that reads for it
    GO_ON = auto()  #: let that task go on


_S, _E, _A = SessionState, SessionEvent, Action

_TRANSITIONS: dict[tuple[SessionState, SessionEvent], tuple[SessionState, Action]] = {
    (_S.ARRIVING, _E.ENTERED): (_S.CURRENT, _A.SERVE),
    (_S.ARRIVING, _E.LEFT): (_S.GONE, _A.NOTHING),
    (_S.CURRENT, _E.STUCK): (_S.WAITING, _A.NOTHING),
    (_S.CURRENT, _E.FELL_BEHIND): (_S.CATCHING_UP, _A.READ),
    (_S.CURRENT, _E.LEFT): (_S.GONE, _A.NOTHING),
    # It is served before it counts as CURRENT for anybody else, and then may have to wait again.
    (_S.WAITING, _E.MADE_ROOM): (_S.CURRENT, _A.SERVE),
    (_S.WAITING, _E.LEFT): (_S.GONE, _A.NOTHING),
    (_S.CATCHING_UP, _E.STUCK): (_S.HELD_UP, _A.NOTHING),
    (_S.CATCHING_UP, _E.CAUGHT_UP): (_S.CURRENT, _A.SERVE),
    (_S.CATCHING_UP, _E.LEFT): (_S.GONE, _A.NOTHING),  # the task finds out at its next step
    (_S.HELD_UP, _E.MADE_ROOM): (_S.CATCHING_UP, _A.GO_ON),
    (_S.HELD_UP, _E.CAUGHT_UP): (_S.CURRENT, _A.SERVE),
    (_S.HELD_UP, _E.LEFT): (_S.GONE, _A.GO_ON),  # otherwise the task would wait forever
}


def transition(state: SessionState, event: SessionEvent) -> tuple[SessionState, Action]:
    """Returns the state after an event, and the action to take. An event that means nothing in a
    state changes nothing: for example room in the socket of a session that does not wait, or
    anything that is still reported about one that has gone."""
    return _TRANSITIONS.get((state, event), (state, Action.NOTHING))


def is_behind(state: SessionState) -> bool:
    """Returns whether a session waits or catches up."""
    return state not in (SessionState.ARRIVING, SessionState.CURRENT)
