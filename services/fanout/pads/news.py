"""What is said on a pad beside its revisions, such as chat: pure, no I/O.

News go the way of revisions: a log for the room, a place in it for each session. So a hundred
messages within one flush are one write for every socket and not a hundred, and what a slow socket
has not been told yet takes no memory of its own. Who comes and goes has a log of its own, see
`presence.roster_log`.
"""

from padfleet.services.fanout.transport.packets import Frame

CAPACITY = 4096
"""News kept. A session further behind than that is dropped: its client resumes, and is told who is
there."""


MOST_BYTES = 4 << 20
"""Bytes kept, likewise: what plugins pass on may be long."""


class News:
    def __init__(self, capacity: int = CAPACITY, most_bytes: int = MOST_BYTES) -> None:
        self._capacity = capacity
        self._most_bytes = most_bytes
        self._bytes = 0
        self._frames: list[tuple[Frame, str]] = []
        self._first = 0

    @property
    def end(self) -> int:
        """The place of a session that has been told everything."""
        return self._first + len(self._frames)

    def add(self, frame: Frame, *, but: str = "") -> None:
        """`but` is the session that the news are about, and that is not told."""
        self._frames.append((frame.shared(), but))
        self._bytes += len(frame.websocket)
        if len(self._frames) > 2 * self._capacity:
            # Half at a time, so that it costs nothing to speak of.
            self._forget(self._capacity)
        elif self._bytes > self._most_bytes and len(self._frames) > 1:
            self._forget(len(self._frames) // 2)

    def _forget(self, count: int) -> None:
        self._bytes -= sum([len(frame.websocket) for frame, _ in self._frames[:count]])
        del self._frames[:count]
        self._first += count

    def since(self, place: int) -> list[tuple[Frame, str]]:
        """Raises IndexError if some of them are not kept any more."""
        if place < self._first:
            raise IndexError(place)
        return self._frames[place - self._first :]
