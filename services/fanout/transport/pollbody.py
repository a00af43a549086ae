"""This module writes the answer to a poll: short packets in one piece, long ones as the client
takes them."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any

from aiohttp import web
from engineio.packet import Packet

from padfleet.services.fanout.transport.deflate import LEVEL, MEMORY_LEVEL
from padfleet.services.fanout.transport.packets import Frame, Parcel

WHOLE = 64 * 1024
"""An answer of up to this many bytes is made in one piece, and compressed on the spot for clients
that accept that, which takes a millisecond. A megabyte would block the event loop for 20 ms."""

GZIPPED_FROM = 1024
"""An answer is compressed if it has at least this many bytes. A shorter one is one network packet
in any case."""

GZIP_BITS = 16 + 13
"""A window of 8 KB: for a client that takes its answer slowly, the compressor is kept here
meanwhile."""

_SEPARATOR = b"\x1e"  # Engine.IO 4

MakeResponse = Callable[[str, list[tuple[str, str]], Any, dict[str, Any]], web.StreamResponse]


class PollBody:
    """Packets separated by record separators, the long ones of which are shared by many polls."""

    def __init__(self, packets: Sequence[Frame | Parcel]) -> None:
        self._packets = tuple(packets)
        sizes = [each.size if isinstance(each, Parcel) else len(each.payload) for each in packets]
        self.size = sum(sizes) + max(0, len(sizes) - 1)

    @classmethod
    def of(cls, packets: Sequence[Frame | Parcel | Packet]) -> "bytes | PollBody":
        """Returns the answer to a poll, as bytes if that costs little."""
        body = cls([Frame(p.encode().encode()) if isinstance(p, Packet) else p for p in packets])
        return b"".join(body.pieces()) if body.size <= WHOLE else body

    def __len__(self) -> int:
        """Returns 0, which keeps python-engineio from compressing the body, as it is unable to."""
        return 0

    def forget(self) -> None:
        """Drops the packets."""
        self._packets = ()

    def pieces(self) -> Generator[bytes | memoryview, None, None]:
        for number, packet in enumerate(self._packets):
            if number:
                yield _SEPARATOR
            if isinstance(packet, Parcel):
                yield from packet.pieces()
            else:
                yield packet.payload


WHY = "padfleet.why"
"""The key under which a request carries the reason why it is refused, as bytes, which become its
answer."""


def poll_response(
    plain: MakeResponse, compresses: Callable[[], bool]
) -> Callable[[str, list[tuple[str, str]], Any, dict[str, Any]], Awaitable[web.StreamResponse]]:
    """Returns python-engineio's `make_response`, extended to accept a `PollBody`: whatever the
    client has not taken of it waits there, and not in a copy. While `compresses` returns True,
    longer answers are gzipped for clients that accept it."""

    async def make_response(
        status: str, headers: list[tuple[str, str]], payload: Any, environ: dict[str, Any]
    ) -> web.StreamResponse:
        payload = environ.pop(WHY, b"") or payload
        long = isinstance(payload, PollBody)
        size = payload.size if long else len(payload or b"")
        if size >= GZIPPED_FROM and compresses():
            headers = [*headers, ("Vary", "Accept-Encoding")]
            gzipped = accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
            if gzipped:
                headers.append(("Content-Encoding", "gzip"))
        else:
            gzipped = False
        if not long:
            if gzipped:
                compressor = _compressor()
                payload = compressor.compress(payload) + compressor.flush()
            return plain(status, headers, payload, environ)
        response = web.StreamResponse(status=int(status.split()[0]), headers=headers)
        if not gzipped:
            response.content_length = payload.size
        pieces = payload.pieces()
        piece: bytes | memoryview = b""
        try:
            await response.prepare(environ["aiohttp.request"])
            if gzipped:
                await _write_gzipped(response, pieces)
            else:
                for piece in pieces:
                    await response.write(piece)
        except ConnectionError:
            pass  # the client has gone; aiohttp would log an error that it does not expect here
        finally:
            # The error of a broken connection refers to itself and to everything in progress, until
            # the garbage collector finds it. That includes the body, whose room others wait for.
            pieces.close()
            payload.forget()
            del piece
        return response

    return make_response


def accepts_gzip(header: str) -> bool:
    """Returns whether a client that sends this `Accept-Encoding` accepts gzip (RFC 9110,
    12.5.3)."""
    weights: dict[str, float] = {}
    for offer in header.split(","):
        name, *parameters = (part.strip().lower() for part in offer.split(";"))
        weights[name] = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weights[name] = float(parameter[2:])
                except ValueError:
                    weights[name] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _compressor() -> "zlib._Compress":
    return zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_BITS, MEMORY_LEVEL)


async def _write_gzipped(
    response: web.StreamResponse, pieces: Generator[bytes | memoryview, None, None]
) -> None:
    """Writes the pieces gzipped. They are compressed outside the event loop, which long content
    would block in proportion to its length."""
    loop, compressor = asyncio.get_running_loop(), _compressor()
    for piece in pieces:
        if made := await loop.run_in_executor(None, compressor.compress, piece):
            await response.write(made)
    await response.write(compressor.flush())
