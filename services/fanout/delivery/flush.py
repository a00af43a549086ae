"""Prepares what one flush of a room sends to sessions that are all at the same place."""

from collections import Counter
from collections.abc import Sequence

from padfleet.services.fanout.delivery.cursor import BATCH_MAX, DeliveryCursor, steps
from padfleet.services.fanout.delivery.flush_counts import FlushCounts
from padfleet.services.fanout.delivery.shared_context import SharedContext
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.pads.steps import (
    Step,
)
from padfleet.services.fanout.transport.deflate import PLAIN, Deflated, undeflated
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.records import Revision

WRITE_SECONDS = 5e-6
BYTE_SECONDS = 1 / 2e9
"""How many seconds the kernel takes for a write and for each of its bytes, on loopback TCP: 4 to 8
µs, and 2 GB/s. The event loop hands writes over after our code has run, so a flush cannot time
them, and by the wall clock it would count everything else that the event loop does meanwhile."""

KEPT_LISTS = 64
"""How many lists of revisions a flush keeps for the next session at the same place: if a thousand
sessions are behind by different amounts, nobody would use them again."""


def kernel_seconds(writes: int, size: int) -> float:
    """Estimates the kernel's time, in seconds, for so many writes of so many bytes together."""
    return writes * WRITE_SECONDS + size * BYTE_SECONDS


class FlushRun:
    """The write for all sessions at one place that are sent nothing of their own: the news, then
    the feed's revisions after `after`."""

    __slots__ = (
        "_context",
        "_frames",
        "_group",
        "_made",
        "_news",
        "_revisions",
        "_steps",
        "after",
        "batching",
        "concerns",
        "news_from",
        "news_upto",
        "taken",
        "upto",
    )

    def __init__(
        self,
        after: int,
        revisions: list[Revision],
        news: list[tuple[Frame, str]],
        news_from: int,
        batching: bool,
        frames: Frames,
        context: SharedContext | None,
        group: int,
    ) -> None:
        """Takes the content of the write. `group` is the sockets' group in the context; without a
        context nothing is compressed."""
        self.after = after
        self.news_from, self.news_upto = news_from, news_from + len(news)
        self.batching = batching
        self.upto = revisions[-1].rev if revisions else after
        self.concerns = frozenset(
            [r.origin.session for r in revisions if r.origin is not None] + [but for _, but in news]
        )
        """The sessions that are sent something else."""
        self._revisions, self._news = revisions, news
        self._frames = frames
        self._context, self._group = context, group
        self.taken = 0  #: the number of sessions that it was written to
        self._steps: list[Step] = []
        self._made: Deflated | None = None

    @property
    def made(self) -> Deflated:
        """Returns the bytes for a WebSocket. They are made when the first session needs them: on a
        pad with one author none does."""
        made = self._made
        return made if made is not None else self._make()

    def _make(self) -> Deflated:
        self._steps = list(
            steps(DeliveryCursor(self.after), "", self._revisions, batching=self.batching)
        )
        sending = [frame for frame, _ in self._news]
        sending += [self._frames.of(step) for step in self._steps]
        context = self._context
        made = undeflated(sending) if context is None else context.deflate(sending, self._group)
        self._made = made
        return made

    def tell(self, tally: FlushCounts) -> None:
        for step in self._steps:
            tally.count(step, self.taken)
        made = self.made
        tally.writes += self.taken
        tally.bytes += self.taken * len(made.data)
        tally.before += self.taken * made.before
        tally.after += self.taken * made.after


class Flush:
    """One flush of a room: the runs made for it, each once, and the tally."""

    def __init__(
        self,
        feed: Feed,
        frames: Frames,
        now: float,
        *,
        news: News | None = None,
        questions: int = 0,
        context: SharedContext | None = None,
        own: int = 0,
    ) -> None:
        """Takes the feed, the encoded frames and the present time (seconds, monotonic).

        Arguments:
            news: without them, sessions are sent revisions only.
            questions: how many probes it may carry to measure latency.
            context: without it, nothing is compressed.
            own: how many bytes may be compressed for single sessions.
        """
        self.feed = feed
        self.frames = frames
        self.now = now
        self.questions = questions
        """How many more probes this flush may carry to measure latency. The answers all come at the
        same time, and should not be a load themselves."""
        self.tally = FlushCounts()
        self._news = news
        self._context = context
        self._own = own
        self._runs: dict[tuple[int, int, bool, int], FlushRun | None] = {}
        self._revisions: dict[int, list[Revision]] = {}

    def news(self, place: int) -> list[tuple[Frame, str]]:
        """Returns the news after this place, each with the session that it is about. Raises
        IndexError if some of them are not kept any more."""
        return self._news.since(place) if self._news is not None else []

    def revisions(self, after: int) -> list[Revision]:
        """Returns the revisions after this one. Raises IndexError if the feed does not reach back
        that far."""
        found = self._revisions.get(after)
        if found is None:
            found = self.feed.since(after)
            if len(self._revisions) < KEPT_LISTS:
                self._revisions[after] = found
        return found

    def run(self, after: int, place: int, batching: bool, had: int = PLAIN) -> FlushRun | None:
        """Returns the run from this revision and this place in the news, for sockets that were sent
        the shared message `had` last, or None if there is nothing to send, or more than is kept."""
        group = PLAIN if self._context is None else self._context.group(had)
        key = (after, place, batching, group)
        try:
            return self._runs[key]
        except KeyError:
            found = self._runs[key] = self._make_run(after, place, batching, group)
            return found

    def own(self, frames: Sequence[Frame], had: int) -> Deflated | None:
        """Returns the frames for one session alone, compressed for it, or None if they should not
        be compressed."""
        context = self._context
        if context is None or had == PLAIN:
            return None
        size = sum([len(frame.websocket) for frame in frames if frame.number])
        if not size or size > self._own:
            return None
        self._own -= size
        return context.deflate(frames, context.group(had))

    def _make_run(self, after: int, place: int, batching: bool, group: int) -> FlushRun | None:
        try:
            revisions, news = self.revisions(after), self.news(place)
        except IndexError:
            return None
        if not revisions and not news:
            return None
        if len(revisions) > BATCH_MAX:
            return None  # too much for one write: message by message, as far as the window goes
        # Taken now: news that arrive during the flush are not in this run.
        return FlushRun(after, revisions, news, place, batching, self.frames, self._context, group)

    def kernel_seconds(self) -> float:
        """Estimates how many seconds the kernel takes for the writes that have been left to the
        event loop so far. (A run is written on the spot, and takes its time there.)"""
        return kernel_seconds(self.tally.writes, self.tally.bytes)

    def finish(self) -> FlushCounts:
        had: Counter[Frame] = Counter()
        for run in self._runs.values():
            if run is not None and run.taken:
                run.tell(self.tally)
                if run.made.last is not None:
                    had[run.made.last] += run.taken
        if self._context is not None and had:
            self._context.have_had(had)
        return self.tally
