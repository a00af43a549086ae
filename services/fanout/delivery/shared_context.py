"""One deflate context for all sockets of a pad: pure but for the CPU it counts.

A receiver's window holds what it was sent deflated, and nothing else. So sockets that have been
sent the same shared message last have windows that end alike, whatever each of them was sent
undeflated in between; and a message that refers back to that one alone can be read by all of
them. It is deflated once, with that message as dictionary. Who has missed it (has just come, was
slow, was sent something of his own) gets the next one without a dictionary, and is in step again.

Of each socket there is a number kept: which shared message it was sent last. A compressor for each
would be 40 KB, and a pass over every message for every socket.
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
"""Sessions of a pad on one worker from which on what they are sent is deflated. A message takes
12 µs, however many get it, and saves each of them 250 bytes."""

KEPT: Final = 4
"""Messages that are kept as dictionaries: the last, and some before it for those who missed that.
Each that is still in use is one more time that a message is deflated."""

OWN_SHARE: Final = 300
OWN_MOST: Final = 32 * 1024
"""Bytes that a flush deflates for single sessions: so many for each session that it serves, but no
more than the second. An author is sent what stands before and after his own revisions, which nobody
else is; on a pad with 100 authors that would be a third of all bytes, on one with 3,000 it is 2 %
of them and would be a sixth of all CPU."""

OWN_ALONE: Final = 16 * 1024
"""Bytes likewise of a session that is served out of turn, since its socket has made room."""


class SharedContext:
    """What is known of the windows of a pad's sockets: the ends that some of them have in
    common."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: OrderedDict[int, bytes] = OrderedDict()

    def group(self, had: int) -> int:
        """By this, sockets are told apart that cannot be sent the same bytes: what they were sent
        last, if it is still known what that was."""
        return had if had == PLAIN or had in self._ends else NOTHING

    def deflate(self, frames: Sequence[Frame], group: int) -> Deflated:
        """What sockets of this group are sent; those that are `PLAIN`, as it is."""
        if group == PLAIN:
            return undeflated(frames)
        return deflate(frames, self._ends.get(group, b""))

    def have_had(self, last: "Counter[Frame]") -> None:
        """So many sockets each were sent these shared messages last. The two that most of them had
        are reckoned with from now on."""
        for frame, _ in reversed(last.most_common(2)):
            self._ends[frame.number] = frame.payload[-WINDOW:]
            self._ends.move_to_end(frame.number)
        while len(self._ends) > KEPT:
            self._ends.popitem(last=False)


class SharedWrite:
    """The same packets for many sockets: made once for each group of them that can be sent the same
    bytes."""

    __slots__ = ("_context", "_frames", "_made")

    def __init__(self, frames: Sequence[Frame], context: SharedContext | None) -> None:
        """Without a context nothing is deflated."""
        self._frames = frames
        self._context = context
        self._made: dict[int, Deflated] = {}

    def of(self, had: int) -> Deflated:
        """For sockets that were sent the shared message `had` last."""
        context = self._context
        group = context.group(had) if context is not None else PLAIN
        made = self._made.get(group)
        if made is None:
            frames = self._frames
            made = undeflated(frames) if context is None else context.deflate(frames, group)
            self._made[group] = made
        return made
