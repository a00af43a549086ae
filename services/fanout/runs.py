"""What one flush of a room sends to the sessions that all are at the same place."""

from collections import Counter
from dataclasses import dataclass, field

from services.fanout.feed import Feed
from services.fanout.flush import Cursor, NewChanges, NewChangesBatch, Step, steps
from services.fanout.frames import PING, Frame, Frames
from shared.log.records import Revision

KINDS = {
    "NewChanges": "NEW_CHANGES",
    "NewChangesBatch": "NEW_CHANGES_BATCH",
    "AcceptCommit": "ACCEPT_COMMIT",
    "Missed": "CLIENT_RECONNECT",
}


@dataclass(slots=True)
class Tally:
    """What a flush has sent, added up, so that metrics cost something per flush and not per
    socket."""

    frames: Counter[str] = field(default_factory=Counter)  #: by the message's type
    bytes: int = 0
    batches: set[int] = field(default_factory=set)  #: the numbers of revisions in one message
    revisions: int = 0  #: delivered: revisions × sockets

    def count(self, step: Step, size: int) -> None:
        self.frames[KINDS[type(step).__name__]] += 1
        self.bytes += size
        carried = len(step.revisions) if isinstance(step, NewChangesBatch) else 1
        self.revisions += carried
        if isinstance(step, NewChanges | NewChangesBatch):
            self.batches.add(carried)


class Run:
    """The feed's revisions after `after`, as they go to everyone who has none of his own there."""

    __slots__ = (
        "_asking",
        "after",
        "committed_ms",
        "frame",
        "origins",
        "size",
        "steps",
        "taken",
        "upto",
    )

    def __init__(
        self, after: int, revisions: list[Revision], batching: bool, frames: Frames
    ) -> None:
        self.after = after
        self.upto = revisions[-1].rev
        self.committed_ms = revisions[0].time
        self.origins = frozenset(r.origin.session for r in revisions if r.origin is not None)
        self.steps = list(steps(Cursor(after), "", revisions, batching=batching))
        self.frame = Frame.joined([frames.of(step) for step in self.steps])
        self.size = len(self.frame.websocket)
        self.taken = 0  #: sessions that it was written to
        self._asking: Frame | None = None

    @property
    def asking(self) -> Frame:
        """The frame with a ping behind it."""
        if self._asking is None:
            self._asking = Frame.joined([self.frame, PING])
        return self._asking

    def tell(self, tally: Tally) -> None:
        for step in self.steps:
            carried = len(step.revisions) if isinstance(step, NewChangesBatch) else 1
            tally.frames[KINDS[type(step).__name__]] += self.taken
            tally.revisions += self.taken * carried
            tally.batches.add(carried)
        tally.bytes += self.taken * self.size


class Flush:
    """One flush of a room: the runs made for it, each once, and the tally."""

    def __init__(self, feed: Feed, frames: Frames, now: float, *, questions: int) -> None:
        self.feed = feed
        self.frames = frames
        self.now = now
        self.questions = questions
        """Probes that this flush may carry for the sake of measuring. The answers come all at
        once, and should not be a load themselves."""
        self.tally = Tally()
        self._runs: dict[tuple[int, bool], Run | None] = {}
        self._revisions: dict[int, list[Revision]] = {}

    def revisions(self, after: int) -> list[Revision]:
        """IndexError: the feed does not reach back that far."""
        found = self._revisions.get(after)
        if found is None:
            found = self._revisions[after] = self.feed.since(after)
        return found

    def run(self, after: int, batching: bool) -> Run | None:
        """None if there is nothing after it, or more than the feed holds."""
        key = (after, batching)
        try:
            return self._runs[key]
        except KeyError:
            found = None
            if self.feed.first - 1 <= after < self.feed.head:
                found = Run(after, self.revisions(after), batching, self.frames)
            self._runs[key] = found
            return found

    def finish(self) -> Tally:
        for run in self._runs.values():
            if run is not None and run.taken:
                run.tell(self.tally)
        return self.tally
