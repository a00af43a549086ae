"""`/p/<pad>/import`: files into pads, for who may write on them."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import IO

from aiohttp import BodyPartReader, web

from services.api.context import Api, ApiError
from services.api.pads import cleaned
from services.api.texts import bringing, change, setting
from shared.easysync import to_units
from shared.etherpad import apart
from shared.etherpad.apart import bring_file
from shared.etherpad.bring import Bounds
from shared.etherpad.records import BadRecord
from shared.limited import Busy, WorkFailed
from shared.log import authors
from shared.log.connect import UNREACHABLE
from shared.log.document import CorruptPad
from shared.log.edits import Refused, Unanswered
from shared.log.history import read_told_meta
from shared.log.inbox import NotTaken
from shared.log.limits import TooLarge
from shared.log.staging import Moved
from shared.rendering.reading import from_html
from shared.visit import Door, NotAllowed, Visitor
from shared.wire.jsontext import dumps

log = logging.getLogger(__name__)

MOST_REVISIONS = 10
"""A pad with so many has something to lose: an ``.etherpad`` file does not take its place."""

BOUNDS = Bounds(units=5_000_000, attributes=200_000)
"""How large a pad from a file may be: what writers let it become, by default."""

PATIENCE = 30.0
"""Seconds in which a client has to send the next 64 KB of a file."""

IN_MEMORY = 1 << 20
"""Bytes of an upload, beyond which it goes to disk."""

_OFFICE = frozenset({".doc", ".docx", ".pdf", ".odt", ".rtf"})
"""What Etherpad converts with other programs, which a worker does not have."""


_UNDONE = (
    *UNREACHABLE,
    TimeoutError,
    Unanswered,
    NotTaken,
    Moved,
    CorruptPad,
    Busy,
    WorkFailed,
)
"""What keeps a file from being imported without a fault of its own."""


class _Failed(Exception):
    """An import that comes to nothing; the text is one that Etherpad's page has words for."""


class Imports:
    def __init__(self, api: Api, door: Door, gate: asyncio.Semaphore) -> None:
        self._api = api
        self._door = door
        self._gate = gate
        self._histories = apart.pool()

    async def close(self) -> None:
        await self._histories.close()

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/p/{pad}/import", self._import)

    async def _import(self, request: web.Request) -> web.Response:
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
        except _UNDONE as error:
            log.warning("import failed", extra={"pad": visitor.pad, "error": str(error)})
            status, code, message = 500, 2, "internalError"
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
        try:
            reader = await request.multipart()
            while (part := await reader.next()) is not None:
                if isinstance(part, BodyPartReader) and part.name == "file" and part.filename:
                    break
        except ValueError as error:  # no boundary, or another one than it says
            raise _Failed("uploadFailed") from error
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
        if ending in _OFFICE or (ending == ".etherpad" and not self._takes_histories()):
            raise _Failed("uploadFailed")
        try:
            if ending == ".etherpad":
                await self._history(visitor, file)
                return True
            await self._text(visitor, ending, file)
            return False
        except TooLarge as error:
            log.warning("import failed", extra={"pad": visitor.pad, "reason": str(error)})
            raise _Failed("maxFileSize") from error
        except (BadRecord, ApiError, Refused, UnicodeDecodeError) as error:
            why = str(error)
            log.warning("import failed", extra={"pad": visitor.pad, "reason": why})
            raise _Failed("uploadFailed") from error

    def _takes_histories(self) -> bool:
        settings = self._api.settings
        if settings.import_history == "auto":
            return settings.auth == "open"
        return settings.import_history == "on"

    async def _history(self, visitor: Visitor, file: IO[bytes]) -> None:
        api = self._api
        meta = await read_told_meta(api.redis, api.keyspace.pad(visitor.pad))
        if meta.head >= MOST_REVISIONS:
            raise _Failed("padHasData")
        file.seek(0)
        await bring_file(
            self._histories,
            visitor.author,
            file.read(),
            api.keyspace,
            api.settings.redis_url,
            as_id=visitor.pad,
            bounds=BOUNDS,
        )

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
        await change(self._api, visitor.pad, visitor.author, make)


async def _received(part: BodyPartReader) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE):
            return await part.read_chunk(1 << 16)
    except (TimeoutError, ConnectionError, ValueError) as error:
        raise _Failed("uploadFailed") from error
