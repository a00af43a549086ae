"""Packets for clients, each encoded once however many sessions take it."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from padfleet.shared.wire.jsontext import dumps

PIECE = 64 * 1024
"""Bytes of a long packet that are handed to a connection at once."""


_numbers = count(1)


class Frame:
    """One Engine.IO packet, or several that leave in one write, ready for either transport."""

    __slots__ = ("_payload_at", "_several", "number", "websocket")

    def __init__(self, payload: bytes) -> None:
        header = websocket_header(len(payload))
        self._payload_at = len(header)
        self._several: tuple[Frame, ...] = ()
        self.number = 0
        """0: what it says is for one socket alone. Else, by this it is known which of the shared
        ones a socket had last, and it may be deflated: see `shared_context`."""
        self.websocket = header + payload
        """The bytes on a WebSocket, shared by all sockets that they are written to."""

    def shared(self) -> "Frame":
        """The same, as one that says the same to everybody on a pad."""
        if not self.number and not self._several:
            self.number = next(_numbers)
        return self

    @classmethod
    def joined(cls, frames: Sequence["Frame"]) -> "Frame":
        """All of them, in this order; a single one is itself."""
        if len(frames) == 1:
            return frames[0]
        made = cls.__new__(cls)
        made._several = tuple(frames)
        made.number = 0
        made.websocket = b"".join([frame.websocket for frame in frames])
        return made

    @property
    def singles(self) -> "tuple[Frame, ...]":
        """The packets, each by itself."""
        return self._several or (self,)

    @property
    def payload(self) -> bytes:
        """The packets as polling has them, with record separators between (Engine.IO 4)."""
        if self._several:
            return b"\x1e".join([frame.payload for frame in self._several])
        return self.websocket[self._payload_at :]

    def encode(self, b64: bool = False) -> str:
        """For engineio's `Payload`, which asks this of its packets."""
        return self.payload.decode()


class Parcel:
    """One Engine.IO packet that is long, and most of which others are sent too: it is kept in its
    pieces, so that for one more who has not taken it yet there is no more to keep than where it
    is."""

    __slots__ = ("_held", "_parts", "size")

    def __init__(self, parts: Sequence[bytes], held: object = None) -> None:
        """`held` is kept alive as long as the parcel is."""
        self._parts = tuple(parts)
        self._held = held
        self.size = sum(map(len, self._parts))
        """Bytes of the packet."""

    @property
    def payload(self) -> bytes:
        """As `Frame.payload`, all in one: a copy."""
        return b"".join(self._parts)

    @property
    def websocket(self) -> bytes:
        """As `Frame.websocket`: a copy."""
        return websocket_header(self.size) + self.payload

    def pieces(self) -> Iterator[memoryview]:
        """The packet in pieces, which are no copies."""
        for part in self._parts:
            view = memoryview(part)
            for at in range(0, len(view), PIECE):
                yield view[at : at + PIECE]

    def websocket_pieces(self) -> Iterator[bytes | memoryview]:
        """The packet in pieces, as it is on a WebSocket. It may end early there, but nothing may
        come between: it is one frame."""
        yield websocket_header(self.size)
        yield from self.pieces()


def websocket_header(length: int, first: int = 0x81) -> bytes:
    """The header of an unmasked frame in one piece (RFC 6455, 5.2): of text, if `first` says
    nothing else."""
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 0x7E)) + length.to_bytes(2, "big")
    return bytes((first, 0x7F)) + length.to_bytes(8, "big")


PING = Frame(b"2")
CLOSE = Frame(b"1")
NOOP = Frame(b"6")


def packet(message: Any, event: str = "message") -> Frame:
    """Any message to a client, as the Socket.IO event that carries it."""
    return Frame(b"42" + dumps([event, message]).encode())


def encoded(event: str, message: bytes) -> Frame:
    """A message that is JSON already."""
    return Frame(b'42["%b",%b]' % (event.encode(), message))
