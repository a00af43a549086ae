"""Decides what a session is sent next. It is pure, so that every order of events can be tested.

A flush looks at a session's cursor and the feed, and yields steps. Each step is sent, and only then
is the cursor moved (I4). Etherpad's first attempt at this moved the cursor to the head before
anything was sent, so whatever failed on the way was skipped permanently.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from padfleet.services.fanout.delivery.stretches import Stretch
from padfleet.services.fanout.pads.steps import (
    AcceptCommit,
    Missed,
    NewChanges,
    NewChangesBatch,
    Step,
)
from padfleet.shared.log.records import Revision


@dataclass(slots=True)
class DeliveryCursor:
    """The place of a session in the feed."""

    sent_rev: int  #: the newest revision that its transport took
    acked_rev: int = -1  #: the newest that the client is known to have
    resume_until: int = -1  #: up to here, revisions are what a returning client missed
    author: str = ""  #: the author of a returning client
    knows_sessions: bool = False
    """Whether the client is told which session a revision by its own author came from."""
    submitted_as: str = ""
    """The session in which the client submitted its edits that the missed revisions answer; empty
    if unknown."""
    accepted: list[tuple[int, int]] = field(default_factory=list)
    """Rev and `seq` of submissions that were accepted without a revision of their own: an
    ACCEPT_COMMIT has to be sent after that rev."""

    def moved(self, step: Step | Stretch) -> None:
        """Moves the cursor past what the transport has taken: a step, or a whole stretch."""
        self.sent_rev = step.sent_rev
        if isinstance(step, AcceptCommit) and not step.changed:
            self.accepted = [due for due in self.accepted if due[1] != step.seq]


def parts(
    cursor: DeliveryCursor, session: str, stretches: Iterable[Stretch], *, batching: bool
) -> Iterator[Stretch | Step]:
    """Yields what brings a session up to date, in order: a stretch or a piece as a whole if the
    session is sent it like anybody else, and otherwise the messages for this session alone.

    `stretches` are the revisions after the cursor's `sent_rev`, without a gap. The cursor is not
    changed here: the caller moves it after each part that was sent, and may stop after any of them.
    """
    due = deque(sorted(cursor.accepted))
    while due and due[0][0] <= cursor.sent_rev:
        # The outcome came later than revisions that follow it. The client wants the rev that it is
        # at.
        yield AcceptCommit(cursor.sent_rev, changed=False, seq=due.popleft()[1])

    def is_like_others(stretch: Stretch) -> bool:
        return (
            session not in stretch.origins
            and cursor.resume_until <= stretch.after
            and not (due and due[0][0] <= stretch.sent_rev)
        )

    for stretch in stretches:
        if is_like_others(stretch):
            yield stretch
            continue
        for piece in stretch.pieces:
            if is_like_others(piece):
                yield piece
            else:
                yield from _alone(cursor, session, piece, due, batching)


def _alone(
    cursor: DeliveryCursor,
    session: str,
    stretch: Stretch,
    due: deque[tuple[int, int]],
    batching: bool,
) -> Iterator[Step]:
    """Yields the steps of a stretch for this session alone, and takes out of `due` what has been
    accepted on the way."""
    run: list[Revision] = []
    for revision in stretch.revisions:
        if revision.rev <= cursor.resume_until:
            yield _missed(cursor, revision)
        elif revision.origin is not None and revision.origin.session == session:
            yield from _flushed(run, batching)
            yield AcceptCommit(revision.rev, changed=True, seq=revision.origin.seq)
        else:
            run.append(revision)
        while due and due[0][0] == revision.rev:
            yield from _flushed(run, batching)
            yield AcceptCommit(revision.rev, changed=False, seq=due.popleft()[1])
    yield from _flushed(run, batching)


def _missed(cursor: DeliveryCursor, revision: Revision) -> Missed:
    """Returns the step for a revision that a returning client missed. A client that does not know
    sessions takes each revision with its author's name for its own, so revisions that the author
    has submitted elsewhere are sent without the name."""
    if revision.origin is None or revision.author != cursor.author:
        return Missed(revision, cursor.resume_until)
    origin = revision.origin.session
    if cursor.knows_sessions:
        return Missed(revision, cursor.resume_until, origin)
    nameless = cursor.submitted_as not in ("", origin)
    return Missed(revision, cursor.resume_until, nameless=nameless)


def _flushed(run: list[Revision], batching: bool) -> Iterator[Step]:
    """Encodes a run of others' revisions as messages: a single one stays a NEW_CHANGES."""
    if batching and len(run) > 1:
        yield NewChangesBatch(tuple(run))
    else:
        yield from map(NewChanges, run)
    run.clear()
