"""What a poll is answered: short packets in one piece, long ones as they are taken."""

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any

from aiohttp import web
from engineio.packet import Packet

from padfleet.services.fanout.transport.packets import Frame, Parcel

WHOLE = 64 * 1024
"""Bytes of an answer up to which it is made in one piece, and compressed by the library for those
who ask for that. Compressing a megabyte would hold up the event loop for 50 ms."""

_SEPARATOR = b"\x1e"  # Engine.IO 4

MakeResponse = Callable[[str, list[tuple[str, str]], Any, dict[str, Any]], web.StreamResponse]


class PollBody:
    """Packets with record separators between, of which the long ones are shared by many polls."""

    def __init__(self, packets: Sequence[Frame | Parcel]) -> None:
        self._packets = tuple(packets)
        sizes = [each.size if isinstance(each, Parcel) else len(each.payload) for each in packets]
        self.size = sum(sizes) + max(0, len(sizes) - 1)

    @classmethod
    def of(cls, packets: Sequence[Frame | Parcel | Packet]) -> "bytes | PollBody":
        """As bytes where that costs little."""
        body = cls([Frame(p.encode().encode()) if isinstance(p, Packet) else p for p in packets])
        return b"".join(body.pieces()) if body.size <= WHOLE else body

    def __len__(self) -> int:
        """To python-engineio: there is nothing here that it could compress."""
        return 0

    def forget(self) -> None:
        """Lets go of the packets."""
        self._packets = ()

    def pieces(self) -> Generator[bytes | memoryview, None, None]:
        for number, packet in enumerate(self._packets):
            if number:
                yield _SEPARATOR
            if isinstance(packet, Parcel):
                yield from packet.pieces()
            else:
                yield packet.payload


def poll_response(
    plain: MakeResponse,
) -> Callable[[str, list[tuple[str, str]], Any, dict[str, Any]], Awaitable[web.StreamResponse]]:
    """python-engineio's `make_response`, which takes a `PollBody` too: what the client has not
    taken of it waits where it is, and not in a copy of its own."""

    async def make_response(
        status: str, headers: list[tuple[str, str]], payload: Any, environ: dict[str, Any]
    ) -> web.StreamResponse:
        if not isinstance(payload, PollBody):
            return plain(status, headers, payload, environ)
        response = web.StreamResponse(status=int(status.split()[0]), headers=headers)
        response.content_length = payload.size
        pieces = payload.pieces()
        piece: bytes | memoryview = b""
        try:
            await response.prepare(environ["aiohttp.request"])
            for piece in pieces:
                await response.write(piece)
        except ConnectionError:
            pass  # it has gone; aiohttp would log what it does not expect from a handler
        finally:
            # The error of a broken connection refers to itself and to all that was under way, until
            # a collection of garbage finds it: with the body in it, which others wait to replace.
            pieces.close()
            payload.forget()
            del piece
        return response

    return make_response
