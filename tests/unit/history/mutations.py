"""Honest histories with one fault each. A mutation returns None where there is no place for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shared.easysync import apply_to_text, identity, make_splice
from shared.log.records import Revision
from shared.wire.jsontext import loads
from tests.chaos.history.findings import Kind
from tests.chaos.history.recording import (
    Accepted,
    Event,
    Finished,
    GaveUp,
    Joined,
    Moment,
    Received,
    Reconnected,
    Recording,
    Submitted,
    ToldToReload,
    digest,
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


# --- Tools ---------------------------------------------------------------------------------------


def events(recording: Recording) -> list[Event]:
    return list(recording.events())


def with_events(history: History, who: int, changed: list[Event]) -> History:
    """Another sequence of events for one client; times are as good as any."""
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
    """A client, and a place among its events, where `fits` holds."""
    found = []
    for who, recording in enumerate(history.recordings):
        sequence = events(recording)
        found += [(who, at, sequence) for at in range(len(sequence)) if fits(sequence, at)]
    return dice.choice(found) if found else None


def kind_at(sequence: list[Event], at: int, kind: type[Event]) -> bool:
    return 0 <= at < len(sequence) and isinstance(sequence[at], kind)


def end(history: History, dice: random.Random) -> tuple[int, list[Event], Finished]:
    """A client, its events before the last, and the last."""
    who = dice.randrange(len(history.recordings))
    *before, last = events(history.recordings[who])
    assert isinstance(last, Finished)
    return who, before, last


def submitted_new(history: History, who: int, rev: int) -> Submitted:
    changeset = make_splice(text_at(history.stream, rev), 0, 0, NEW_MARK)
    return Submitted(rev, changeset, pool_json(NO_POOL), (NEW_MARK,))


def one_more(history: History, start: int, removed: int, inserted: str) -> History:
    """Another revision, which everybody receives as it should be."""
    stream = history.stream
    before = text_at(stream, stream.head)
    changeset = make_splice(before, start, removed, inserted)
    rev = stream.head + 1
    change = {"newRev": rev, "changeset": changeset, "apool": NO_POOL, "author": "a.x"}
    text = apply_to_text(changeset, before)
    for who, recording in enumerate(history.recordings):
        *sequence, last = events(recording)
        assert isinstance(last, Finished)
        heard = Received(rev, "a.x", changeset, pool_json(NO_POOL))
        history = with_events(history, who, [*sequence, heard, replace(last, rev=rev, text=text)])
    return with_changes(history, [*changes_of(stream), change])


def rewrite_committed(
    history: History, dice: random.Random, rewrite: Callable[[str, str], str]
) -> History | None:
    """Changes what a marked revision inserts, in the stream only. `rewrite` is given the bank and
    the first mark in it, and keeps the length."""
    place = places(
        history,
        lambda e, at: kind_at(e, at, Accepted) and bool(_marks_at(history.stream, _rev(e[at]))),
        dice,
    )
    if place is None:
        return None
    _, at, sequence = place
    changes = changes_of(history.stream)
    change = changes[_rev(sequence[at])]
    ops, _, bank = change["changeset"].partition("$")
    fresh = rewrite(bank, marks_in(bank)[0])
    if fresh == bank:
        return None
    change["changeset"] = f"{ops}${fresh}"
    return with_changes(history, changes)


def _rev(event: Event) -> int:
    assert isinstance(event, Accepted | Received)
    return event.rev


def _marks_at(stream: Stream, rev: int) -> tuple[str, ...]:
    return marks_in(loads(stream.revisions[rev].wire)["changeset"]) if rev <= stream.head else ()


# --- Text that is lost or doubled ----------------------------------------------------------------


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
            and _rev(e[at]) == history.stream.head
            and bool(_marks_at(history.stream, _rev(e[at])))
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
        submitted_new(history, who, last.rev),
        Accepted(rev),
        replace(last, rev=rev, text=text),
    ]
    return with_events(history, who, [*before, *tail])


@a_fault(Kind.LOST_TEXT)
def submitted_and_never_answered(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, submitted_new(history, who, last.rev), last])


@a_fault(Kind.LOST_TEXT)
def typed_and_never_submitted(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, replace(last, unsent=(NEW_MARK,))])


@a_fault(Kind.UNANSWERED)
def committed_and_never_answered(history: History, dice: random.Random) -> History | None:
    """The client hears nothing more from just before the answer on."""
    place = places(
        history,
        lambda e, at: kind_at(e, at, Accepted) and bool(_marks_at(history.stream, _rev(e[at]))),
        dice,
    )
    if place is None:
        return None
    who, at, sequence = place
    rev = _rev(sequence[at]) - 1
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


# --- Order ---------------------------------------------------------------------------------------


def _in_the_middle(sequence: list[Event], at: int) -> bool:
    """A revision that is followed by another one."""
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
    """An answer to what became a revision: one at the client's own revision says nothing moved."""
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
    wrong = Accepted(_rev(sequence[at]) + dice.choice((-1, 1)))
    return with_events(history, who, [*sequence[:at], wrong, *sequence[at + 1 :]])


@a_fault(Kind.ACCEPT_OUT_OF_PLACE)
def own_text_comes_as_somebody_elses(history: History, dice: random.Random) -> History | None:
    place = places(history, _changes, dice)
    if place is None:
        return None
    who, at, sequence = place
    change = changes_of(history.stream)[_rev(sequence[at])]
    pool = pool_json(change["apool"])
    heard = Received(change["newRev"], change["author"], change["changeset"], pool)
    return with_events(history, who, [*sequence[:at], heard, *sequence[at + 1 :]])


# --- Forks ---------------------------------------------------------------------------------------


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
    def other_filler(bank: str, mark: str) -> str:
        rest = bank.removeprefix(mark)
        if rest == bank or "[" in rest:
            return bank
        return mark + "".join("Q" if unit.islower() else unit for unit in rest)

    return rewrite_committed(
        history,
        dice,
        lambda bank, mark: other_filler(bank, mark) if bank.startswith(mark) else bank,
    )


@a_fault(Kind.FORK)
def the_stream_ends_before_what_was_seen(history: History, dice: random.Random) -> History | None:
    seen = places(
        history,
        lambda e, at: kind_at(e, at, Received) and _rev(e[at]) == history.stream.head,
        dice,
    )
    return with_changes(history, changes_of(history.stream)[:-1]) if seen else None


# --- The end -------------------------------------------------------------------------------------


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
    rev = _rev(sequence[at]) - 1
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


# --- The stream and the recordings themselves ----------------------------------------------------


def _some_revision(
    history: History, dice: random.Random, change: Callable[[Revision], Revision | None]
) -> History:
    revisions = list(history.stream.revisions)
    at = dice.randrange(len(revisions))
    changed = change(revisions[at])
    revisions[at : at + 1] = [changed] if changed is not None else []
    return with_stream(history, revisions=tuple(revisions))


@a_fault(Kind.BROKEN_STREAM)
def the_stream_has_a_hole(history: History, dice: random.Random) -> History | None:
    return _some_revision(history, dice, lambda _: None)


@a_fault(Kind.BROKEN_STREAM)
def a_hash_is_wrong(history: History, dice: random.Random) -> History | None:
    return _some_revision(history, dice, lambda revision: revision._replace(chain=b"?" * 16))


@a_fault(Kind.BROKEN_STREAM)
def a_revision_has_changed_in_place(history: History, dice: random.Random) -> History | None:
    return _some_revision(
        history, dice, lambda revision: revision._replace(wire=revision.wire + b" ")
    )


@a_fault(Kind.BROKEN_STREAM)
def a_revision_does_not_apply(history: History, dice: random.Random) -> History | None:
    changes = changes_of(history.stream)
    dice.choice(changes)["changeset"] = identity(999_999)
    return with_changes(history, changes)


@a_fault(Kind.BROKEN_STREAM)
def the_meta_names_another_head(history: History, dice: random.Random) -> History | None:
    return with_stream(history, head=history.stream.head + dice.choice((-1, 1)))


@a_fault(Kind.BROKEN_STREAM)
def the_meta_names_another_hash(history: History, dice: random.Random) -> History | None:
    return with_stream(history, chain=b"?" * 16)


@a_fault(Kind.BAD_RECORDING)
def a_submission_is_made_on_another_revision(
    history: History, dice: random.Random
) -> History | None:
    place = places(history, lambda e, at: kind_at(e, at, Submitted), dice)
    if place is None:
        return None
    who, at, sequence = place
    made = sequence[at]
    assert isinstance(made, Submitted)
    other = replace(made, base_rev=made.base_rev + 1)
    return with_events(history, who, [*sequence[:at], other, *sequence[at + 1 :]])


@a_fault(Kind.BAD_RECORDING)
def a_client_reloads_unasked(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    author = next(event.author for event in before if isinstance(event, Joined))
    return with_events(history, who, [*before, Joined(last.rev, author, digest(last.text)), last])


@a_fault(Kind.BAD_RECORDING)
def a_client_comes_back_with_another_revision(
    history: History, dice: random.Random
) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, Reconnected(last.rev - 1), last])
