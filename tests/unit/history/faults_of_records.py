"""Faults in which a stream or a recording contradicts itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from padfleet.shared.easysync import identity
from padfleet.shared.log.records import Revision
from tests.chaos.history.findings import Kind
from tests.chaos.history.recording import (
    Joined,
    Reconnected,
    Submitted,
    digest,
)
from tests.unit.history.mutating import (
    a_fault,
    changes_of,
    end,
    kind_at,
    places,
    submitted_new,
    text_at,
    with_changes,
    with_events,
    with_stream,
)
from tests.unit.history.simulator import History


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


@a_fault(Kind.BROKEN_STREAM)
def a_wire_form_is_of_another_revision(history: History, dice: random.Random) -> History | None:
    changes = changes_of(history.stream)
    dice.choice(changes)["newRev"] += 1
    return with_changes(history, changes)


@a_fault(Kind.BAD_RECORDING)
def two_submissions_are_in_flight(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    twice = [submitted_new(history, last.rev)] * 2
    return with_events(history, who, [*before, *twice, last])


@a_fault(Kind.BAD_RECORDING)
def something_comes_after_the_end(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    return with_events(history, who, [*before, last, Reconnected(last.rev)])


@a_fault(Kind.BAD_RECORDING)
def it_ends_where_it_was_never_brought(history: History, dice: random.Random) -> History | None:
    who, before, last = end(history, dice)
    text = text_at(history.stream, last.rev - 1)
    return with_events(history, who, [*before, replace(last, rev=last.rev - 1, text=text)])
