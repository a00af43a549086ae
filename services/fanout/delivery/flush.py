"""Prepares what one flush of a room sends to sessions that are all at the same place."""

from collections import Counter
from collections.abc import Sequence

from padfleet.services.fanout.delivery.encoding import Encoder
from padfleet.services.fanout.delivery.flush_counts import FlushCounts
from padfleet.services.fanout.delivery.shared_context import SharedContext
from padfleet.services.fanout.delivery.stretches import STRETCH, Stretch, ends, within_bounds
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.transport.deflate import PLAIN, Deflated, joined
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

MOST_RUNS = 64
"""How many runs a flush makes. Sessions at still other places are served one by one, and share the
stretches after their first all the same."""

LONGEST_RUN = 500
"""The most revisions in a run. More would be too much for one write, whatever the session's window
has room for."""


def kernel_seconds(writes: int, size: int) -> float:
    """Estimates the kernel's time, in seconds, for so many writes of so many bytes together."""
    return writes * WRITE_SECONDS + size * BYTE_SECONDS


class FlushRun:
    """The write for all sessions at one place that are sent nothing of their own: the news, then
    the feed's revisions after `after`."""

    __slots__ = (
        "_encoder",
        "_group",
        "_made",
        "_news",
        "_stretches",
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
        stretches: Sequence[Stretch],
        news: list[tuple[Frame, str]],
        news_from: int,
        batching: bool,
        encoder: Encoder,
        group: int,
    ) -> None:
        """Takes the content of the write. `group` is the sockets' group in the context."""
        self.after = after
        self.news_from, self.news_upto = news_from, news_from + len(news)
        self.batching = batching
        self.upto = stretches[-1].sent_rev if stretches else after
        self.concerns = frozenset([but for _, but in news]).union(
            *[stretch.origins for stretch in stretches]
        )
        """The sessions that are sent something else."""
        self._stretches, self._news = stretches, news
        self._encoder, self._group = encoder, group
        self.taken = 0  #: the number of sessions that it was written to
        self._made: Deflated | None = None

    @property
    def made(self) -> Deflated:
        """Returns the bytes for a WebSocket. They are made when the first session needs them: on a
        pad with one author none does."""
        made = self._made
        return made if made is not None else self._make()

    def _make(self) -> Deflated:
        made: list[Deflated] = []
        had, last = self._group, None
        if self._news:
            made.append(self._encoder.news([frame for frame, _ in self._news], had))
            had, last = made[0].had_after(had), made[0].last
        for number, stretch in enumerate(self._stretches):
            shared = self._encoder.shared(
                stretch, self.batching, had, begins=not number, before=None if number else last
            )
            made.append(shared.made)
            had = shared.made.had_after(had)
        self._made = joined(made)
        return self._made

    def tell(self, tally: FlushCounts) -> None:
        for stretch in self._stretches:
            tally.count_stretch(stretch, self.batching, self.taken)
        made = self.made
        tally.writes += self.taken
        tally.bytes += self.taken * len(made.data)
        tally.before += self.taken * made.before
        tally.after += self.taken * made.after


class Flush:
    """One flush of a room: the runs made for it, each once, and the tally.

    It has an end, which is where the feed and the news are when it begins. So whatever arrives
    while it goes on, and wherever sessions were before, all of them are at one place afterwards,
    and can be sent the same bytes by the next flush.
    """

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
        place: int | None = None,
        upto: int | None = None,
    ) -> None:
        """Takes the feed, the encoded frames and the present time (seconds, monotonic).

        Arguments:
            news: without them, sessions are sent revisions only.
            questions: how many probes it may carry to measure latency.
            context: without it, nothing is compressed.
            own: how many bytes may be compressed for single sessions.
            place: the revision that nearly all sessions are at, if that is known.
            upto: the last revision that sessions are sent, if not the feed's last.
        """
        self.feed = feed
        self.frames = frames
        self.now = now
        self.questions = questions
        """How many more probes this flush may carry to measure latency. The answers all come at the
        same time, and should not be a load themselves."""
        self.upto = feed.head if upto is None else upto
        self.tally = FlushCounts()
        self.encoder = Encoder(frames, context, own, place)
        self.had: Counter[Frame] = Counter()
        """How many sessions that were served by themselves were sent each of these last."""
        self._news = news
        self._news_upto = news.end if news is not None else 0
        self._context = context
        self._runs: dict[tuple[int, int, bool, int], FlushRun | None] = {}
        self._lists: dict[int, Sequence[Stretch]] = {}
        self._stretches: dict[tuple[int, int], Sequence[Stretch]] = {}

    def news(self, place: int) -> list[tuple[Frame, str]]:
        """Returns the news after this place, each with the session that it is about. Raises
        IndexError if some of them are not kept any more."""
        return self._news.since(place, self._news_upto) if self._news is not None else []

    def revisions(self, after: int) -> list[Revision]:
        """Returns the revisions after this one. Raises IndexError if the feed does not reach back
        that far."""
        return self.feed.since(after, self.upto)

    def stretches(self, after: int) -> Sequence[Stretch]:
        """Returns the same in stretches."""
        found = self._lists.get(after)
        if found is None:
            revisions = self.revisions(after)
            found = self._divided(after, revisions) if revisions else ()
            if len(self._lists) < KEPT_LISTS:
                self._lists[after] = found
        return found

    def _divided(self, after: int, revisions: Sequence[Revision]) -> Sequence[Stretch]:
        """Divides revisions, at least one, into stretches, most of which others have, too."""
        found: list[Stretch] = []
        begin = after
        for end in ends(after, self.upto):
            key = (begin, end)
            some = self._stretches.get(key)
            if some is None:
                some = within_bounds(revisions[begin - after : end - after])
                if begin % STRETCH == 0:
                    self._stretches[key] = some
            found += some
            begin = end
        return found

    def run(self, after: int, place: int, batching: bool, had: int = PLAIN) -> FlushRun | None:
        """Returns the run from this revision and this place in the news, for sockets that were sent
        the shared message `had` last, or None if there is nothing to send, or more than is kept."""
        group = PLAIN if self._context is None else self._context.group(had)
        key = (after, place, batching, group)
        try:
            return self._runs[key]
        except KeyError:
            if len(self._runs) >= MOST_RUNS:
                return None
            found = self._runs[key] = self._make_run(after, place, batching, group)
            return found

    def _make_run(self, after: int, place: int, batching: bool, group: int) -> FlushRun | None:
        try:
            stretches, news = self.stretches(after), self.news(place)
        except IndexError:
            return None
        if not stretches and not news:
            return None
        if stretches and stretches[-1].sent_rev - after > LONGEST_RUN:
            return None  # as far as the window goes
        return FlushRun(after, stretches, news, place, batching, self.encoder, group)

    def kernel_seconds(self) -> float:
        """Estimates how many seconds the kernel takes for the writes that have been left to the
        event loop so far. (A run is written on the spot, and takes its time there.)"""
        return kernel_seconds(self.tally.writes, self.tally.bytes)

    def finish(self) -> FlushCounts:
        """Ends the turn, and returns what has been sent in it. Sessions that were kept waiting may
        still be served from what it has encoded."""
        had = self.had
        for run in self._runs.values():
            if run is not None and run.taken:
                run.tell(self.tally)
                if run.made.last is not None:
                    had[run.made.last] += run.taken
        self._runs.clear()
        self.questions = 0
        if self._context is not None and had:
            self._context.have_had(had)
        return self.tally

    def take_tally(self) -> FlushCounts:
        """Returns what has been sent since the last call."""
        tally, self.tally = self.tally, FlushCounts()
        return tally
