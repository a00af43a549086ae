"""Encodes what one flush sends, each piece once for all who are sent it. It is pure, except that it
counts CPU time."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from padfleet.services.fanout.delivery.shared_context import SharedContext
from padfleet.services.fanout.delivery.stretches import PIECE, Stretch
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.steps import Step
from padfleet.services.fanout.transport.deflate import (
    NOTHING,
    PLAIN,
    WINDOW,
    Deflated,
    deflate,
    undeflated,
)
from padfleet.services.fanout.transport.packets import Frame

ENDS: Final = 2
"""How many of the stretches that end with a revision, a long one and a piece for example, are used
as dictionaries for the next one. It is compressed once more for each of them."""

KEPT_STARTS: Final = 64
"""How many stretches that begin where some session happens to be are kept for the next one that is
there. If a thousand sessions are behind by different amounts, nobody would use them again."""


class Shared(NamedTuple):
    """A stretch as everybody at one place is sent it."""

    frames: Sequence[Frame]
    made: Deflated  #: the bytes of these frames on a WebSocket


class Encoder:
    """What has been encoded in one flush, and what may still be compressed in it."""

    def __init__(
        self,
        frames: Frames,
        context: SharedContext | None = None,
        own: int = 0,
        place: int | None = None,
    ) -> None:
        """Takes the pad's frames.

        Arguments:
            context: without it, nothing is compressed.
            own: how many bytes may be compressed for single sessions, or for the few that are at a
                place of their own.
            place: the revision that nearly all sessions are at; without it, any may be.
        """
        self._frames = frames
        self._context = context
        self._own = own
        self._place = place
        self._encoded: dict[tuple[int, int, bool], Sequence[Frame]] = {}
        self._shared: dict[tuple[int, int, bool, int], Shared] = {}
        self._odd = 0  #: how many stretches are kept that begin at no round number
        self._ends: dict[tuple[int, bool], list[Frame]] = {}
        """The last frames of the first stretches that were compressed up to each revision."""

    def of(self, step: Step) -> Frame:
        """Returns the message of one step."""
        return self._frames.of(step)

    def shared(
        self,
        stretch: Stretch,
        batching: bool,
        had: int,
        *,
        begins: bool,
        before: Frame | None = None,
    ) -> Shared:
        """Returns the stretch for sockets that were last sent the shared message `had`.

        Of each stretch there are few versions, however many places sessions are at: compressed with
        the stretch before it as dictionary, for those who were sent that; and without a dictionary,
        for those who were sent something of their own instead. Only the first stretch of a write,
        which `begins` it, depends on what a socket was sent in an earlier flush, or right `before`
        it in the same write.
        """
        dictionary = self._dictionary(stretch, batching, had, begins, before)
        group = PLAIN if dictionary is None else (had if dictionary else NOTHING)
        key = (stretch.after, stretch.sent_rev, batching, group)
        found = self._shared.get(key)
        if found is not None:
            return found
        frames = self._all_of(stretch, batching)
        if dictionary is None or not self._worth(stretch, frames):
            made = undeflated(frames)
        else:
            made = deflate(frames, dictionary)
            if made.last is not None:
                ends = self._ends.setdefault((stretch.sent_rev, batching), [])
                if len(ends) < ENDS and made.last not in ends:
                    ends.append(made.last)
        found = Shared(frames, made)
        if self._keeps(stretch):
            self._shared[key] = found
        return found

    def news(self, frames: Sequence[Frame], group: int) -> Deflated:
        """Returns news for the sockets of one group."""
        return undeflated(frames) if self._context is None else self._context.deflate(frames, group)

    def alone(self, frames: Sequence[Frame], had: int) -> Deflated:
        """Returns the frames for one session, compressed for it if they still may be."""
        context = self._context
        if context is None or had == PLAIN or not self._spends(frames):
            return undeflated(frames)
        return context.deflate(frames, context.group(had))

    def _dictionary(
        self, stretch: Stretch, batching: bool, had: int, begins: bool, before: Frame | None
    ) -> bytes | None:
        """Returns what the sockets' windows are known to end with, or None if they have none."""
        context = self._context
        if context is None or had == PLAIN:
            return None
        if begins and before is None:
            return context.end_of(had)
        ends = self._ends.get((stretch.after, batching), ()) if before is None else (before,)
        for end in ends:
            if end.number == had:
                return end.payload[-WINDOW:]
        return b""

    def _all_of(self, stretch: Stretch, batching: bool) -> Sequence[Frame]:
        key = (stretch.after, stretch.sent_rev, batching)
        frames = self._encoded.get(key)
        if frames is None:
            frames = [self._frames.of(step) for step in stretch.steps(batching)]
            if stretch.after % PIECE == 0 or self._odd < KEPT_STARTS:
                self._encoded[key] = frames
        return frames

    def _worth(self, stretch: Stretch, frames: Sequence[Frame]) -> bool:
        """Returns whether the stretch is compressed: always if others will be sent it, too."""
        usual = self._place is None or stretch.after == self._place or stretch.after % PIECE == 0
        return usual or self._spends(frames)

    def _keeps(self, stretch: Stretch) -> bool:
        if stretch.after % PIECE == 0:
            return True
        self._odd += 1
        return self._odd <= KEPT_STARTS

    def _spends(self, frames: Sequence[Frame]) -> bool:
        size = sum([len(frame.websocket) for frame in frames if frame.number])
        if not size or size > self._own:
            return False
        self._own -= size
        return True
