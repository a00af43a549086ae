"""This module is the client's side of Easysync. It is pure, without I/O.

A client's copy of a pad consists of `base` (its text at `rev`), the draft in flight to the server,
and the edits made since, which wait (`own_edits`). `text` is all three together: what the user
sees. The rules are those of Etherpad's page, except that several drafts may wait.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from padfleet.shared.client.cursors import Cursor, CursorPlace, Cursors
from padfleet.shared.client.errors import EditRefused, OutOfRange, ProtocolError
from padfleet.shared.client.events import Accepted, Changed, CursorsMoved, Event
from padfleet.shared.client.own_edits import OwnEdits
from padfleet.shared.client.submission_size import SplitLimits, check_attribute
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    apply_to_atext,
    apply_to_text,
    attribs_of,
    iter_ops,
    make_splice,
    move_ops_to_new_pool,
    to_units,
    unpack,
)
from padfleet.shared.easysync.characters import without_controls


@dataclass(slots=True)
class TrafficCounts:
    """Counts of what has been received."""

    revisions: int = 0
    batches: int = 0
    batched: int = 0  #: revisions that came in batches


class Collaborator:
    """One client's copy of a pad, made from the `collab_client_vars` of CLIENT_VARS.

    Arguments:
        variables: the `collab_client_vars`.
        author: the client's own author id.
        text_only: for readers: attributes are not kept, which saves most of the work, and the pad
            cannot be edited.
        limits: what the server accepts in one submission, if that is known; it is set again for
            each new connection. A larger edit is sent as several submissions.
        cursors: whether to keep track of other people's cursors.
    """

    def __init__(
        self,
        variables: dict[str, Any],
        author: str,
        *,
        text_only: bool = False,
        limits: SplitLimits | None = None,
        cursors: bool = False,
    ) -> None:
        start = variables["initialAttributedText"]
        self.rev: int = variables["rev"]
        self.author = author
        self.counts = TrafficCounts()
        self._text_only = text_only
        self._pool = AttributePool.from_jsonable(variables["apool"])
        self._base = AText(start["text"], start["attribs"])
        self._own = OwnEdits(self._pool, limits)
        self._cursors = Cursors(author, self.rev) if cursors else None
        self.text: str = start["text"]

    @property
    def limits(self) -> SplitLimits | None:
        """What the server accepts in one submission, if that is known."""
        return self._own.limits

    @limits.setter
    def limits(self, limits: SplitLimits | None) -> None:
        self._own.limits = limits

    @property
    def pool(self) -> AttributePool:
        """The attribute pool of all changesets here."""
        return self._pool

    @property
    def attributed_text(self) -> AText:
        """The pad at `rev`, without our own edits that have not been accepted yet. It is not kept
        up to date if the collaborator is `text_only`."""
        return self._base

    @property
    def settled(self) -> bool:
        """Whether every edit has been accepted."""
        return not self.submitting and not self.has_waiting

    @property
    def submitting(self) -> bool:
        """Whether a submission is in flight to the server."""
        return self._own.in_flight is not None

    @property
    def has_waiting(self) -> bool:
        """Whether there are edits that have not been submitted yet."""
        return self._own.waiting > 0

    @property
    def up_to_date(self) -> bool:
        """Whether everything has arrived that was missed while there was no connection."""
        return not self._own.resuming

    @property
    def drafts(self) -> int:
        """How many revisions our own unaccepted edits will become, unless some of them cancel each
        other out."""
        return self._own.waiting + self.submitting

    # --- Editing ---------------------------------------------------------------------------------

    def edit(self, start: int, removed: int, inserted: str) -> str:
        """Replaces `removed` code units at `start` with `inserted`, an ordinary string or one of
        code units, and returns the changeset on `text`.

        Characters that no pad contains are left out of `inserted`: control characters, and all line
        ends but ``\\n``. Raises what `apply_own` raises.
        """
        if start < 0 or removed < 0 or start + removed > len(self.text):
            raise OutOfRange(
                f"cannot replace {removed} code units at {start} of a text that has "
                f"{len(self.text)}"
            )
        inserted = without_controls(to_units(inserted))
        by_me = [("author", self.author)] if inserted else []
        changeset = make_splice(self.text, start, removed, inserted, by_me, self._pool)
        self.apply_own(changeset)
        return changeset

    def apply_own(self, changeset: str) -> None:
        """Applies an edit of `text`, given as a changeset with attribute numbers of `pool`.

        Raises `OutOfRange` if the text would no longer end with a newline, `TooLarge` for an
        attribute that the server has no room for, and `EditRefused` if the changeset does not fit
        `text` or `pool`. In these cases nothing has changed.
        """
        if self._text_only:
            raise EditRefused("a text-only collaborator cannot edit")
        try:
            self._check(changeset)
            text = apply_to_text(changeset, self.text)
            if self.text.endswith("\n") and not text.endswith("\n"):
                raise OutOfRange(
                    "the newline at the end of the text has to stay, and nothing after it"
                )
            self._own.add(changeset)
        except EasysyncError as error:
            raise EditRefused(f"the edit does not fit the text: {error}") from error
        self.text = text
        if self._cursors is not None:
            self._cursors.edited(changeset, by_me=True)

    def _check(self, changeset: str) -> None:
        if to_units(changeset) != changeset:
            # Others would count two code units where this program has counted one character.
            raise EasysyncError("it has characters beyond U+FFFF that are not code units")
        for attribs in {op.attribs for op in iter_ops(unpack(changeset).ops) if op.attribs}:
            for attribute in attribs_of(attribs, self._pool).items():
                if self.limits is not None:
                    check_attribute(self._pool.put(*attribute), self._pool, self.limits)

    def seal(self) -> None:
        """Makes the present text a revision by itself: later edits go into another revision.
        Etherpad's page has no such thing; it is for callers who have to say what somebody else
        saw."""
        self._own.seal()

    def next_submission(self) -> dict[str, Any] | None:
        """Returns the `data` of the next USER_CHANGES, or None if none is due now: only one at a
        time is in flight.

        Raises `TooLarge` if the waiting edits cannot be split so that this server accepts them.
        """
        submission = self._own.submit()
        if submission is None:
            return None
        changeset, pool = submission
        return {
            "type": "USER_CHANGES",
            "baseRev": self.rev,
            "changeset": changeset,
            "apool": pool.to_jsonable(),
        }

    def connection_lost(self) -> Iterator[CursorsMoved]:
        """Handles the loss of the connection: until everything that is missed has arrived, nothing
        is submitted, and no cursor of others is known. Returns the event for the cursors that are
        gone, if there were any."""
        self._own.connection_lost()
        return self._moved(self._cursors.cut_off() if self._cursors is not None else ())

    # --- Cursors ---------------------------------------------------------------------------------

    @property
    def cursors(self) -> dict[str, Cursor]:
        """Where the others have their cursors in `text`, by author id. Cursors that others do not
        report, or that are in revisions which have not arrived here yet, are missing."""
        if self._cursors is None:
            return {}
        return self._cursors.seen(self._own.changesets(), len(self.text))

    def point(self, cursor: Cursor | None) -> None:
        """Sets our own cursor to this place in `text`, or removes it. The cursor stays with the
        text around it. Raises `OutOfRange` for a place beyond the text."""
        for place in cursor or ():
            if not 0 <= place <= len(self.text):
                raise OutOfRange(
                    f"cannot point at {place} of a text that has {len(self.text)} code units"
                )
        if self._cursors is not None:
            self._cursors.mine = cursor

    def next_place(self) -> CursorPlace | None:
        """Returns what has to be reported about our own cursor, or None if the others know it
        already."""
        if self._cursors is None or self._own.resuming:
            return None
        return self._cursors.to_tell(self._own.changesets())

    def left(self, author: str) -> Iterator[CursorsMoved]:
        """Removes the cursor of an author who has left. Returns the event for it, if there was
        one."""
        known = self._cursors is not None and self._cursors.left(author)
        return self._moved((author,) if known else ())

    # --- Messages --------------------------------------------------------------------------------

    def receive(self, data: dict[str, Any]) -> Iterator[Event]:
        """Handles the `data` of a COLLABROOM message, and yields its events. Unknown messages are
        ignored.

        This is a generator: each revision is applied when its event is requested, so that `text`
        and `rev` are those of the event, and edits made in response go to the right place even in
        the middle of a batch.

        Raises `ProtocolError`.
        """
        try:
            yield from self._take_in(data)
        except (EasysyncError, LookupError, TypeError, AttributeError) as error:
            raise ProtocolError(
                f"{data.get('type')} that makes no sense at revision {self.rev}: {error!r}"
            ) from error

    def _take_in(self, data: dict[str, Any]) -> Iterator[Event]:
        match data.get("type"):
            case "NEW_CHANGES":
                yield self._change(data)
            case "NEW_CHANGES_BATCH":
                self.counts.batches += 1
                self.counts.batched += len(data["changes"])
                for change in data["changes"]:
                    yield self._change(change)
            case "ACCEPT_COMMIT":
                yield self._accept(data["newRev"], allowed=(self.rev, self.rev + 1))
            case "SESSION":
                self._own.in_session(str(data["id"]))
            case "CURSORS" if self._cursors is not None:
                yield from self._moved(self._cursors.reported(data["cursors"]))
            case "CLIENT_RECONNECT":
                yield from self._missed(data)

    def _moved(self, authors: Sequence[str]) -> Iterator[CursorsMoved]:
        return iter([CursorsMoved(self.rev, authors)] if authors else [])

    def _missed(self, data: dict[str, Any]) -> Iterator[Event]:
        """Handles a revision that was missed, or the message that none was."""
        if not data.get("noChanges"):
            yield self._catch_up(data)
            if data["newRev"] != data["headRev"]:
                return
        elif data["newRev"] != self.rev:
            raise ProtocolError(
                f"nothing is said to be missed up to revision {data['newRev']}, "
                f"at revision {self.rev}"
            )
        self._own.resumed()

    def _catch_up(self, data: dict[str, Any]) -> Changed | Accepted:
        ours = data.get("author", "") == self.author
        if not ours or not self._own.is_in_flight(data, self._base):
            return self._change(data)
        accepted = self._accept(data["newRev"], allowed=(self.rev + 1,))
        self.counts.revisions += 1
        return accepted

    def _accept(self, rev: int, *, allowed: tuple[int, ...]) -> Accepted:
        if rev not in allowed:
            raise ProtocolError(f"ACCEPT_COMMIT of revision {rev} at revision {self.rev}")
        mine = self._own.in_flight
        if mine is None:
            raise ProtocolError(f"ACCEPT_COMMIT of revision {rev}, but nothing was submitted")
        before = self._base.text
        self._base = apply_to_atext(mine, self._base, self._pool)
        if rev == self.rev and self._base.text != before:
            raise ProtocolError(f"a change of the text was accepted without one to revision {rev}")
        if self._cursors is not None and rev > self.rev:
            self._cursors.revision(rev, self.author, mine)
        self._own.accepted()
        self.rev = rev
        return Accepted(rev)

    def _change(self, data: dict[str, Any]) -> Changed:
        rev = data["newRev"]
        if rev != self.rev + 1:
            raise ProtocolError(f"revision {rev} came at revision {self.rev}")
        author = data.get("author", "")
        theirs = written = data["changeset"]
        if self._text_only:
            self.text = apply_to_text(theirs, self.text)
        else:
            theirs = self._merge(theirs, AttributePool.from_jsonable(data["apool"]))
        if self._cursors is not None:
            self._cursors.revision(rev, author, written)
            self._cursors.edited(theirs, by_me=False)
        self.counts.revisions += 1
        self.rev = rev
        return Changed(rev, author, theirs)

    def _merge(self, theirs: str, wire_pool: AttributePool) -> str:
        """Applies a revision to everything that is kept. Returns what it did to `text`."""
        theirs = move_ops_to_new_pool(theirs, wire_pool, self._pool)
        self._base = apply_to_atext(theirs, self._base, self._pool)
        theirs = self._own.carry_over(theirs)
        self.text = apply_to_text(theirs, self.text)
        return theirs
