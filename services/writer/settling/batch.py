"""Keeps the entries of an inbox that are being settled, and what is known of the pads among them.
Pure.

Bad keys of one pad must not stop the others. The call that stores a batch stores all of it or
nothing. If it fails, the batch starts again without the pad that is to blame, or, if the pad is not
known, entry by entry until it is found.
"""

import time
from dataclasses import dataclass, field

from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.received import Received


@dataclass(slots=True)
class Batch:
    """Entries that come right after the lease's position."""

    lease: Lease
    received: list[Received]
    began: float = field(default_factory=time.perf_counter)
    done: int = 0  #: entries that are settled
    taken: int = 0  #: entries that are settled or whose work is in `work`
    work: dict[str, PadBatch] = field(default_factory=dict)  #: by pad, what is to be stored next
    refused: dict[str, str] = field(default_factory=dict)
    """The pads whose keys are not touched any more, with the reason: their entries are refused."""
    moved: set[str] = field(default_factory=set)  #: pads that have been loaded anew
    singly: bool = False  #: each entry is stored alone
    weight: int = 0  #: keys that are of no use once that is stored
    staged: list[str] = field(default_factory=list)  #: keys that are done with when that is stored
    upkeep: dict[str, PadBatch] = field(default_factory=dict)
    """The stored work on pads that need compaction before anything else."""
    read_to: str = ""  #: the entries behind `received` and up to this one are settled as well

    @property
    def position(self) -> str:
        """The inbox ID up to which entries have been taken."""
        if self.taken == len(self.received) and self.read_to:
            return self.read_to
        return self.received[self.taken - 1].id if self.taken else self.lease.position

    @property
    def is_whole(self) -> bool:
        """Returns whether all entries are taken."""
        return self.taken == len(self.received)

    def leave(self) -> None:
        """Leaves the entries that have not been taken in the inbox, for the next writer or the next
        round."""
        del self.received[self.taken :]
        self.read_to = ""

    def stored(self, lease: Lease) -> None:
        """Notes that the work has been stored, and that the lease has moved on with it."""
        self.lease = lease
        self.done = self.taken
        self._nothing_taken()

    def begin_again(self) -> list[str]:
        """Starts again, since nothing of the work has been stored. Returns the pads that are ahead
        in memory."""
        touched = list(self.work)
        self.taken = self.done
        self._nothing_taken()
        return touched

    def _nothing_taken(self) -> None:
        self.work, self.weight, self.staged = {}, 0, []

    def blame(self, pad: str, why: str, *, damaged: bool) -> None:
        """Notes that this pad is not in the expected state. Unless it is `damaged`, somebody else
        may have moved it on; that is accepted once."""
        if damaged or pad in self.moved:
            self.refused[pad] = why
        self.moved.add(pad)

    def find_culprit(self, why: str) -> bool:
        """Continues entry by entry, since the work was not stored and nobody says because of which
        pad. Returns False if the only remaining entry has been refused already, so that no pad is
        to blame."""
        if not self.singly:
            self.singly = True
            return True
        pad = self.received[self.done].pad
        if pad is None or pad in self.refused:
            return False
        self.refused[pad] = why
        self.singly = False
        return True
