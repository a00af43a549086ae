"""Faults in which text is lost or doubled. A mutation returns None where there is no place for
it."""

from __future__ import annotations

import random
from dataclasses import replace

from padfleet.shared.easysync import make_splice
from tests.chaos.history.findings import Kind
from tests.chaos.history.recording import (
    Accepted,
    Event,
    Finished,
    Submitted,
    ToldToReload,
    pool_json,
)
from tests.chaos.history.story import marks_in
from tests.unit.history.mutating import (
    NEW_MARK,
    NO_POOL,
    a_fault,
    changes_of,
    end,
    kind_at,
    marks_at,
    one_more,
    places,
    rev_of,
    rewrite_committed,
    submitted_new,
    text_at,
    with_changes,
    with_events,
)
from tests.unit.history.simulator import History


@a_fault(Kind.LOST_ACKNOWLEDGED)
def accepted_text_is_overwritten(history: History, dice: random.Random) -> History | None:
    def wiped(bank: str, _mark: str) -> str:
        return "".join("x" if unit in "[]" else unit for unit in bank)

    return rewrite_committed(history, dice, wiped)


@a_fault(Kind.LOST_ACKNOWLEDGED)
def the_last_accepted_is_cut_off(history: History, dice: random.Random) -> History | None:
    place = places(
        history,
        lambda e, at: (
            kind_at(e, at, Accepted)
            and rev_of(e[at]) == history.stream.head
            and bool(marks_at(history.stream, rev_of(e[at])))
            # In the last stay, or the reload would be part of the story.
            and not any(isinstance(event, ToldToReload) for event in e[at:])
        ),
        dice,
    )
    return with_changes(history, changes_of(history.stream)[:-1]) if place else None


@a_fault(Kind.LOST_ACKNOWLEDGED)
def accepted_and_never_committed(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    rev = last.rev + 1
    text = NEW_MARK + last.text
    tail: list[Event] = [
        submitted_new(history, last.rev),
        Accepted(rev),
        replace(last, rev=rev, text=text),
    ]
    return with_events(history, who, [*before, *tail])


@a_fault(Kind.LOST_TEXT)
def submitted_and_never_answered(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, submitted_new(history, last.rev), last])


@a_fault(Kind.LOST_TEXT)
def typed_and_never_submitted(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, replace(last, unsent=(NEW_MARK,))])


@a_fault(Kind.UNANSWERED)
def committed_and_never_answered(history: History, dice: random.Random) -> History | None:
    """The client hears nothing more from just before the answer on."""
    place = places(
        history,
        lambda e, at: kind_at(e, at, Accepted) and bool(marks_at(history.stream, rev_of(e[at]))),
        dice,
    )
    if place is None:
        return None
    who, at, sequence = place
    rev = rev_of(sequence[at]) - 1
    last = Finished(rev, text_at(history.stream, rev), connected=True)
    return with_events(history, who, [*sequence[:at], last])


@a_fault(Kind.DOUBLED)
def a_mark_goes_in_twice(history: History, dice: random.Random) -> History | None:
    marks = marks_in(text_at(history.stream, history.stream.head))
    return one_more(history, 0, 0, dice.choice(marks)) if marks else None


@a_fault(Kind.VANISHED)
def a_mark_goes_away(history: History, dice: random.Random) -> History | None:
    text = text_at(history.stream, history.stream.head)
    marks = marks_in(text)
    if not marks:
        return None
    mark = dice.choice(marks)
    return one_more(history, text.index(mark), len(mark), "")


@a_fault(Kind.UNANSWERED)
def a_deletion_is_never_answered(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    changeset = make_splice(last.text, 0, 1, "")
    deletion = Submitted(last.rev, changeset, pool_json(NO_POOL), ())
    return with_events(history, who, [*before, deletion, last])
