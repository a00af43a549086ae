"""One pad in the memory of its writer: pure, no I/O and no clock.

`submit` does what Etherpad's server does with a USER_CHANGES, one at a time and in order.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.writer.rules import SYSTEM_AUTHOR, Refused, check_submission
from shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    apply_to_atext,
    correct_line_markers,
    follow,
    identity,
    make_splice,
    move_ops_to_new_pool,
    old_len,
    prepare_for_wire,
)
from shared.log.document import Change, Document, chain_of
from shared.log.records import Origin, Outcome, Revision, Snapshot, Submission
from shared.wire.jsontext import dumps

RECENT_REVISIONS = 2000
"""Changesets kept for rebasing. A submission that is older still is served from the history."""

SESSION_MEMORY_MS = 600_000
"""How long a session's last `seq` is kept in snapshots: far longer than any worker goes on
repeating a submission."""


@dataclass(slots=True)
class Result:
    """What one submission came to: revisions (the change, a marker correction), or an outcome."""

    revisions: list[Revision] = field(default_factory=list)
    outcome: Outcome | None = None


class Pad(Document):
    """The head of a pad, and what is needed to move it. A call that raises leaves it as it was."""

    def __init__(self, epoch: int = 0) -> None:
        super().__init__(epoch)
        self.creator = ""
        self.snapshot_rev = -1
        self.first_kept = 0  #: the oldest revision that still is in the stream
        self.fences: dict[str, int] = {}
        self.sessions: dict[str, tuple[int, int]] = {}
        self._recent: deque[Change] = deque(maxlen=RECENT_REVISIONS)
        self._markers_up_to = 0
        self._has_markers = False

    def restore(self, snapshot: Snapshot) -> None:
        super().restore(snapshot)
        self.snapshot_rev = snapshot.rev
        self.sessions = dict(snapshot.sessions)

    def to_snapshot(self) -> Snapshot:
        fresh = self.time - SESSION_MEMORY_MS
        self.sessions = {s: seen for s, seen in self.sessions.items() if seen[1] >= fresh}
        return Snapshot(
            self.head,
            self.epoch,
            self.atext.text,
            self.atext.attribs,
            [self.pool.get(number) for number in range(len(self.pool))],
            self.time,
            self.chain,
            dict(self.sessions),
        )

    def advance(self, revision: Revision, changeset: str, atext: AText) -> None:
        super().advance(revision, changeset, atext)
        self._recent.append(Change(changeset, revision.author))
        if revision.origin is not None:
            self.sessions[revision.origin.session] = (revision.origin.seq, revision.time)

    # --- What submissions do ---------------------------------------------------------------------

    def create(self, text: str, author: str, time: int) -> Revision:
        """Revision 0. `author` is on record as the creator; the text itself is nobody's, so it is
        attributed to the system author (as in Etherpad, where it bears no author's colour)."""
        attribs = [("author", SYSTEM_AUTHOR)] if text else []
        changeset = make_splice("\n", 0, 0, text, attribs, self.pool)
        self.creator = author
        return self._append(changeset, author, None, time)

    def oldest_needed(self, base_rev: int) -> int | None:
        """The first revision that a rebase from `base_rev` needs and that is not in memory."""
        missing = self.head - len(self._recent) + 1
        return base_rev + 1 if 0 <= base_rev + 1 < missing else None

    @property
    def oldest_recent(self) -> int:
        return self.head - len(self._recent) + 1

    def submit(self, submission: Submission, time: int, older: Sequence[Change] = ()) -> Result:
        """Rebases a submission onto the head and appends it.

        `older` holds the changes from `base_rev` + 1 up to those in memory, if `oldest_needed`
        names any. `time` is ms since the epoch; a clock that went back does not take the pad's
        time back.
        """
        origin = submission.origin
        if submission.epoch != self.epoch or not self.exists:
            return self._refuse(origin, "deleted", "the pad was deleted meanwhile")
        if submission.order < self.fences.get(submission.author, 0):
            return Result(outcome=Outcome(origin, "superseded", self.head))
        last_seq, _ = self.sessions.get(origin.session, (0, 0))
        if origin.seq <= last_seq:
            return Result()  # stood in the inbox twice, and was answered the first time
        pool_size = len(self.pool)
        try:
            changeset = self._rebase(submission, older)
            atext = self._apply(changeset)
        except (Refused, EasysyncError) as refusal:
            self.pool.truncate(pool_size)
            self.sessions[origin.session] = (origin.seq, max(time, self.time))
            return self._refuse(origin, "badChangeset", str(refusal))
        except BaseException:
            self.pool.truncate(pool_size)
            raise
        self.sessions[origin.session] = (origin.seq, max(time, self.time))
        if atext == self.atext:
            # Etherpad makes no revision of what changes nothing; a retransmission ends here too.
            return Result(outcome=Outcome(origin, "accepted", self.head))
        result = Result([self._append(changeset, submission.author, origin, time, atext)])
        if self._may_have_markers():
            correction = correct_line_markers(self.atext, self.pool)
            if correction is not None:
                result.revisions.append(self._append(correction, submission.author, None, time))
        return result

    def fence(self, author: str, order: int) -> None:
        """From now on, only sessions of this author from `order` on may submit."""
        self.fences[author] = max(order, self.fences.get(author, 0))

    def _refuse(self, origin: Origin, reason: str, detail: str) -> Result:
        return Result(outcome=Outcome(origin, "refused", self.head, reason, detail))

    def _rebase(self, submission: Submission, older: Sequence[Change]) -> str:
        base = submission.base_rev
        if not 0 <= base <= self.head:
            raise Refused(f"base revision {base} is not between 0 and the head, {self.head}")
        wire_pool = AttributePool.from_jsonable(submission.pool)
        check_submission(submission.changeset, wire_pool, submission.author, self.pool)
        canonical = move_ops_to_new_pool(submission.changeset, wire_pool, self.pool)
        rebased = canonical
        newer = self.head - base
        in_memory = min(newer, len(self._recent))
        if len(older) != newer - in_memory:
            raise ValueError(f"rebasing needs {newer - in_memory} older changes, not {len(older)}")
        for change in (*older, *self._newest(in_memory)):
            if change.changeset == canonical and change.author == submission.author:
                # A retransmission: the first copy has been committed, this one adds nothing.
                rebased = identity(old_len(canonical))
            rebased = follow(change.changeset, rebased, self.pool)
        return rebased

    def _newest(self, count: int) -> list[Change]:
        start = len(self._recent) - count
        return [self._recent[i] for i in range(start, len(self._recent))]

    def _apply(self, changeset: str) -> AText:
        length = len(self.atext.text)
        if old_len(changeset) != length:
            raise Refused(f"the changeset is for {old_len(changeset)} units, the pad has {length}")
        atext = apply_to_atext(changeset, self.atext, self.pool)
        if not atext.text.endswith("\n"):
            # The line assembler of every page relies on the final newline.
            raise Refused("the pad would no longer end in a newline")
        return atext

    def _append(
        self,
        changeset: str,
        author: str,
        origin: Origin | None,
        time: int,
        atext: AText | None = None,
    ) -> Revision:
        atext = atext or apply_to_atext(changeset, self.atext, self.pool)
        time = max(time, self.time)
        rev = self.head + 1
        delta = time - self.time if rev else 0
        wire = encode_wire(rev, changeset, self.pool, author, time, delta)
        revision = Revision(rev, author, time, origin, chain_of(self.chain, wire), wire)
        self.advance(revision, changeset, atext)
        return revision

    def _may_have_markers(self) -> bool:
        """Whether a line attribute was ever used here: spares most pads a pass over their text."""
        while not self._has_markers and self._markers_up_to < len(self.pool):
            key, _ = self.pool.get(self._markers_up_to)
            self._has_markers = key in ("lmkr", "list")
            self._markers_up_to += 1
        return self._has_markers


def encode_wire(
    rev: int, changeset: str, pool: AttributePool, author: str, time: int, delta: int
) -> bytes:
    """The `data` of NEW_CHANGES, the same for every socket, keys in Etherpad's order."""
    translated, wire_pool = prepare_for_wire(changeset, pool)
    data = {
        "type": "NEW_CHANGES",
        "newRev": rev,
        "changeset": translated,
        "apool": wire_pool.to_wire(),
        "author": author,
        "currentTime": time,
        "timeDelta": delta,
    }
    return dumps(data).encode()
