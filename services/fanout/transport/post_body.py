"""This module reads the packets that a client sends: one over a WebSocket, or those in a POST."""

from collections.abc import Iterator
from typing import Any

from aiohttp import web
from engineio import exceptions
from engineio.packet import Packet

from padfleet.services.fanout.limits.admission import note_too_large
from padfleet.services.fanout.transport.malformed import MalformedPacket

MAX_PACKETS = 1000
"""How many packets a polling request may have. Engine.IO's own limit of 16 would turn away a page
whose user typed for a while during a slow poll."""

_TYPES = tuple("0123456")

_SEPARATOR = "\x1e"
"""This separates two packets of a polling request (Engine.IO 4)."""


class _Unread:
    """The part of a JSON module that a packet needs to leave its content as it is."""

    @staticmethod
    def loads(text: str) -> Any:
        raise ValueError("what a client sends to the engine is text")


class TextPacket(Packet):  # type: ignore[misc]
    """A packet of a client. The library would first try to read any packet as JSON, before anybody
    has been charged for it, although clients of Engine.IO send none: Socket.IO reads its own."""

    json = _Unread


def read_packet(text: str) -> TextPacket:
    """Returns the packet that this text is. Raises `MalformedPacket`."""
    if text[:1] not in _TYPES:
        raise MalformedPacket("not a packet of Engine.IO")
    return TextPacket(encoded_packet=text)


class WholeBody:
    """The whole body of a POST, in the form in which the driver reads it.

    The driver reads `request.content`, whose `read(n)` returns only what has arrived so far: half
    of a long message on polling would be read, and refused.
    """

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, length: int) -> bytes:
        try:
            return (await self._request.read())[:length]
        except web.HTTPRequestEntityTooLarge as error:  # it came in chunks, without a length
            note_too_large(error.text or "", sid=self._request.query.get("sid", ""))
            raise exceptions.ContentTooLongError from None


async def read_packets(environ: dict[str, Any], limit: int) -> Iterator[Packet]:
    """Returns the packets of a request, each decoded when its turn comes. The library would decode
    all of them before handling the first, and would also look for those of JSONP, which come as a
    form.

    Arguments:
        environ: the request, as the library's driver for aiohttp passes it on.
        limit: how many bytes the body may have.

    Raises `ContentTooLongError` or `MalformedPacket`, and so does the iterator.
    """
    length = int(environ.get("CONTENT_LENGTH", "0"))
    if length > limit:
        raise exceptions.ContentTooLongError
    try:
        body: str = (await environ["wsgi.input"].read(length)).decode()
    except UnicodeDecodeError:
        raise MalformedPacket("not a text in UTF-8") from None
    if body.count(_SEPARATOR) >= MAX_PACKETS:
        raise MalformedPacket(f"more than {MAX_PACKETS} packets in one request")
    return (read_packet(each) for each in (body.split(_SEPARATOR) if body else ()))
