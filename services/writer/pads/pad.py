"""Keeps one pad in the memory of its writer. Pure: no I/O and no clock.

`submit` does what Etherpad's server does with a USER_CHANGES, one at a time and in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from padfleet.services.writer.pads.fences import Fences
from padfleet.services.writer.pads.rebase_changes import RebaseChanges
from padfleet.services.writer.pads.rules import (
    SYSTEM_AUTHOR,
    SubmissionRefused,
    check_submission,
    pool_of_typing,
    wire_pool_of,
)
from padfleet.services.writer.pads.uncopied import UncopiedRevisions
from padfleet.shared.easysync import (
    AttributePool,
    EasysyncError,
    identity,
    make_splice,
    move_ops_to_new_pool,
    unpack,
)
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.easysync.characters import CONTROLS, controls_in
from padfleet.shared.easysync.edit_script import EditScript, patches_of
from padfleet.shared.easysync.effort import Effort, TooMuchWork, count_ops
from padfleet.shared.easysync.fast_rebase import follow_at, rebase_over
from padfleet.shared.easysync.markers import LINE_ATTRIBUTES, misplaced_markers, removal_of
from padfleet.shared.easysync.plain_insert import plain_insert_of, script_of
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.form import WireChange
from padfleet.shared.log.form import encode_wire as encode_wire
from padfleet.shared.log.inboxes.heaviness import is_short, own_work
from padfleet.shared.log.inboxes.limits import UNLIMITED
from padfleet.shared.log.outcomes import REJECTED, Outcome
from padfleet.shared.log.pad.document import Document, DocumentChange
from padfleet.shared.log.records import Origin, Revision, Snapshot, chain_of
from padfleet.shared.log.reigns import Reign, shared_up_to

MOST_WORK = 500_000
"""The largest number of operations that are processed for any one submission, in a thread: about 3
s. Only a changeset of thousands of operations, based on a revision before dozens of others like it,
reaches this."""

SESSION_MEMORY_MS = 600_000
"""How many ms a session's last `seq` is kept in snapshots, which is far longer than any worker
repeats a submission. They are counted back from the snapshot before, because the time of a pad
jumps with the clock of a writer."""


@dataclass(slots=True)
class SubmissionResult:
    """The result of one submission: revisions (the change, a marker correction), or an outcome."""

    revisions: list[Revision] = field(default_factory=list)
    outcome: Outcome | None = None


class Rebased(NamedTuple):
    """A submission's changeset on the head, with the numbers of the pad's pool."""

    changeset: str
    as_sent: WireChange | None = None  #: the same as the client sent it, if that is its wire form


class Typed(NamedTuple):
    """What a submission does that types something on the head: `Rebased`, and its patches."""

    changeset: str
    as_sent: WireChange | None
    patches: EditScript


class WriterPad(Document):
    """The head of a pad, and what is needed to move it. After a call has raised, its content is
    undefined, and it has to be loaded again."""

    def __init__(self, epoch: int = 0) -> None:
        super().__init__(epoch)
        self.creator = ""
        self.damaged = ""  #: see `PadMeta.damaged`
        self.snapshot_rev = -1
        self.reigns: list[Reign] = []
        self.bounds = UNLIMITED
        self.first_kept = 0  #: the oldest revision that still is in the stream
        self.fences = Fences({}, 0)
        self.kept: set[str] = set()  #: authors of its revisions, known to be kept forever
        self.indexed_up_to = 0  #: attributes of the pool that `compaction` has looked through
        self.sessions: dict[str, tuple[int, int]] = {}
        self.uncopied: UncopiedRevisions | None = None  #: kept once somebody has asked for them
        self._snapshot_time = 0
        self._recent = RebaseChanges()
        self._effort = Effort(0)  #: of the current submission
        self._markers: set[str] = set()
        self._markers_up_to = 0
        self._markers_settled = False

    def restore(self, snapshot: Snapshot) -> None:
        super().restore(snapshot)
        self.snapshot_rev, self._snapshot_time = snapshot.rev, snapshot.time
        self.sessions = dict(snapshot.sessions)

    def to_snapshot(self) -> Snapshot:
        fresh, self._snapshot_time = self._snapshot_time - SESSION_MEMORY_MS, self.time
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

    def advance(self, revision: Revision, changeset: str, patches: EditScript) -> None:
        super().advance(revision, changeset, patches)
        self._markers_settled = False
        self._recent.add(revision, changeset, patches)
        if self.uncopied is not None:
            self.uncopied.add(revision)
        if revision.origin is not None:
            self.sessions[revision.origin.session] = (revision.origin.seq, revision.time)

    # --- What submissions do ---------------------------------------------------------------------

    def create(
        self, text: str, author: str, time: int, *, wrote_it: bool = False, birth: int | None = None
    ) -> Revision:
        """Makes revision 0 of a history that begins with `birth`, so that nobody who was on another
        pad of this name can be taken to be on this one. `author` is recorded as the creator. Unless
        the author `wrote_it`, the text belongs to nobody and is attributed to the system author (as
        in Etherpad, where it has no author's colour)."""
        attribs = [("author", author if wrote_it else SYSTEM_AUTHOR)] if text else []
        changeset = make_splice("\n", 0, 0, text, attribs, self.pool)
        self.creator = author
        if birth is not None:
            self.epoch = max(self.epoch, birth)
        patches = patches_of(unpack(changeset), self.body, self.pool)
        return self._append(changeset, patches, author, None, time, birth=birth)

    def oldest_needed(self, base_rev: int) -> int | None:
        """Returns the first revision that a rebase from `base_rev` needs and that is not in
        memory."""
        missing = self.head - len(self._recent) + 1
        return base_rev + 1 if 0 <= base_rev + 1 < missing else None

    @property
    def oldest_recent(self) -> int:
        return self.head - len(self._recent) + 1

    def submit(
        self,
        submission: Submission,
        time: int,
        older: Sequence[DocumentChange] = (),
        *,
        work: int = MOST_WORK,
    ) -> SubmissionResult:
        """Rebases a submission onto the head and appends it.

        `older` holds the changes from `base_rev` + 1 up to those in memory, if `oldest_needed`
        names any. `time` is ms since the epoch; if the clock went back, the pad's time does not. No
        more than `work` operations are processed: with `MOST_WORK` the submission is refused then;
        with less, `TooMuchWork` is raised, and the pad is as it was.
        """
        answer = self._at_the_door(submission)
        if answer is not None:
            return answer
        origin = submission.origin
        pool_size = len(self.pool)
        try:
            effort = self._effort
            effort.left = work
            if (typed := self._typed(submission)) is not None:
                changeset, as_sent, patches = typed
            else:
                changeset, as_sent = self._rebase(submission, older, effort)
                # The effect on the text is limited by the text's length, however large the
                # changeset is.
                patches = self._patches(changeset, effort if work < MOST_WORK else None)
        except (SubmissionRefused, EasysyncError) as refusal:
            self.pool.truncate(pool_size)
            self.sessions[origin.session] = (origin.seq, max(time, self.time))
            return self._refuse(origin, "badChangeset", str(refusal))
        except TooMuchWork:
            self.pool.truncate(pool_size)
            if work < MOST_WORK or effort.given_up:
                raise
            return self.refuse_too_much(submission, time)
        except BaseException:
            self.pool.truncate(pool_size)
            raise
        self.sessions[origin.session] = (origin.seq, max(time, self.time))
        if patches.change_nothing():
            # Etherpad makes no revision of a changeset that changes nothing; a retransmission ends
            # here, too.
            self.pool.truncate(pool_size)
            return SubmissionResult(outcome=Outcome(origin, "accepted", self.head))
        settled = self._markers_settled
        result = SubmissionResult(
            [self._append(changeset, patches, submission.author, origin, time, as_sent=as_sent)]
        )
        correction = self._correction(patches, settled=settled)
        if correction is not None:
            patches = patches_of(unpack(correction), self.body, self.pool)
            result.revisions.append(
                self._append(correction, patches, submission.author, None, time)
            )
        self._markers_settled = True
        return result

    def _at_the_door(self, submission: Submission) -> SubmissionResult | None:
        """Returns the answer to a submission whose changeset need not be looked at, and otherwise
        None."""
        origin = submission.origin
        if submission.epoch != self.epoch or not self.exists:
            return self._refuse(origin, "deleted", "the pad was deleted meanwhile")
        if self.damaged:
            detail = f"the pad can only be read, since its records are damaged: {self.damaged}"
            return self._refuse(origin, "corruptPad", detail)
        if submission.reign:
            limit = shared_up_to(self.reigns, submission.reign)
            if limit is not None and submission.base_rev > limit:
                detail = f"base revision {submission.base_rev} was lost; the pad shares {limit}"
                return self._refuse(origin, REJECTED, detail)
        if self.fences.keeps_out(submission.author, submission.order):
            return SubmissionResult(outcome=Outcome(origin, "superseded", self.head))
        last_seq, _ = self.sessions.get(origin.session, (0, 0))
        if origin.seq <= last_seq:
            return SubmissionResult()  # stood in the inbox twice, and was answered the first time
        return None

    def give_up(self) -> None:
        """Gives up the submission in progress, whose result is no longer wanted; it may be called
        from another thread than that of `submit`. The pad has to be loaded again."""
        self._effort.give_up()

    def refuse_too_much(self, submission: Submission, time: int) -> SubmissionResult:
        """Returns the result of a submission that would take more than `MOST_WORK`."""
        origin = submission.origin
        self.sessions[origin.session] = (origin.seq, max(time, self.time))
        detail = (
            f"its {count_ops(submission.changeset):,} operations, on revision "
            f"{submission.base_rev} of {self.head}, would have to go over too many others: make "
            "them on a newer revision, or fewer at once"
        )
        return self._refuse(origin, "badChangeset", detail)

    def _refuse(self, origin: Origin, reason: str, detail: str) -> SubmissionResult:
        return SubmissionResult(outcome=Outcome(origin, "refused", self.head, reason, detail))

    def _typed(self, submission: Submission) -> Typed | None:
        """Returns the effect of a submission that types something on the head, as most do. If this
        is None, it is something else, or there is something to be said against it; then the result
        comes from `_rebase` and `_patches`, and would be the same if it were not None."""
        if submission.base_rev != self.head:
            return None
        insertion = plain_insert_of(submission.changeset)
        if insertion is None or insertion.old_len + len(insertion.text) > self.bounds.units:
            return None
        wire_pool = pool_of_typing(submission)
        if wire_pool is None:
            return None
        author = wire_pool.get(0)
        number = self.pool.find(*author)
        if number < 0 or self.pool.get(number) != author or not self.body.ends_a_line:
            return None
        patches = script_of(insertion, number, self.body, self.pool)
        if patches is None:
            return None
        as_sent = WireChange(submission.changeset, wire_pool)
        return Typed(insertion.numbered(number), as_sent, patches)

    def _rebase(
        self, submission: Submission, older: Sequence[DocumentChange], effort: Effort
    ) -> Rebased:
        if not is_short(submission):
            effort.spend(own_work(submission))
        base = submission.base_rev
        if not 0 <= base <= self.head:
            raise SubmissionRefused(
                f"base revision {base} is not between 0 and the head, {self.head}"
            )
        wire_pool = wire_pool_of(submission)
        plain = check_submission(
            submission.changeset,
            wire_pool,
            submission.author,
            self.pool,
            for_others=submission.for_others,
        )
        before = len(self.pool)
        canonical, as_sent = self._renumbered(submission, wire_pool, plain=plain)
        if before < len(self.pool) > self.bounds.attributes:
            raise SubmissionRefused(
                f"the pad would have more than {self.bounds.attributes} attributes"
            )
        newer = self.head - base
        in_memory = min(newer, len(self._recent))
        if len(older) != newer - in_memory:
            raise ValueError(f"rebasing needs {newer - in_memory} older changes, not {len(older)}")
        oldest = len(self._recent) - in_memory
        retransmitted = self._recent.committed_at(submission.author, canonical) > base
        plainly = [*older]
        if retransmitted:
            plainly += self._recent.since(oldest)
        rebased = canonical
        for change in plainly:
            if change == (canonical, submission.author):
                # The first copy has been committed, and this one adds nothing.
                return Rebased(identity(self.body.units))
            rebased = follow_at(effort, change.changeset, rebased, self.pool)
        if not newer:
            return Rebased(rebased, as_sent)
        steps = self._recent.steps[oldest:]
        return Rebased(rebase_over(rebased, steps, self.body, self.pool, effort))

    def _renumbered(
        self, submission: Submission, wire_pool: AttributePool, *, plain: bool
    ) -> Rebased:
        """Returns the changeset on the revision for which it was made; see `check_submission` for
        `plain`."""
        ops, dollar, bank = submission.changeset.partition("$")
        if "*" not in ops:
            return Rebased(submission.changeset)
        if not plain:
            return Rebased(move_ops_to_new_pool(submission.changeset, wire_pool, self.pool))
        number = self.pool.put("author", submission.author)
        moved = ops.replace("*0", f"*{numeral(number)}") + dollar + bank
        alone = len(wire_pool) == 1 and self.pool.get(number) == wire_pool.get(0)
        return Rebased(moved, WireChange(submission.changeset, wire_pool) if alone else None)

    def _patches(self, changeset: str, effort: Effort | None) -> EditScript:
        change = unpack(changeset)
        if change.old_len != self.body.units:
            raise SubmissionRefused(
                f"the changeset is for {change.old_len} units, the pad has {self.body.units}"
            )
        if change.old_len < change.new_len > self.bounds.units:
            raise SubmissionRefused(
                f"the pad would be longer than {self.bounds.units} UTF-16 code units"
            )
        patches = patches_of(change, self.body, self.pool, effort)
        if not patches.keep_final_newline():
            # The line assembler of every page relies on the final newline.
            raise SubmissionRefused("the pad would no longer end in a newline")
        return patches

    def _append(
        self,
        changeset: str,
        patches: EditScript,
        author: str,
        origin: Origin | None,
        time: int,
        *,
        birth: int | None = None,
        as_sent: WireChange | None = None,
    ) -> Revision:
        time = max(time, self.time)
        rev = self.head + 1
        delta = time - self.time if rev else 0
        wire = encode_wire(
            rev, changeset, self.pool, author, time, delta, birth=birth, as_sent=as_sent
        )
        revision = Revision(rev, author, time, origin, chain_of(self.chain, wire), wire)
        self.advance(revision, changeset, patches)
        return revision

    def _correction(self, patches: EditScript, *, settled: bool) -> str | None:
        """Returns the change that removes control characters, and line markers that are not at the
        start of a line.

        `patches` have just been applied. Control characters are looked for in what they insert;
        markers, too, if the document was `settled`, that is, without misplaced ones, otherwise in
        the whole document. Most pads never had either.
        """
        wrong = self._misplaced_markers(patches if settled else None)
        if any(CONTROLS.search(patch.text) for patch in patches.patches):
            found = set(wrong)
            for start, end in patches.places():
                found.update(controls_in(self.body, start, end))
            wrong = sorted(found)
        return removal_of(wrong, self.body) if wrong else None

    def _misplaced_markers(self, patches: EditScript | None) -> list[int]:
        while self._markers_up_to < len(self.pool):
            key, _ = self.pool.get(self._markers_up_to)
            if key in LINE_ATTRIBUTES:
                self._markers.add(numeral(self._markers_up_to))
            self._markers_up_to += 1
        if not self._markers:
            return []
        places = [(0, self.body.units)] if patches is None else patches.places()
        misplaced: list[int] = []
        for start, end in places:
            misplaced += misplaced_markers(self.body, start, end, self._markers)
        return misplaced
