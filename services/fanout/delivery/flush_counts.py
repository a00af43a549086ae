"""Adds up what a flush has sent."""

from dataclasses import dataclass, field

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.stretches import Stretch
from padfleet.services.fanout.pads.steps import (
    AcceptCommit,
    Missed,
    NewChanges,
    NewChangesBatch,
    Step,
)

KINDS: dict[type[Step], str] = {
    NewChanges: "NEW_CHANGES",
    NewChangesBatch: "NEW_CHANGES_BATCH",
    AcceptCommit: "ACCEPT_COMMIT",
    Missed: "CLIENT_RECONNECT",
}


@dataclass(slots=True)
class FlushCounts:
    """The sums of what a flush has sent, so that metrics cost something per flush and not per
    socket."""

    frames: dict[str, int] = field(default_factory=dict)  #: by the message's type
    writes: int = 0
    bytes: int = 0
    before: int = 0  #: bytes of messages that were sent deflated, had they not been
    after: int = 0  #: the bytes of those messages as they were sent
    batches: set[int] = field(default_factory=set)  #: the numbers of revisions in one message
    revisions: int = 0  #: delivered: revisions × sockets

    def count(self, step: Step, times: int = 1) -> None:
        """Counts the message of this step, which has been sent to so many sockets."""
        kind, carried = KINDS[type(step)], 1
        if isinstance(step, NewChangesBatch):
            carried = len(step.revisions)
        self.frames[kind] = self.frames.get(kind, 0) + times
        self.revisions += carried * times
        if not isinstance(step, AcceptCommit):
            self.batches.add(carried)

    def count_stretch(self, stretch: Stretch, batching: bool, times: int = 1) -> None:
        """Counts a stretch as a whole."""
        revisions = len(stretch.revisions)
        if batching and revisions > 1:
            kind, messages, carried = "NEW_CHANGES_BATCH", 1, revisions
        else:
            kind, messages, carried = "NEW_CHANGES", revisions, 1
        self.frames[kind] = self.frames.get(kind, 0) + messages * times
        self.revisions += revisions * times
        self.batches.add(carried)


def sent(tally: FlushCounts) -> None:
    """Adds what a flush has sent to the metrics."""
    for kind, count in tally.frames.items():
        metrics.FRAMES.add(kind, count)
    for size in tally.batches:
        metrics.BATCH_REVISIONS.observe(size)
    metrics.BYTES.value += tally.bytes
    metrics.DELIVERED.value += tally.revisions
    if tally.before:
        metrics.deflated(tally.before, tally.after)
