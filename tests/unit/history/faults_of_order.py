"""Faults in which something comes at the wrong place, twice, or not at all."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.chaos.history.findings import Kind
from tests.chaos.history.recording import (
    Accepted,
    CaughtUp,
    Event,
    Received,
    Reconnected,
    Submitted,
    pool_json,
)
from tests.unit.history.mutating import (
    NEW_MARK,
    a_fault,
    changes_of,
    end,
    kind_at,
    one_more,
    places,
    rev_of,
    submitted_new,
    with_events,
)
from tests.unit.history.simulator import History


def _in_the_middle(sequence: list[Event], at: int) -> bool:
    """Returns whether the event is a revision that is followed by another one."""
    return kind_at(sequence, at, Received) and kind_at(sequence, at + 1, Received)


@a_fault(Kind.GAP)
def a_revision_does_not_come(history: History, dice: random.Random) -> History | None:
    place = places(history, _in_the_middle, dice)
    if place is None:
        return None
    who, at, sequence = place
    return with_events(history, who, sequence[:at] + sequence[at + 1 :])


@a_fault(Kind.REORDERED)
def two_revisions_change_places(history: History, dice: random.Random) -> History | None:
    place = places(history, _in_the_middle, dice)
    if place is None:
        return None
    who, at, sequence = place
    pair: list[Event] = [sequence[at + 1], sequence[at]]
    return with_events(history, who, sequence[:at] + pair + sequence[at + 2 :])


@a_fault(Kind.REPEATED)
def a_revision_comes_twice(history: History, dice: random.Random) -> History | None:
    place = places(history, lambda e, at: kind_at(e, at, Received), dice)
    if place is None:
        return None
    who, at, sequence = place
    return with_events(history, who, sequence[: at + 1] + sequence[at:])


def _changes(sequence: list[Event], at: int) -> bool:
    """Returns whether the event accepts a submission that became a revision. An answer at the
    client's own revision means that nothing has changed."""
    event = sequence[at]
    if not isinstance(event, Accepted):
        return False
    submitted = next(e for e in reversed(sequence[:at]) if isinstance(e, Submitted))
    return bool(submitted.marks)


@a_fault(Kind.ACCEPT_OUT_OF_PLACE)
def an_answer_comes_late(history: History, dice: random.Random) -> History | None:
    place = places(history, lambda e, at: _changes(e, at) and kind_at(e, at + 1, Received), dice)
    if place is None:
        return None
    who, at, sequence = place
    pair: list[Event] = [sequence[at + 1], sequence[at]]
    return with_events(history, who, sequence[:at] + pair + sequence[at + 2 :])


@a_fault(Kind.ACCEPT_OUT_OF_PLACE)
def an_answer_comes_early(history: History, dice: random.Random) -> History | None:
    place = places(
        history,
        lambda e, at: _changes(e, at) and kind_at(e, at - 1, Received),
        dice,
    )
    if place is None:
        return None
    who, at, sequence = place
    pair: list[Event] = [sequence[at], sequence[at - 1]]
    return with_events(history, who, sequence[: at - 1] + pair + sequence[at + 1 :])


@a_fault(Kind.ACCEPT_OUT_OF_PLACE)
def an_answer_comes_twice(history: History, dice: random.Random) -> History | None:
    place = places(history, _changes, dice)
    if place is None:
        return None
    who, at, sequence = place
    return with_events(history, who, sequence[: at + 1] + sequence[at:])


@a_fault(Kind.ACCEPT_OUT_OF_PLACE)
def an_answer_names_another_revision(history: History, dice: random.Random) -> History | None:
    place = places(history, _changes, dice)
    if place is None:
        return None
    who, at, sequence = place
    wrong = Accepted(rev_of(sequence[at]) + dice.choice((-1, 1)))
    return with_events(history, who, [*sequence[:at], wrong, *sequence[at + 1 :]])


@a_fault(Kind.ACCEPT_OUT_OF_PLACE)
def own_text_comes_as_somebody_elses(history: History, dice: random.Random) -> History | None:
    place = places(history, _changes, dice)
    if place is None:
        return None
    who, at, sequence = place
    change = changes_of(history.stream)[rev_of(sequence[at])]
    pool = pool_json(change["apool"])
    heard = Received(change["newRev"], change["author"], change["changeset"], pool)
    return with_events(history, who, [*sequence[:at], heard, *sequence[at + 1 :]])


@a_fault(Kind.GAP)
def nothing_is_said_to_be_missed_at_another_revision(
    history: History, dice: random.Random
) -> History | None:
    who, before, last = end(history, dice)
    back: list[Event] = [Reconnected(last.rev), CaughtUp(last.rev + 1)]
    return with_events(history, who, [*before, *back, last])


@a_fault(Kind.ACCEPT_OUT_OF_PLACE)
def the_answer_names_somebody_elses_revision(
    history: History, dice: random.Random
) -> History | None:
    """The submission that was accepted as N was committed as N + 1."""
    who, before, last = end(history, dice)
    mine: list[Event] = [submitted_new(history, last.rev), Accepted(last.rev + 1)]
    history = one_more(one_more(history, 0, 0, "x"), 0, 0, NEW_MARK)
    return with_events(history, who, [*before, *mine, replace(last, rev=last.rev + 1)])
