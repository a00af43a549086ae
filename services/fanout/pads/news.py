"""Keeps what is said on a pad besides its revisions, such as chat. Pure: no I/O.

News are handled like revisions: a log for the room, and a place in it for each session. So a
hundred messages within one flush are one write for every socket and not a hundred, and what a slow
socket has not been told yet takes no memory of its own. People who come and go have a log of their
own, see `presence.roster_log`.
"""

from padfleet.services.fanout.transport.packets import Frame

CAPACITY = 4096
"""How many news are kept. A session further behind is disconnected: its client resumes, and is told
who is there."""


MOST_BYTES = 4 << 20
"""The most bytes that are kept, since plugins' messages may be long."""


class News:
    def __init__(self, capacity: int = CAPACITY, most_bytes: int = MOST_BYTES) -> None:
        self._capacity = capacity
        self._most_bytes = most_bytes
        self._bytes = 0
        self._frames: list[tuple[Frame, str]] = []
        self._first = 0

    @property
    def end(self) -> int:
        """Returns the place of a session that has been told everything."""
        return self._first + len(self._frames)

    def add(self, frame: Frame, *, but: str = "") -> None:
        """Adds news; `but` is the session that they are about, which is not told."""
        self._frames.append((frame.shared(), but))
        self._bytes += len(frame.websocket)
        if len(self._frames) > 2 * self._capacity:
            # It drops half at a time, which makes the cost negligible.
            self._forget(self._capacity)
        elif self._bytes > self._most_bytes and len(self._frames) > 1:
            self._forget(len(self._frames) // 2)

    def _forget(self, count: int) -> None:
        self._bytes -= sum([len(frame.websocket) for frame, _ in self._frames[:count]])
        del self._frames[:count]
        self._first += count

    def since(self, place: int, upto: int | None = None) -> list[tuple[Frame, str]]:
        """Returns the news after a place, each with the session that is not told; up to the place
        `upto`, if that is given. Raises IndexError if some of them are not kept any more."""
        if place < self._first:
            raise IndexError(place)
        end = None if upto is None else max(upto - self._first, 0)
        return self._frames[place - self._first : end]
