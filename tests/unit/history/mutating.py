"""Tools for changing honest histories, and the list of all changes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from padfleet.shared.easysync import apply_to_text, make_splice
from padfleet.shared.wire.jsontext import loads
from tests.chaos.history.findings import Kind
from tests.chaos.history.recording import (
    Accepted,
    Event,
    Finished,
    Moment,
    Received,
    Recording,
    Submitted,
    pool_json,
)
from tests.chaos.history.story import marks_in
from tests.chaos.history.stream import Stream
from tests.unit.history.simulator import History, stream_of

Mutation = Callable[[History, random.Random], History | None]

CATALOGUE: list[tuple[Kind, Mutation]] = []

NEW_MARK = "[c0.999999]"
NO_POOL: dict[str, Any] = {"numToAttrib": {}, "nextNum": 0}


def a_fault(kind: Kind) -> Callable[[Mutation], Mutation]:
    def enter(mutation: Mutation) -> Mutation:
        CATALOGUE.append((kind, mutation))
        return mutation

    return enter


def events(recording: Recording) -> list[Event]:
    return list(recording.events())


def with_events(history: History, who: int, changed: list[Event]) -> History:
    """Returns the history with other events for one client. Their times are arbitrary."""
    recordings = list(history.recordings)
    old = recordings[who]
    moments = [Moment(float(at), event) for at, event in enumerate(changed)]
    recordings[who] = Recording(old.client, old.pad, moments)
    return History(recordings, history.stream)


def changes_of(stream: Stream) -> list[dict[str, Any]]:
    return [loads(revision.wire) for revision in stream.revisions]


def with_changes(history: History, changes: list[dict[str, Any]]) -> History:
    return History(history.recordings, stream_of(changes))


def with_stream(history: History, **fields: Any) -> History:
    return History(history.recordings, replace(history.stream, **fields))


def text_at(stream: Stream, rev: int) -> str:
    text = "\n"
    for change in changes_of(stream)[: rev + 1]:
        text = apply_to_text(change["changeset"], text)
    return text


def places(
    history: History, fits: Callable[[list[Event], int], bool], dice: random.Random
) -> tuple[int, int, list[Event]] | None:
    """Returns a client and a place among its events where `fits` holds, or None."""
    found = []
    for who, recording in enumerate(history.recordings):
        sequence = events(recording)
        found += [(who, at, sequence) for at in range(len(sequence)) if fits(sequence, at)]
    return dice.choice(found) if found else None


def kind_at(sequence: list[Event], at: int, kind: type[Event]) -> bool:
    return 0 <= at < len(sequence) and isinstance(sequence[at], kind)


def end(history: History, dice: random.Random) -> tuple[int, list[Event], Finished]:
    """Returns a client, its events before the last one, and the last one."""
    who = dice.randrange(len(history.recordings))
    *before, last = events(history.recordings[who])
    assert isinstance(last, Finished)
    return who, before, last


def submitted_new(history: History, rev: int) -> Submitted:
    changeset = make_splice(text_at(history.stream, rev), 0, 0, NEW_MARK)
    return Submitted(rev, changeset, pool_json(NO_POOL), (NEW_MARK,))


def one_more(
    history: History, start: int, removed: int, inserted: str, *, author: str = "a.x"
) -> History:
    """Returns the history with another revision, which everybody receives as they should."""
    stream = history.stream
    before = text_at(stream, stream.head)
    changeset = make_splice(before, start, removed, inserted)
    rev = stream.head + 1
    change = {"newRev": rev, "changeset": changeset, "apool": NO_POOL, "author": author}
    text = apply_to_text(changeset, before)
    for who, recording in enumerate(history.recordings):
        *sequence, last = events(recording)
        assert isinstance(last, Finished)
        heard = Received(rev, author, changeset, pool_json(NO_POOL))
        history = with_events(history, who, [*sequence, heard, replace(last, rev=rev, text=text)])
    return with_changes(history, [*changes_of(stream), change])


def rewrite_committed(
    history: History, dice: random.Random, rewrite: Callable[[str, str], str]
) -> History | None:
    """Changes what a marked revision inserts, in the stream only. `rewrite` is given the bank and
    the first mark in it, and keeps the length."""
    place = places(
        history,
        lambda e, at: kind_at(e, at, Accepted) and bool(marks_at(history.stream, rev_of(e[at]))),
        dice,
    )
    if place is None:
        return None
    _, at, sequence = place
    changes = changes_of(history.stream)
    change = changes[rev_of(sequence[at])]
    ops, _, bank = change["changeset"].partition("$")
    fresh = rewrite(bank, marks_in(bank)[0])
    if fresh == bank:
        return None
    change["changeset"] = f"{ops}${fresh}"
    return with_changes(history, changes)


def rev_of(event: Event) -> int:
    assert isinstance(event, Accepted | Received)
    return event.rev


def marks_at(stream: Stream, rev: int) -> tuple[str, ...]:
    return marks_in(loads(stream.revisions[rev].wire)["changeset"]) if rev <= stream.head else ()
