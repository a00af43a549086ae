"""Encodes packets for clients, each once however many sessions take it."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from padfleet.shared.wire.jsontext import dumps

PIECE = 64 * 1024
"""How many bytes of a long packet are passed to a connection at a time."""


_numbers = count(1)


class Frame:
    """One Engine.IO packet, or several that are sent in one write, ready for either transport."""

    __slots__ = ("_payload_at", "_several", "number", "websocket")

    def __init__(self, payload: bytes) -> None:
        header = websocket_header(len(payload))
        self._payload_at = len(header)
        self._several: tuple[Frame, ...] = ()
        self.number = 0
        """0: the content is for a single socket. Otherwise, this number says which of the shared
        frames a socket had last, and the frame may be compressed: see `shared_context`."""
        self.websocket = header + payload
        """The bytes on a WebSocket, shared by all sockets that they are written to."""

    def shared(self) -> "Frame":
        """Returns this frame, marked as one that says the same to everybody on a pad."""
        if not self.number and not self._several:
            self.number = next(_numbers)
        return self

    @classmethod
    def joined(cls, frames: Sequence["Frame"]) -> "Frame":
        """Returns one frame of all these frames in order; a single one is returned as it is."""
        if len(frames) == 1:
            return frames[0]
        made = cls.__new__(cls)
        made._several = tuple(frames)
        made.number = 0
        made.websocket = b"".join([frame.websocket for frame in frames])
        return made

    @property
    def singles(self) -> "tuple[Frame, ...]":
        """Returns the packets one by one."""
        return self._several or (self,)

    @property
    def payload(self) -> bytes:
        """Returns the packets as polling sends them, separated by record separators (Engine.IO
        4)."""
        if self._several:
            return b"\x1e".join([frame.payload for frame in self._several])
        return self.websocket[self._payload_at :]

    def encode(self, b64: bool = False) -> str:
        """Returns the packet as text. engineio's `Payload` calls this on its packets."""
        return self.payload.decode()


class Parcel:
    """A long Engine.IO packet, most of which others are sent too: it is kept in pieces, so that
    each further receiver only takes the memory for its position."""

    __slots__ = ("_held", "_parts", "size")

    def __init__(self, parts: Sequence[bytes], held: object = None) -> None:
        """Takes the packet in parts; `held` is kept alive as long as the parcel is."""
        self._parts = tuple(parts)
        self._held = held
        self.size = sum(map(len, self._parts))
        """The number of bytes in the packet."""

    @property
    def payload(self) -> bytes:
        """Returns the packet as polling sends it, as a copy in one piece."""
        return b"".join(self._parts)

    @property
    def websocket(self) -> bytes:
        """Returns the packet as a WebSocket sends it, as a copy in one piece."""
        return websocket_header(self.size) + self.payload

    def pieces(self) -> Iterator[memoryview]:
        """Yields the packet in pieces, which are not copied."""
        for part in self._parts:
            view = memoryview(part)
            for at in range(0, len(view), PIECE):
                yield view[at : at + PIECE]

    def websocket_pieces(self) -> Iterator[bytes | memoryview]:
        """Yields the packet in pieces, as it is on a WebSocket. It may end early there, but nothing
        may come in between: it is one frame."""
        yield websocket_header(self.size)
        yield from self.pieces()


def websocket_header(length: int, first: int = 0x81) -> bytes:
    """Returns the header of an unmasked frame in one piece (RFC 6455, 5.2), which is a text frame
    unless `first` says otherwise."""
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 0x7E)) + length.to_bytes(2, "big")
    return bytes((first, 0x7F)) + length.to_bytes(8, "big")


PING = Frame(b"2")
CLOSE = Frame(b"1")
NOOP = Frame(b"6")


def packet(message: Any, event: str = "message") -> Frame:
    """Returns any message to a client as the Socket.IO event that carries it."""
    return Frame(b"42" + dumps([event, message]).encode())


def encoded(event: str, message: bytes) -> Frame:
    """Returns a message that is JSON already as the Socket.IO event that carries it."""
    return Frame(b'42["%b",%b]' % (event.encode(), message))
