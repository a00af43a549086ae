"""`/p/<pad>/export/…`: pads as files, for who may open them."""

import asyncio
import logging
import re
from urllib.parse import quote

from aiohttp import web

from services.api import arguments
from services.api.context import Api, ApiError
from services.api.texts import read
from shared.easysync import EasysyncError, from_units, to_units
from shared.etherpad.writing import etherpad_file
from shared.log.document import CorruptPad
from shared.log.history import PadMeta, read_told_meta
from shared.rendering.html import to_document
from shared.rendering.txt import to_txt
from shared.visit import Door, NotAllowed, Visitor

log = logging.getLogger(__name__)

PATIENCE = 30.0
"""Seconds in which a client has to take the next 64 KB of a file."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class Exports:
    def __init__(self, api: Api, door: Door, gate: asyncio.Semaphore) -> None:
        self._api = api
        self._door = door
        self._gate = gate

    def add_routes(self, app: web.Application) -> None:
        for path in ("/p/{pad}/export/{kind}", "/p/{pad}/{rev}/export/{kind}"):
            app.router.add_get(path, self._export)

    async def _export(self, request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        if kind not in ("txt", "html", "etherpad"):
            raise web.HTTPNotFound(
                text=f"padfleet does not export {kind!r}; it has txt, html, etherpad"
            )
        try:
            visitor = await self._door.look(request, request.match_info["pad"])
        except NotAllowed as error:
            log.info("export denied", extra={"reason": str(error)})
            raise web.HTTPForbidden(text="Forbidden") from None
        meta = await read_told_meta(self._api.redis, self._api.keyspace.pad(visitor.pad))
        if not meta.exists:
            raise web.HTTPNotFound(text="there is no such pad")
        try:
            rev = arguments.rev(dict(request.match_info))
        except ApiError as error:
            raise web.HTTPInternalServerError(text=str(error)) from None
        async with self._gate:
            try:
                if kind == "etherpad":
                    return await self._send_etherpad(request, visitor, meta, rev)
                return await self._document(visitor, meta, rev, kind)
            except (CorruptPad, EasysyncError) as error:
                log.error("export failed", extra={"pad": visitor.pad, "error": str(error)})
                raise web.HTTPInternalServerError(text="Internal Server Error") from None

    async def _document(
        self, visitor: Visitor, meta: PadMeta, rev: int | None, kind: str
    ) -> web.Response:
        document = await read(self._api, visitor.pad, meta, rev)
        if kind == "txt":
            # Half a pair cannot be written as UTF-8.
            text = from_units(to_txt(document.atext, document.pool))
            body, content_type = _SURROGATE.sub("\ufffd", text), "text/plain"
        else:
            title = to_units(visitor.requested)
            body, content_type = to_document(document.atext, document.pool, title), "text/html"
        return web.Response(
            text=body, content_type=content_type, charset="utf-8", headers=_headers(visitor, kind)
        )

    async def _send_etherpad(
        self, request: web.Request, visitor: Visitor, meta: PadMeta, rev: int | None
    ) -> web.StreamResponse:
        keys = self._api.keyspace.pad(visitor.pad)
        name = to_units(visitor.requested)
        pieces = etherpad_file(self._api.redis, keys, meta, name, last=rev)
        first = await anext(pieces)  # what can be found wrong at once has an answer of its own
        response = web.StreamResponse(headers=_headers(visitor, "etherpad"))
        response.content_type, response.charset = "application/json", "utf-8"
        try:
            await response.prepare(request)
            await _hand_over(response, first)
            async for piece in pieces:
                await _hand_over(response, piece)
            await response.write_eof()
        except (TimeoutError, ConnectionError, CorruptPad) as error:
            # There is no other way to say that a file is not whole, once it has begun.
            log.warning("export broken off", extra={"pad": visitor.pad, "error": str(error)})
            if request.transport is not None:
                request.transport.abort()
        return response


async def _hand_over(response: web.StreamResponse, piece: str) -> None:
    """Raises TimeoutError for a client that does not take it: it is one of few who are served."""
    async with asyncio.timeout(PATIENCE):
        await response.write(piece.encode())


def _headers(visitor: Visitor, kind: str) -> dict[str, str]:
    name = quote(f"{visitor.requested}.{kind}", safe="")
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
        # Whatever a browser makes of it all the same, it is not a page of this origin.
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        "Cache-Control": "no-store",
    }
