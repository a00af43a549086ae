"""`/p/<pad>/export/…` and `/p/<pad>/import`: pads as files, for who may open them."""

import asyncio
import logging
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from services.api import arguments
from services.api.context import Api, ApiError
from services.api.pads import cleaned
from services.api.texts import bringing, change, read, setting
from shared.easysync import EasysyncError, from_units, to_units
from shared.etherpad.bring import bring_pad
from shared.etherpad.jsonfile import open_etherpad_file
from shared.etherpad.records import BadRecord
from shared.etherpad.source import pad_ids
from shared.etherpad.writing import etherpad_file
from shared.log import authors
from shared.log.document import CorruptPad
from shared.log.history import PadMeta, read_told_meta
from shared.rendering.html import to_document
from shared.rendering.reading import from_html
from shared.rendering.txt import to_txt
from shared.visit import Door, NotAllowed, Visitor
from shared.wire.jsontext import dumps

log = logging.getLogger(__name__)

MOST_REVISIONS = 10
"""A pad with so many has something to lose: an ``.etherpad`` file does not take its place."""

AT_ONCE = 4
"""Exports and imports that a worker has under way: each may be a second of computing, and there
are sockets to serve."""

PATIENCE = 30.0
"""Seconds in which a client has to take, or to send, the next 64 KB of a file."""

IN_MEMORY = 1 << 20
"""Bytes of an upload, beyond which it goes to disk."""

_SURROGATE = re.compile("[\ud800-\udfff]")

_OFFICE = frozenset({".doc", ".docx", ".pdf", ".odt", ".rtf"})
"""What Etherpad converts with other programs, which a worker does not have."""


class _Failed(Exception):
    """An import that comes to nothing; the text is one that Etherpad's page has words for."""


class Files:
    def __init__(self, api: Api, door: Door) -> None:
        self._api = api
        self._door = door
        self._gate = asyncio.Semaphore(AT_ONCE)

    def add_routes(self, app: web.Application) -> None:
        for path in ("/p/{pad}/export/{kind}", "/p/{pad}/{rev}/export/{kind}"):
            app.router.add_get(path, self._export)
        app.router.add_post("/p/{pad}/import", self._import)

    # --- Export ----------------------------------------------------------------------------------

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

    # --- Import ----------------------------------------------------------------------------------

    async def _import(self, request: web.Request) -> web.Response:
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            # A form on a page of somebody else's, which has the visitor's cookies sent along.
            raise web.HTTPForbidden(text="Forbidden")
        try:
            visitor = await self._door.work(request, request.match_info["pad"])
        except NotAllowed as error:
            log.info("import denied", extra={"reason": str(error)})
            raise web.HTTPForbidden(text="Forbidden") from None
        await authors.enrol(self._api.redis, visitor.author)
        status, code, message, direct = 200, 0, "ok", False
        try:
            async with self._upload(request) as (name, file), self._gate:
                direct = await self._take(visitor, name, file)
        except _Failed as error:
            status, code, message = 400, 1, str(error)
        data = {} if code else {"directDatabaseAccess": direct}
        return web.Response(
            text=dumps({"code": code, "message": message, "data": data}),
            status=status,
            content_type="application/json",
        )

    @asynccontextmanager
    async def _upload(self, request: web.Request) -> AsyncIterator[tuple[str, IO[bytes]]]:
        """The uploaded file and its name."""
        if not request.content_type.startswith("multipart/"):
            raise _Failed("uploadFailed")
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.name == "file" and part.filename:
                break
        if not isinstance(part, BodyPartReader):
            raise _Failed("uploadFailed")
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            size = 0
            while chunk := await _received(part):
                size += len(chunk)
                if size > self._api.settings.import_max_bytes:
                    raise _Failed("maxFileSize")
                file.write(chunk)
            yield part.filename or "", file

    async def _take(self, visitor: Visitor, name: str, file: IO[bytes]) -> bool:
        """Whether it has become the pad's whole history, so that pages have to load it anew."""
        ending = PurePosixPath(name).suffix.lower()
        if ending in _OFFICE:
            raise _Failed("uploadFailed")
        try:
            if ending == ".etherpad":
                await self._history(visitor, file)
                return True
            await self._text(visitor, ending, file)
            return False
        except (BadRecord, UnicodeDecodeError) as error:
            why = str(error)
            log.warning("import failed", extra={"pad": visitor.pad, "reason": why})
            raise _Failed("uploadFailed") from error

    async def _history(self, visitor: Visitor, file: IO[bytes]) -> None:
        api = self._api
        meta = await read_told_meta(api.redis, api.keyspace.pad(visitor.pad))
        if meta.head >= MOST_REVISIONS:
            raise _Failed("padHasData")
        records = await open_etherpad_file(file)
        found = await pad_ids(records)
        if len(found) != 1:
            raise BadRecord(f"the file has {len(found)} pads, not one")
        await bring_pad(api.redis, api.keyspace, records, found[0], as_id=visitor.pad, replace=True)

    async def _text(self, visitor: Visitor, ending: str, file: IO[bytes]) -> None:
        file.seek(0)
        text = file.read().decode("utf-8-sig")
        if ending in (".html", ".htm"):
            make = bringing(*from_html(text, visitor.author))
        else:
            make = setting(cleaned(to_units(text)), visitor.author)
        meta = await read_told_meta(self._api.redis, self._api.keyspace.pad(visitor.pad))
        if not meta.exists:
            await self._api.edits.create(visitor.pad, visitor.author, "", wrote_it=False)
        try:
            await change(self._api, visitor.pad, visitor.author, make)
        except ApiError as error:
            raise _Failed("uploadFailed") from error


async def _hand_over(response: web.StreamResponse, piece: str) -> None:
    """Raises TimeoutError for a client that does not take it: it is one of few who are served."""
    async with asyncio.timeout(PATIENCE):
        await response.write(piece.encode())


async def _received(part: BodyPartReader) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE):
            return await part.read_chunk(1 << 16)
    except (TimeoutError, ConnectionError, ValueError) as error:
        raise _Failed("uploadFailed") from error


def _headers(visitor: Visitor, kind: str) -> dict[str, str]:
    name = quote(f"{visitor.requested}.{kind}", safe="")
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
        # Whatever a browser makes of it all the same, it is not a page of this origin.
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        "Cache-Control": "no-store",
    }
