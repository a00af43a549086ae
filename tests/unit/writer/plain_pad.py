"""A pad that does everything the plain way, as a reference for the writer's much faster pad.

It follows each later revision in turn, applies changesets to the whole document, and compares whole
documents. It shares only the rules and the wire form with the fast way.
"""

from __future__ import annotations

from padfleet.services.writer.pads.pad import SubmissionResult, encode_wire
from padfleet.services.writer.pads.rules import SYSTEM_AUTHOR, SubmissionRefused, check_submission
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    apply_to_atext,
    follow,
    identity,
    make_atext,
    make_splice,
    move_ops_to_new_pool,
    old_len,
)
from padfleet.shared.easysync.markers import LINE_ATTRIBUTES
from padfleet.shared.easysync.reference import correct_line_markers
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.pad.document import DocumentChange
from padfleet.shared.log.records import Origin, Revision, chain_of


class PlainPad:
    def __init__(self, text: str, author: str) -> None:
        self.pool = AttributePool()
        self.atext = make_atext("\n")
        self.changes: list[DocumentChange] = []
        self.time = 0
        self.chain = b""
        system = [("author", SYSTEM_AUTHOR)] if text else []
        created = make_splice("\n", 0, 0, text, system, self.pool)
        self._append(created, apply_to_atext(created, self.atext, self.pool), author, None, 1000)

    @property
    def head(self) -> int:
        return len(self.changes) - 1

    def submit(self, submission: Submission, time: int) -> SubmissionResult:
        origin, author = submission.origin, submission.author
        pool_size = len(self.pool)
        try:
            changeset = self.rebase(submission)
            atext = self.apply(changeset)
        except (SubmissionRefused, EasysyncError) as refusal:
            self.pool.truncate(pool_size)
            refused = Outcome(origin, "refused", self.head, "badChangeset", str(refusal))
            return SubmissionResult(outcome=refused)
        if atext == self.atext:
            self.pool.truncate(pool_size)
            return SubmissionResult(outcome=Outcome(origin, "accepted", self.head))
        result = SubmissionResult([self._append(changeset, atext, author, origin, time)])
        if not self.pool.numbers_of_keys(LINE_ATTRIBUTES):
            return result
        correction = correct_line_markers(self.atext, self.pool)
        if correction is not None:
            atext = apply_to_atext(correction, self.atext, self.pool)
            result.revisions.append(self._append(correction, atext, author, None, time))
        return result

    def rebase(self, submission: Submission) -> str:
        if not 0 <= submission.base_rev <= self.head:
            raise SubmissionRefused("base revision")
        wire_pool = AttributePool.from_jsonable(submission.pool)
        check_submission(submission.changeset, wire_pool, submission.author, self.pool)
        canonical = move_ops_to_new_pool(submission.changeset, wire_pool, self.pool)
        rebased = canonical
        for change in self.changes[submission.base_rev + 1 :]:
            if change == (canonical, submission.author):
                rebased = identity(old_len(canonical))
            rebased = follow(change.changeset, rebased, self.pool)
        return rebased

    def apply(self, changeset: str) -> AText:
        atext = apply_to_atext(changeset, self.atext, self.pool)
        if not atext.text.endswith("\n"):
            raise SubmissionRefused("the final newline")
        return atext

    def _append(
        self, changeset: str, atext: AText, author: str, origin: Origin | None, time: int
    ) -> Revision:
        time, rev = max(time, self.time), self.head + 1
        delta = time - self.time if rev else 0
        wire = encode_wire(rev, changeset, self.pool, author, time, delta)
        revision = Revision(rev, author, time, origin, chain_of(self.chain, wire), wire)
        self.changes.append(DocumentChange(changeset, author))
        if author:
            self.pool.put("author", author)
        self.atext, self.time, self.chain = atext, time, revision.chain
        return revision
