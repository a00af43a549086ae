"""Follows one history from revision 0 on and says what is wrong with it. Pure.

Every check is against what is stored, so that one fault is reported once: after a break in the
chain, the next revisions are judged by the chain that the broken one claims.
"""

from padfleet.services.tools.verify.faults import StoredFault
from padfleet.shared.easysync import AttributePool, attribs_of, iter_ops
from padfleet.shared.log.pad.document import CorruptPad, Document
from padfleet.shared.log.records import Revision, Snapshot


class Story:
    """Checks the revisions of a pad in order; `next` is the number of the one that it waits for."""

    def __init__(self, pad_id: str, snapshot: Snapshot | None, faults: list[StoredFault]) -> None:
        """Takes the pad, and the list to which faults are added."""
        self.next = 0
        self.chain = b""
        self.time = 0
        self._pad = pad_id
        self._snapshot = snapshot
        self._faults = faults
        self._document: Document | None = Document()

    def missing(self, last: int) -> None:
        """Records that the revisions from `next` to `last` are missing."""
        self.fault("missing", self.next, last)
        self.next = last + 1
        self.chain = b""
        self._document = None

    def take(self, revision: Revision) -> None:
        """Checks `revision`, whose number has to be `next`."""
        rev = revision.rev
        known = rev == 0 or self.chain
        if known and not revision.follows(self.chain):
            self.fault("its chain does not follow from what is before it", rev)
        if revision.time < self.time:
            self.fault("older than the one before it", rev)
        if self._document is not None:
            try:
                self._document.replay(revision)
            except CorruptPad as error:
                # A broken chain has been reported, and says nothing about whether it applies.
                if "another history" not in str(error):
                    self.fault(f"cannot be replayed: {error}", rev)
                self._document = None
        self.next, self.chain, self.time = rev + 1, revision.chain, revision.time
        if self._snapshot is not None and self._snapshot.rev == rev:
            self._compare(self._snapshot)

    def fault(self, what: str, first: int = -1, last: int | None = None) -> None:
        """Records a fault. Neighbouring revisions with the same fault make one, since a whole
        history may be useless."""
        fault = StoredFault(self._pad, first, first if last is None else last, what)
        before = self._faults[-1] if self._faults else None
        if before is not None and before.what == what and 0 <= before.last == first - 1:
            self._faults[-1] = before._replace(last=fault.last)
        else:
            self._faults.append(fault)

    def _compare(self, snapshot: Snapshot) -> None:
        if snapshot.chain != self.chain:
            self.fault("the snapshot's chain is another", snapshot.rev)
        if self._document is None:
            return  # what the text should be cannot be told
        text, attribs = self._document.atext
        if snapshot.text != text:
            self.fault("the snapshot's text is not what the revisions come to", snapshot.rev)
            return
        pool = AttributePool()
        for key, value in snapshot.pool:
            pool.put(key, value)
        if _meaning(snapshot.attribs, pool) != _meaning(attribs, self._document.pool):
            self.fault("the snapshot's attributes are not what the revisions come to", snapshot.rev)


def _meaning(attribs: str, pool: AttributePool) -> list[tuple[int, frozenset[tuple[str, str]]]]:
    """Returns runs of text with their attributes. It does not compare the attributes' numbers: one
    pool may have numbers that the other lacks, given out for submissions that came to nothing."""
    runs: list[tuple[int, frozenset[tuple[str, str]]]] = []
    for op in iter_ops(attribs):
        bears = frozenset(attribs_of(op.attribs, pool).items())
        if runs and runs[-1][1] == bears:
            runs[-1] = runs[-1][0] + op.chars, bears
        else:
            runs.append((op.chars, bears))
    return runs
