"""Forks, and what clients have in the end."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.chaos.history.findings import Kind
from tests.chaos.history.recording import (
    Accepted,
    Event,
    Finished,
    GaveUp,
    Joined,
    Received,
    ToldToReload,
    digest,
)
from tests.unit.history.mutating import (
    NEW_MARK,
    a_fault,
    changes_of,
    end,
    events,
    kind_at,
    one_more,
    places,
    rev_of,
    submitted_new,
    text_at,
    with_changes,
    with_events,
)
from tests.unit.history.simulator import History


@a_fault(Kind.FORK)
def a_client_is_given_other_text(history: History, dice: random.Random) -> History | None:
    place = places(
        history,
        lambda e, at: isinstance(e[at], Received) and "$[" in getattr(e[at], "changeset", ""),
        dice,
    )
    if place is None:
        return None
    who, at, sequence = place
    heard = sequence[at]
    assert isinstance(heard, Received)
    other = replace(heard, changeset=heard.changeset.replace("$[", "$("))
    return with_events(history, who, [*sequence[:at], other, *sequence[at + 1 :]])


@a_fault(Kind.FORK)
def a_client_is_told_another_author(history: History, dice: random.Random) -> History | None:
    place = places(history, lambda e, at: kind_at(e, at, Received), dice)
    if place is None:
        return None
    who, at, sequence = place
    heard = sequence[at]
    assert isinstance(heard, Received)
    other = replace(heard, author="a.nobody")
    return with_events(history, who, [*sequence[:at], other, *sequence[at + 1 :]])


@a_fault(Kind.FORK)
def attributes_differ(history: History, dice: random.Random) -> History | None:
    place = places(
        history,
        lambda e, at: isinstance(e[at], Received) and '"author"' in getattr(e[at], "pool", ""),
        dice,
    )
    if place is None:
        return None
    who, at, sequence = place
    heard = sequence[at]
    assert isinstance(heard, Received)
    other = replace(heard, pool=heard.pool.replace('"author"', '"scribe"'))
    return with_events(history, who, [*sequence[:at], other, *sequence[at + 1 :]])


@a_fault(Kind.FORK)
def a_client_joins_another_text(history: History, dice: random.Random) -> History | None:
    place = places(history, lambda e, at: kind_at(e, at, Joined), dice)
    if place is None:
        return None
    who, at, sequence = place
    joined = sequence[at]
    assert isinstance(joined, Joined)
    other = replace(joined, digest=digest("another text\n"))
    return with_events(history, who, [*sequence[:at], other, *sequence[at + 1 :]])


@a_fault(Kind.FORK)
def it_is_committed_otherwise_than_submitted(
    history: History, dice: random.Random
) -> History | None:
    """All other clients receive what was committed."""
    who, before, last = end(history, dice)
    author = next(event.author for event in before if isinstance(event, Joined))
    mine: list[Event] = [submitted_new(history, last.rev), Accepted(last.rev + 1)]
    text = NEW_MARK + last.text
    history = one_more(history, 0, 0, NEW_MARK + "x", author=author)
    return with_events(history, who, [*before, *mine, replace(last, rev=last.rev + 1, text=text)])


@a_fault(Kind.FORK)
def the_stream_ends_before_what_was_seen(history: History, dice: random.Random) -> History | None:
    seen = places(
        history,
        lambda e, at: kind_at(e, at, Received) and rev_of(e[at]) == history.stream.head,
        dice,
    )
    return with_changes(history, changes_of(history.stream)[:-1]) if seen else None


@a_fault(Kind.DIVERGED)
@a_fault(Kind.DISAGREE)
def a_text_differs_in_the_end(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, replace(last, text="x" + last.text)])


@a_fault(Kind.DIVERGED)
def all_texts_differ_from_the_stream(history: History, dice: random.Random) -> History | None:
    for who, recording in enumerate(history.recordings):
        *before, last = events(recording)
        assert isinstance(last, Finished)
        history = with_events(history, who, [*before, replace(last, text="x" + last.text)])
    return history


@a_fault(Kind.BEHIND)
def the_last_revision_is_not_heard_by_one(history: History, dice: random.Random) -> History | None:
    place = places(
        history, lambda e, at: kind_at(e, at, Received) and at == len(e) - 2, dice
    )  # the last but Finished
    if place is None:
        return None
    who, at, sequence = place
    rev = rev_of(sequence[at]) - 1
    last = Finished(rev, text_at(history.stream, rev), connected=True)
    return with_events(history, who, [*sequence[:at], last])


@a_fault(Kind.AWAY)
def a_client_does_not_come_back(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, replace(last, connected=False)])


@a_fault(Kind.AWAY)
def a_recording_breaks_off(history: History, dice: random.Random) -> History | None:
    who, before, _ = end(history, dice)
    return with_events(history, who, before)


@a_fault(Kind.REFUSED)
def a_client_is_refused(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    author = next(event.author for event in before if isinstance(event, Joined))
    again: list[Event] = [ToldToReload("badChangeset"), Joined(last.rev, author, digest(last.text))]
    return with_events(history, who, [*before, *again, last])


@a_fault(Kind.GAVE_UP)
def a_client_gives_up(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, GaveUp("it made no sense"), last])
