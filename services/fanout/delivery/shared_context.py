"""Keeps one deflate context for all sockets of a pad. It is pure, except that it counts CPU time.

A receiver's window holds only what it was sent compressed. So sockets whose last shared message is
the same have windows with the same end, whatever each of them was sent uncompressed in between; and
a message that refers back only to that one can be read by all of them. It is compressed once, with
that message as dictionary. A socket that has missed it (because it has just come, was slow, or was
sent something of its own) gets the next one without a dictionary, and is in step again.

For each socket one number is kept: which shared message it was sent last. A compressor for each
would take 40 KB, and a pass over every message for every socket.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Final

from padfleet.services.fanout.transport.deflate import (
    NOTHING,
    PLAIN,
    WINDOW,
    Deflated,
    deflate,
    undeflated,
)
from padfleet.services.fanout.transport.packets import Frame

WORTH: Final = 8
"""Messages are compressed if at least this many sessions of a pad on one worker receive them. A
message takes 12 µs, however many sessions get it, and saves each of them 250 bytes."""

KEPT: Final = 4
"""How many messages are kept as dictionaries: the last one, and some before it for those who missed
it. For each that is still in use, a message is compressed once more."""

OWN_SHARE: Final = 300
OWN_MOST: Final = 32 * 1024
"""How many bytes a flush compresses for single sessions: the first value for each session that it
serves, but no more than the second in all. An author is sent the revisions before and after their
own in messages that nobody else gets. On a pad with 100 authors that would be a third of all bytes;
on one with 3,000 it is 2 % of them, and would take a sixth of all CPU."""

OWN_ALONE: Final = 16 * 1024
"""The same limit for a session that is served out of turn, because its socket has made room."""


class SharedContext:
    """The known ends of the windows of a pad's sockets, which some of them have in common."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: OrderedDict[int, bytes] = OrderedDict()

    def group(self, had: int) -> int:
        """Returns the group of a socket, which is the message that it was sent last, if that is
        still known. Sockets of different groups cannot be sent the same bytes."""
        return had if had == PLAIN or had in self._ends else NOTHING

    def end_of(self, had: int) -> bytes:
        """Returns what the windows of sockets that were sent this message last are known to end
        with, which is nothing if the message is not known any more."""
        return self._ends.get(had, b"")

    def deflate(self, frames: Sequence[Frame], group: int) -> Deflated:
        """Returns what sockets of this group are sent; for those that are `PLAIN`, the message
        unchanged."""
        if group == PLAIN:
            return undeflated(frames)
        return deflate(frames, self.end_of(group))

    def have_had(self, last: "Counter[Frame]") -> None:
        """Records how many sockets were sent each of these shared messages last. The two most
        frequent ones are used as dictionaries from now on."""
        for frame, _ in reversed(last.most_common(2)):
            self._ends[frame.number] = frame.payload[-WINDOW:]
            self._ends.move_to_end(frame.number)
        while len(self._ends) > KEPT:
            self._ends.popitem(last=False)


class SharedWrite:
    """The same packets for many sockets, encoded once for each group of them that can be sent the
    same bytes."""

    __slots__ = ("_context", "_frames", "_made")

    def __init__(self, frames: Sequence[Frame], context: SharedContext | None) -> None:
        """Takes the packets; without a context nothing is compressed."""
        self._frames = frames
        self._context = context
        self._made: dict[int, Deflated] = {}

    def of(self, had: int) -> Deflated:
        """Returns the bytes for sockets that were sent the shared message `had` last."""
        context = self._context
        group = context.group(had) if context is not None else PLAIN
        made = self._made.get(group)
        if made is None:
            frames = self._frames
            made = undeflated(frames) if context is None else context.deflate(frames, group)
            self._made[group] = made
        return made
