"""Serves `/p/<pad>/export/…`: pads as files, for those who may open them.

A file is made by a separate process, or piece by piece, and sent as fast as the client receives it.
Until then it is held in memory, of which each client has a share: see `shared.budget`.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote

from aiohttp import web

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError
from padfleet.services.web.api.conversion import Conversion, ConversionBusy
from padfleet.services.web.api.leaving import while_there
from padfleet.services.web.api.sending import send, whole
from padfleet.shared import refusals
from padfleet.shared.budget import Budget, NoRoom, Reservation
from padfleet.shared.documents import offered
from padfleet.shared.easysync import EasysyncError, to_units
from padfleet.shared.etherpad.writing import etherpad_file
from padfleet.shared.limited import FairQueue, QueueFull
from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.damage import CorruptPad, PadReplaced
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import PadReader, open_reader
from padfleet.shared.log.pad.weight import weight
from padfleet.shared.visit import Door, NotAllowed, TooFast, Visitor

log = logging.getLogger(__name__)

KINDS: Final = {"txt": "text/plain", "html": "text/html", "etherpad": "application/json"}
"""The forms that are always available, by media type; `offered.written()` depends on what is
installed."""

AT_ONCE: Final = 64
"""How many exports a worker has under way, being received or not; one address has `OF_ADDRESS`."""

OF_ADDRESS: Final = 8

READ_AT_ONCE: Final = 4
"""How many of the exports read a pad or make the next piece of a file at a time, taking turns by
address."""

LEAST: Final = 256 << 10
"""The least number of bytes that an export counts for in the budget."""

ROOM_PATIENCE: Final = 20.0
"""How many seconds an export waits for room in memory."""

RETRY_AFTER: Final = 10
"""A client that found no place is asked to come again after this many seconds."""


class Exports:
    def __init__(self, api: Api, door: Door, conversion: Conversion, outgoing: Budget) -> None:
        self._api = api
        self._door = door
        self._conversion = conversion
        self._outgoing = outgoing
        self._places = FairQueue(AT_ONCE, waiting=AT_ONCE, of_one=OF_ADDRESS, each=OF_ADDRESS)
        self._turns = FairQueue(READ_AT_ONCE, waiting=2 * AT_ONCE, of_one=2 * AT_ONCE, each=2)

    def add_routes(self, app: web.Application) -> None:
        for path in ("/p/{pad}/export/{kind}", "/p/{pad}/{rev}/export/{kind}"):
            app.router.add_get(path, self._export)

    async def _export(self, request: web.Request) -> web.StreamResponse:
        return await while_there(request, self._served(request))

    async def _served(self, request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        kinds = (*KINDS, *sorted(offered.written()))
        if kind not in kinds:
            there = ", ".join(kinds)
            raise web.HTTPNotFound(text=f"padfleet does not export {kind!r}; it has {there}")
        try:
            with _or_later():
                visitor = await self._door.look(request, request.match_info["pad"])
        except NotAllowed as error:
            log.info("export denied", extra={"reason": str(error)})
            raise web.HTTPForbidden(text="Forbidden") from None
        try:
            async with self._places.turn(visitor.payer):
                return await self._answer(request, visitor, kind)
        except TooFast as error:
            raise web.HTTPTooManyRequests(
                text=f"{error}\n", headers={"Retry-After": str(RETRY_AFTER)}
            ) from None
        except (QueueFull, ConversionBusy, NoRoom, PadReplaced) as error:
            if not isinstance(error, PadReplaced):
                refusals.LIMITED.labels("exports").inc()
            raise web.HTTPServiceUnavailable(
                text=f"Not now: {error}\n", headers={"Retry-After": str(RETRY_AFTER)}
            ) from None
        except (CorruptPad, EasysyncError, ApiError) as error:
            log.error("export failed", extra={"pad": visitor.pad, "error": str(error)})
            raise web.HTTPInternalServerError(text="Internal Server Error") from None

    async def _answer(
        self, request: web.Request, visitor: Visitor, kind: str
    ) -> web.StreamResponse:
        redis, keyspace = self._api.redis, self._api.keyspace
        with _or_later():
            await self._door.charge(visitor)
            size = LEAST + 2 * await weight(redis, keyspace.pad(visitor.pad))
        async with self._outgoing.room(visitor.payer, size, patience=ROOM_PATIENCE) as room:
            with _or_later():
                reader = await open_reader(redis, keyspace, visitor.pad)
            if reader is None:
                raise web.HTTPNotFound(text="there is no such pad")
            try:
                rev = arguments.rev(dict(request.match_info))
            except ApiError as error:
                raise web.HTTPBadRequest(text=f"{error}\n") from None
            if kind == "etherpad":
                return await self._send_etherpad(request, visitor, reader, rev)
            return await self._send_document(request, visitor, reader, rev, kind, room)

    async def _send_document(
        self,
        request: web.Request,
        visitor: Visitor,
        reader: PadReader,
        rev: int | None,
        kind: str,
        room: Reservation,
    ) -> web.StreamResponse:
        async with self._turns.turn(visitor.payer):
            body = await self._document(visitor, reader, rev, kind)
        room.resize(len(body))
        response = web.StreamResponse(headers=_headers(visitor, kind))
        response.content_type = KINDS.get(kind) or offered.TYPES[kind]
        if kind in KINDS:
            response.charset = "utf-8"
        response.content_length = len(body)
        await send(request, response, whole(body))
        return response

    async def _document(
        self, visitor: Visitor, reader: PadReader, rev: int | None, kind: str
    ) -> bytes:
        at = None if rev is None else min(rev, reader.meta.head)
        with _or_later():
            document = await document_at(reader, at)
        title = to_units(visitor.requested)
        try:
            return await self._conversion.show(visitor.payer, kind, document, title)
        except ApiError as error:
            log.info("export refused", extra={"pad": visitor.pad, "error": str(error)})
            other = "etherpad" if kind in KINDS else "html"
            raise web.HTTPUnprocessableEntity(
                text=f"There is no {kind} of this pad: {error}. Take {other}.\n"
            ) from None

    async def _send_etherpad(
        self, request: web.Request, visitor: Visitor, reader: PadReader, rev: int | None
    ) -> web.StreamResponse:
        name = to_units(visitor.requested)
        pieces = self._in_turns(visitor, etherpad_file(reader, name, last=rev))
        with _or_later():
            first = await anext(pieces)  # faults in the first piece get an answer of their own
        response = web.StreamResponse(headers=_headers(visitor, "etherpad"))
        response.content_type, response.charset = "application/json", "utf-8"

        async def body() -> AsyncIterator[bytes]:
            yield first
            async for piece in pieces:
                yield piece

        try:
            await send(request, response, body())
        except (CorruptPad, QueueFull) as error:
            log.warning("export aborted", extra={"pad": visitor.pad, "error": str(error)})
        return response

    async def _in_turns(self, visitor: Visitor, pieces: AsyncIterator[str]) -> AsyncIterator[bytes]:
        """Makes each piece when the one before has been received: a client that does not read holds
        up its own place, and nobody else's turn."""
        while True:
            async with self._turns.turn(visitor.payer):
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece.encode()


@contextmanager
def _or_later() -> Iterator[None]:
    """Asks the client to come again if the pad cannot be read at present."""
    try:
        yield
    except UNREACHABLE as error:
        log.warning("export postponed", extra={"error": str(error)})
        raise web.HTTPServiceUnavailable(
            text="Not now: the pad cannot be read at the moment\n",
            headers={"Retry-After": str(RETRY_AFTER)},
        ) from None


def _headers(visitor: Visitor, kind: str) -> dict[str, str]:
    name = quote(f"{visitor.requested}.{kind}", safe="")
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
        # Even if a browser renders the file, it is not a page of this origin.
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        "Cache-Control": "no-store",
    }
