"""Traces the last part of the path of submissions: they are held here, and sent to this worker's
sessions."""

from time import time_ns
from typing import NamedTuple

from padfleet.services.fanout.pads.feed import Feed
from padfleet.shared import tracing
from padfleet.shared.tracing import SubmissionTrace


class _Arrived(NamedTuple):
    trace: SubmissionTrace
    rev: int
    at: int  #: ns since the epoch


class TrackedFlush(NamedTuple):
    """One flush of a room."""

    carries: list[_Arrived]
    began: int

    def end(self, *, sessions: int, revisions: int) -> None:
        """Ends the spans. `revisions` is the number of deliveries, revisions × sessions, as far as
        the sessions took them. What a slow session still lacks is sent to it later, and is not part
        of the span."""
        for trace, rev, at in self.carries:
            trace.span("hold", at, self.began, rev=rev)
            trace.span("send", self.began, rev=rev, sessions=sessions, delivered=revisions)


_NOTHING = TrackedFlush([], 0)


class Tracked:
    """The revisions of one room that are traced and wait for the next flush."""

    def __init__(self) -> None:
        self._seen = -1
        self._waiting: list[_Arrived] = []

    def arrived(self, feed: Feed) -> None:
        """Notes that the feed has new revisions."""
        if not tracing.is_on():
            return
        # If the feed is behind what was seen, the pad was deleted, or is another one by now.
        seen = self._seen if self._seen <= feed.head else -1
        self._seen, now = feed.head, time_ns()
        for revision in feed.since(max(seen, feed.first - 1)):
            if (trace := tracing.chosen(revision.origin)) is not None:
                self._waiting.append(_Arrived(trace, revision.rev, now))

    def begin(self) -> TrackedFlush:
        """Begins a flush that carries everything that has arrived."""
        if not self._waiting:
            return _NOTHING
        sending = TrackedFlush(self._waiting, time_ns())
        self._waiting = []
        return sending
