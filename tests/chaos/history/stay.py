"""Checks one client's stay on a pad, event by event, against the stream. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from padfleet.shared.easysync import (
    AttributePool,
    EasysyncError,
    follow,
    is_identity,
    move_ops_to_new_pool,
)
from padfleet.shared.wire.jsontext import loads
from tests.chaos.history.findings import Finding, Kind, Verdict
from tests.chaos.history.recording import (
    Accepted,
    CaughtUp,
    Event,
    Joined,
    Received,
    Reconnected,
    Submitted,
)
from tests.chaos.history.story import Meaning, Story, marks_in, meaning_in, meaning_of
from tests.chaos.history.stream import Rollback


@dataclass(slots=True)
class _Open:
    """The submission in flight, moved over the revisions that came since."""

    changeset: str  #: in the numbers of the stay's pool
    marks: tuple[str, ...]
    sound: bool = True  #: False: it could not be moved, and only its marks are known


class Stay:
    def __init__(self, client: str, joined: Joined, story: Story) -> None:
        self.rev = joined.rev
        self.unsent: tuple[str, ...] = ()
        self._client = client
        self._author = joined.author
        self._story = story
        self._pool = AttributePool()
        self._missing: set[int] = set()
        self._open: _Open | None = None
        self._owed: set[str] = set()  # marks that have to be sent again
        self._found: list[Finding] = []
        self._doubts: list[Finding] = []  # what a rollback can excuse
        self._counts = Counter[str]()
        if story.digest_at(joined.rev) != joined.digest:
            self._doubt(Kind.FORK, "the text that it joined with is not the stream's", joined.rev)

    def _note(self, kind: Kind, text: str, *revs: int) -> None:
        self._found.append(Finding(kind, self._client, revs, text))

    def _doubt(self, kind: Kind, text: str, *revs: int) -> None:
        self._doubts.append(Finding(kind, self._client, revs, text))

    # --- Events ----------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        match event:
            case Submitted():
                self._counts["submitted"] += 1
                self._submitted(event)
            case Accepted(rev):
                self._counts["accepted"] += 1
                self._accepted(rev)
            case Received():
                self._counts["received"] += 1
                self._received(event)
            case Reconnected(client_rev):
                self._counts["reconnects"] += 1
                if client_rev != self.rev:
                    self._note(Kind.BAD_RECORDING, f"came back with {client_rev}", self.rev)
            case CaughtUp(rev):
                if rev != self.rev:
                    self._note(Kind.GAP, f"said to have all up to {rev}, not so", self.rev, rev)
                if self._open is not None:
                    self._owed.update(self._open.marks)
                    self._open = None

    def _submitted(self, event: Submitted) -> None:
        if self._open is not None:
            self._note(Kind.BAD_RECORDING, "a second submission while one is in flight", self.rev)
        if event.base_rev != self.rev:
            self._note(Kind.BAD_RECORDING, f"made on {event.base_rev}", self.rev)
        self._owed.difference_update(event.marks)
        pool = AttributePool.from_jsonable(loads(event.pool))
        self._open = _Open(move_ops_to_new_pool(event.changeset, pool, self._pool), event.marks)

    def _received(self, event: Received) -> None:
        if event.rev <= self.rev:
            if event.rev in self._missing:
                self._missing.discard(event.rev)
                self._note(Kind.REORDERED, f"came at {self.rev}", event.rev, self.rev)
            else:
                self._note(Kind.REPEATED, f"came again at {self.rev}", event.rev)
            return
        if event.rev > self.rev + 1:
            self._missing.update(range(self.rev + 1, event.rev))
            self._unsound()
        meaning = meaning_of(event.changeset, event.pool)
        self._hold_against_stream(event, meaning)
        if self._open is not None:
            if event.missed and event.author == self._author:
                # A page takes any such revision for its answer.
                self._counts["accepted"] += 1
                self._answered(self._open, event.rev)
            else:
                if set(marks_in(meaning.bank)).intersection(self._open.marks):
                    self._note(
                        Kind.ACCEPT_OUT_OF_PLACE, "its own came as somebody else's", event.rev
                    )
                self._bring_forward(event, self._open)
        self.rev = event.rev

    def _hold_against_stream(self, event: Received, meaning: Meaning) -> None:
        deed = self._story.deeds.get(event.rev)
        if deed is None:
            self._doubt(Kind.FORK, "the stream has no such revision", event.rev)
            return
        # A returning client receives corrections by the server, and whatever its author has
        # submitted elsewhere, without an author (docs/protocol.md). Its own revisions are
        # recognised by their marks.
        of_another = not deed.of_session or deed.author == self._author
        nameless = event.missed and not event.author and of_another
        if event.author != deed.author and not nameless:
            self._doubt(Kind.FORK, f"by {event.author}, not {deed.author}", event.rev)
        elif meaning != deed.meaning:
            self._doubt(Kind.FORK, f"{event.changeset!r}, not {deed.changeset!r}", event.rev)

    def _bring_forward(self, event: Received, mine: _Open) -> None:
        if not mine.sound:
            return
        pool = AttributePool.from_jsonable(loads(event.pool))
        try:
            theirs = move_ops_to_new_pool(event.changeset, pool, self._pool)
            mine.changeset = follow(theirs, mine.changeset, self._pool)
        except EasysyncError:
            mine.sound = False

    def _unsound(self) -> None:
        if self._open is not None:
            self._open.sound = False

    def _accepted(self, rev: int) -> None:
        if self._open is None:
            self._note(Kind.ACCEPT_OUT_OF_PLACE, "nothing was in flight", rev)
        elif rev == self.rev and self._open.sound and is_identity(self._open.changeset):
            # Others had done the same already: that makes no revision. Nor does an attribute that
            # is set already, but typists set none of those: one that got lost looks the same.
            self._open = None
            return
        elif rev == self.rev + 1:
            self._answered(self._open, rev)
        else:
            self._note(Kind.ACCEPT_OUT_OF_PLACE, f"accepted at {rev}", self.rev, rev)
            self._missing.discard(rev)
            if rev > self.rev + 1:
                self._missing.update(range(self.rev + 1, rev))
            self._open = None
        self.rev = max(self.rev, rev)

    def _answered(self, mine: _Open, rev: int) -> None:
        self._open = None
        deed = self._story.deeds.get(rev)
        where = sorted({at for mark in mine.marks for at in self._story.marks.get(mark, [])})
        what = " ".join(mine.marks) or mine.changeset
        if deed is not None and deed.author == self._author:
            if mine.sound and meaning_in(mine.changeset, self._pool) == deed.meaning:
                return
            if where == [rev]:
                if mine.sound:
                    self._doubt(Kind.FORK, f"{what} was committed, but not as submitted", rev)
                return
        if where:
            self._doubt(Kind.ACCEPT_OUT_OF_PLACE, f"{what} is at {where}", rev, *where)
        else:
            self._doubt(Kind.LOST_ACKNOWLEDGED, what, rev)

    # --- The end ---------------------------------------------------------------------------------

    def end(self, verdict: Verdict, *, told: bool, rollbacks: Sequence[Rollback]) -> None:
        """Adds the findings to the verdict; `told` says whether the client was told to reload."""
        if self._missing:
            self._note(Kind.GAP, "never came", *sorted(self._missing))
        if not told:
            self._settle_unaccepted()
        for doubt in self._doubts:
            if told and any(doubt.revs[0] > rollback.rev for rollback in rollbacks):
                verdict.excused += 1
            else:
                self._found.append(doubt)
        verdict.findings += self._found
        verdict.reconnects += self._counts["reconnects"]
        verdict.submitted += self._counts["submitted"]
        verdict.accepted += self._counts["accepted"]
        verdict.received += self._counts["received"]

    def _settle_unaccepted(self) -> None:
        open_marks = self._open.marks if self._open is not None else ()
        for mark in sorted({*open_marks, *self._owed, *self.unsent}):
            where = self._story.marks.get(mark)
            if where is None:
                self._note(Kind.LOST_TEXT, mark, self.rev)
            else:
                self._note(Kind.UNANSWERED, mark, *where)
        if self._open is not None and not open_marks:
            self._note(Kind.UNANSWERED, f"{self._open.changeset!r}, in flight", self.rev)
