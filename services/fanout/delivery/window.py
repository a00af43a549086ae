"""Counts what a session was sent and may not have received. Pure: no I/O and no clock.

A successful write only proves that the kernel has the bytes: there are megabytes of buffers between
it and the page. So now and then a session is asked (a *probe*: a ping after the frames, or an id
for a Socket.IO acknowledgement on the last of them). The answer says which revision has arrived,
and with it how many bytes.
"""

from dataclasses import dataclass
from typing import NamedTuple

LIMIT = 256 * 1024
"""With so many bytes in flight, a session gets no more until some have arrived. With a round trip
of 100 ms this is 2.5 MB/s, ten times what a pad with 300 typing authors produces."""

ASK_BYTES = LIMIT // 4
"""Another probe is worthwhile after this many bytes since the last one."""

ASIDE_ROOM = LIMIT - ASK_BYTES
"""The room that is reserved for a session's revisions: with less than this, it is sent nothing
else. Anything in flight to a slow client when somebody types delays the revision."""

ASK_GAP = 0.25
"""The shortest time in seconds between two probes of a session, unless its window is full."""

ASK_AGE = 5.0
"""After this many seconds even a few bytes are probed, which is how the delivery latency is
measured. A probe costs the worker about 20 µs, so 3,000 sockets cost 1 % of a core."""


class Probe(NamedTuple):
    """What the answer to a question will prove."""

    rev: int  #: this revision has arrived
    sent: int  #: and with it as many bytes of the window
    committed_ms: int  #: when the oldest revision of that flush was committed


@dataclass(slots=True)
class Window:
    """The bytes of one session, counted from its start on."""

    asked_at: float  #: seconds, monotonic; at first, some time back, so that sessions spread
    sent: int = 0
    acked: int = 0
    asked: int = 0  #: `sent` at the newest probe
    quiet_bytes: int = ASK_BYTES
    """As long as `sent` is below this, there is nothing to ask, and there is room for more."""

    @property
    def room(self) -> int:
        """Returns how many bytes may be sent now; none if it is below 1."""
        return LIMIT - (self.sent - self.acked)

    def urgent(self, size: int, now: float) -> bool:
        """Returns whether a flush of `size` bytes should carry a probe, for flow control."""
        if self.sent + size < self.quiet_bytes:
            return False
        return now - self.asked_at >= ASK_GAP or self.sent + size - self.acked >= LIMIT

    def due(self, now: float) -> bool:
        """Returns whether a probe would be useful, to measure how long delivery takes."""
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
        """Notes that the client has named the newest revision that it was sent."""
        self.acked = self.sent
        self._count_quiet_bytes()

    def _count_quiet_bytes(self) -> None:
        self.quiet_bytes = min(max(self.asked, self.acked) + ASK_BYTES, self.acked + LIMIT)
