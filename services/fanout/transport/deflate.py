"""Compresses messages to clients (permessage-deflate, RFC 7692). It is pure, except that it counts
CPU time.

A client's inflater has a window, which holds only what it was sent compressed before. Here it is
known for each socket which shared message that was last, by its number: `shared_context` explains
what follows from that.
"""

import zlib
from collections.abc import Sequence
from time import thread_time
from typing import Final, NamedTuple

from padfleet.services.fanout import metrics
from padfleet.services.fanout.transport.packets import Frame, websocket_header

WINDOW_BITS: Final = 12
"""How far back our messages refer: 4 KB. There is nothing further back, since only the previous
message is kept for it; and Python's `websockets` asks for 12 bits."""

WINDOW: Final = 1 << WINDOW_BITS

LEVEL: Final = 6
MEMORY_LEVEL: Final = 5
"""This level was chosen by measurement, see docs/decisions: higher levels save 1 % of the bytes,
and with more memory most of the time goes into clearing it."""

PLAIN: Final = -1
"""This stands in place of a number for a socket that cannot decompress."""

NOTHING: Final = 0
"""This stands in place of a number for a socket whose window has unknown content."""

LONGEST: Final = 192 * 1024
"""Messages of up to this many bytes are compressed, which takes at most 3 ms of the event loop. A
longer one is sent as it is, which does not affect its receivers' windows."""

_TAIL = b"\x00\x00\xff\xff"
"""The end of what a sync flush produces; it is left out on the wire (7.2.1)."""

_TEXT_DEFLATED = 0xC1
"""The first byte of a text frame in one piece with RSV1 set."""


class Deflated(NamedTuple):
    """The bytes of one write, some of them compressed."""

    data: bytes
    last: Frame | None  #: the last shared message that is deflated in it
    before: int  #: bytes of the deflated ones before compression
    after: int  #: their bytes after compression

    def had_after(self, had: int) -> int:
        """Returns the number of the shared message that a socket was sent last once it has been
        sent this; before that, the number was `had`."""
        return had if self.last is None else self.last.number


def undeflated(frames: Sequence[Frame]) -> Deflated:
    """Returns the bytes of these packets, in order, uncompressed for any socket."""
    return Deflated(b"".join([frame.websocket for frame in frames]), None, 0, 0)


def joined(parts: Sequence[Deflated]) -> Deflated:
    """Returns several as one write, in order; each was made for sockets that have had those before
    it."""
    if len(parts) == 1:
        return parts[0]
    last = next((part.last for part in reversed(parts) if part.last is not None), None)
    return Deflated(
        b"".join([part.data for part in parts]),
        last,
        sum([part.before for part in parts]),
        sum([part.after for part in parts]),
    )


def deflate(frames: Sequence[Frame], dictionary: bytes = b"") -> Deflated:
    """Returns the bytes of these single packets, in order, for sockets whose windows end with
    `dictionary`. Packets that are not shared, or long, stay uncompressed."""
    shared = [frame for frame in frames if _is_deflated(frame)]
    if not shared:
        return undeflated(frames)
    began = thread_time()
    made = _deflated(shared, dictionary)
    metrics.DEFLATE_SECONDS.value += thread_time() - began
    before, after = sum([len(frame.websocket) for frame in shared]), sum(map(len, made))
    if len(shared) < len(frames):
        rest = iter(made)
        made = [next(rest) if _is_deflated(frame) else frame.websocket for frame in frames]
    return Deflated(b"".join(made), shared[-1], before, after)


def _is_deflated(frame: Frame) -> bool:
    """Returns whether the packet is shared, and not too long."""
    return bool(frame.number) and len(frame.websocket) <= LONGEST


def _deflated(frames: Sequence[Frame], dictionary: bytes) -> list[bytes]:
    if dictionary:
        compressor = zlib.compressobj(
            LEVEL, zlib.DEFLATED, -WINDOW_BITS, MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, dictionary
        )
    else:
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW_BITS, MEMORY_LEVEL)
    made = []
    for frame in frames:
        data = compressor.compress(frame.payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
        made.append(websocket_header(len(data) - len(_TAIL), _TEXT_DEFLATED) + data[: -len(_TAIL)])
    return made


class SharedRun:
    """Consecutive shared packets, for sockets of which nothing else needs to be known: compressed
    parts refer only to earlier packets of the run."""

    __slots__ = ("_deflated", "plain")

    def __init__(self, frames: Sequence[Frame]) -> None:
        """Takes one or more single packets."""
        self.plain = Frame.joined([frame.shared() for frame in frames])
        self._deflated: Deflated | None = None

    @property
    def deflated(self) -> Deflated:
        """Returns the compressed run, which is made when the first socket needs it."""
        if self._deflated is None:
            self._deflated = deflate(self.plain.singles)
        return self._deflated
