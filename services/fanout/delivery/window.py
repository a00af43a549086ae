"""What a session was sent and may not have received: pure, no I/O and no clock.

A successful write only proves that the kernel has the bytes: there are megabytes of buffers between
it and the page. So now and then a session is asked (a *probe*: a ping after the frames, or an id
for a Socket.IO acknowledgement on the last of them). The answer says which revision has arrived,
and with it how many bytes.
"""

from dataclasses import dataclass
from typing import NamedTuple

LIMIT = 256 * 1024
"""Bytes in flight to one session at which it gets no more until some have arrived. With a round
trip of 100 ms this is 2.5 MB/s, ten times what a pad with 300 typing authors produces."""

ASK_BYTES = LIMIT // 4
"""Bytes since the last probe that make another one worthwhile."""

ASIDE_ROOM = LIMIT - ASK_BYTES
"""Room that is reserved for a session's revisions: with less than this, it is sent nothing else.
What is in flight to a slow client when somebody types delays the revision."""

ASK_GAP = 0.25
"""Shortest time in seconds between two probes of a session, unless its window is full."""

ASK_AGE = 5.0
"""Seconds after which even a few bytes are asked about: the delivery latency is measured by this. A
probe costs the worker about 20 µs, so 3,000 sockets cost 1 % of a core."""


class Probe(NamedTuple):
    """What an answer will prove."""

    rev: int  #: this revision has arrived
    sent: int  #: and with it as many bytes of the window
    committed_ms: int  #: when the oldest revision of that flush was committed


@dataclass(slots=True)
class Window:
    """Counts bytes from the session's start on."""

    asked_at: float  #: seconds, monotonic; at first, some time back, so that sessions spread
    sent: int = 0
    acked: int = 0
    asked: int = 0  #: `sent` at the newest probe
    quiet_bytes: int = ASK_BYTES
    """As long as `sent` is below this, there is nothing to ask, and room for more."""

    @property
    def room(self) -> int:
        """Bytes that may be sent now; none if below 1."""
        return LIMIT - (self.sent - self.acked)

    def urgent(self, size: int, now: float) -> bool:
        """Whether a flush of `size` bytes should carry a probe, for flow control."""
        if self.sent + size < self.quiet_bytes:
            return False
        return now - self.asked_at >= ASK_GAP or self.sent + size - self.acked >= LIMIT

    def due(self, now: float) -> bool:
        """Whether a probe would be useful, to measure how long delivery takes."""
        return now - self.asked_at >= ASK_AGE

    def probe(self, rev: int, committed_ms: int, now: float) -> Probe:
        """Returns what to remember with the question; `sent` includes the frames before it."""
        self.asked_at = now
        self.asked = self.sent
        self._count_quiet_bytes()
        return Probe(rev, self.sent, committed_ms)

    def answered(self, probe: Probe) -> None:
        self.acked = max(self.acked, probe.sent)
        self._count_quiet_bytes()

    def all_arrived(self) -> None:
        """The client has named the newest revision that it was sent."""
        self.acked = self.sent
        self._count_quiet_bytes()

    def _count_quiet_bytes(self) -> None:
        self.quiet_bytes = min(max(self.asked, self.acked) + ASK_BYTES, self.acked + LIMIT)
