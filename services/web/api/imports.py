"""Serves `/p/<pad>/import`: reads files into pads, for those who may write on them.

A file is checked from the cheapest test on: how large it says it is, who may write, how many came
before it. Only then is it read into memory and parsed by a separate process, and only what fits
into a pad becomes an edit. Until then nothing is stored, nobody is made an author, and work for a
client that leaves is stopped.
"""

import logging
from pathlib import PurePosixPath
from typing import Any

from aiohttp import web

from padfleet.services.web.api.context import Api, ApiError
from padfleet.services.web.api.conversion import MOST, Conversion, ConversionBusy, placing
from padfleet.services.web.api.errors import TooLong
from padfleet.services.web.api.leaving import ClientLeft, while_there
from padfleet.services.web.api.receiving import (
    BodyTooLarge,
    Incoming,
    Stopped,
    Upload,
    UploadQueue,
    UploadRateExceeded,
    Uploads,
)
from padfleet.services.web.api.texts import change
from padfleet.shared.documents import offered
from padfleet.shared.etherpad import apart
from padfleet.shared.etherpad.apart import bring_file
from padfleet.shared.etherpad.bring import Bounds
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.limited import QueueFull, Starved, WorkFailed
from padfleet.shared.log.changes.edits import EditRefusal, Unanswered
from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.inboxes.limits import EditTooLarge
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.meta import PadMeta, read_told_meta
from padfleet.shared.log.pad.staging import ServerMoved
from padfleet.shared.log.people import authors
from padfleet.shared.log.people.groups import group_of
from padfleet.shared.visit import Door, NotAllowed, Visitor
from padfleet.shared.wire.jsontext import dumps

log = logging.getLogger(__name__)

MOST_REVISIONS = 10
"""A pad with so many revisions has something to lose: an ``.etherpad`` file does not replace it."""

BOUNDS = Bounds(units=5_000_000, attributes=200_000)
"""How large a pad from a file may be, which is what writers allow by default."""

MOST_TEXT = 3 * MOST.units + 65_536
"""The most bytes of a text file. A code unit takes at most three in UTF-8, and fewer in all other
encodings."""

RETRY_AFTER = 10
"""A client that came too often is asked to come again after this many seconds."""

_OFFICE = frozenset({".doc", ".docx", ".pdf", ".odt", ".rtf"})
"""Document formats, of which those in `offered.read()` are read here."""

_HTML = frozenset({".html", ".htm"})


_UNDONE = (
    *UNREACHABLE,
    TimeoutError,
    Unanswered,
    NotTaken,
    ServerMoved,
    CorruptPad,
    QueueFull,
    WorkFailed,
)
"""Errors that keep a file from being imported without being its fault."""


class _Failed(Exception):
    """The import fails; the text is one for which Etherpad's page has words."""

    def __init__(self, text: str, reason: str = "", *, status: int = 400) -> None:
        super().__init__(text)
        self.reason = reason  #: for people: what is wrong, and what to do
        self.status = status


class Imports:
    def __init__(self, api: Api, door: Door, conversion: Conversion, uploads: Uploads) -> None:
        self._api = api
        self._door = door
        self._conversion = conversion
        self._uploads = uploads
        self._arrivals = UploadQueue(api.settings)
        self._histories = apart.pool()

    async def close(self) -> None:
        await self._histories.close()

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/p/{pad}/import", self._import)

    async def _import(self, request: web.Request) -> web.Response:
        status, code, message = 200, 0, "ok"
        data: dict[str, Any] = {}
        try:
            visitor = await self._visitor(request)
            data = {"directDatabaseAccess": await self._admitted(request, visitor)}
        except NotAllowed as error:
            log.info("import denied", extra={"reason": str(error)})
            raise web.HTTPForbidden(text="Forbidden") from None
        except _Failed as error:
            log.info("import refused", extra={"reason": error.reason})
            status, code, message = error.status, 1, str(error)
            data = {"reason": error.reason} if error.reason else {}
        except ClientLeft:
            log.info("import aborted", extra={"reason": "its client has left"})
            raise
        except _UNDONE as error:
            log.warning("import failed", extra={"error": str(error)})
            status, code, message = 500, 2, "internalError"
        response = web.Response(
            text=dumps({"code": code, "message": message, "data": data}),
            status=status,
            content_type="application/json",
        )
        if status in (429, 503):
            response.headers["Retry-After"] = str(RETRY_AFTER)
        if code and not request.content.at_eof():
            response.force_close()  # nobody reads the rest of the body
        return response

    async def _visitor(self, request: web.Request) -> Visitor:
        """Returns the visitor. Raises `NotAllowed`."""
        visitor = await self._door.look(request, request.match_info["pad"])
        if not visitor.write:
            raise NotAllowed("may only read")
        return visitor

    async def _admitted(self, request: web.Request, visitor: Visitor) -> bool:
        """Imports the file. Returns whether it has become the pad's whole history, so that pages
        have to load the pad again."""
        try:
            with self._arrivals.one(visitor):
                async with self._uploads.room(request, visitor.payer):
                    upload = await self._upload(request)
                    return await self._take(request, visitor, upload)
        except UploadRateExceeded as error:
            raise _Failed("uploadFailed", str(error), status=429) from None
        except (ConversionBusy, Starved) as error:
            raise _Failed("uploadFailed", str(error), status=503) from None
        except (BodyTooLarge, EditTooLarge, TooLong) as error:
            raise _Failed("maxFileSize", str(error)) from None
        except Stopped as error:
            raise _Failed("uploadFailed", f"the file did not come whole: {error}") from None
        except (BadRecord, ApiError, EditRefusal) as error:
            raise _Failed("uploadFailed", str(error)) from error

    async def _upload(self, request: web.Request) -> Upload:
        incoming = Incoming(request, self._uploads.largest)
        name, part = await incoming.file()
        ending = PurePosixPath(name).suffix.lower()
        documents = offered.read()
        if ending in _OFFICE - documents:
            raise _Failed("uploadFailed", f"{ending} files cannot be imported: save it as HTML")
        if ending == ".etherpad" and not self._takes_histories():
            raise _Failed("uploadFailed", "histories are not imported here: export it as HTML")
        largest = self._uploads.largest
        if ending != ".etherpad" and ending not in _HTML | (_OFFICE & documents):
            largest = min(largest, MOST_TEXT)
        return Upload(ending, await incoming.content(part, largest))

    async def _take(self, request: web.Request, visitor: Visitor, upload: Upload) -> bool:
        if upload.name == ".etherpad":
            await self._history(request, visitor, upload.data)
            return True
        reading = self._conversion.read(visitor.payer, upload.data, form=_form(upload.name))
        found = await while_there(request, reading)
        # The file is now known to be importable, so the visitor becomes an author, if not one
        # already.
        visitor = await self._door.work(request, request.match_info["pad"])
        await authors.enrol(self._api.redis, visitor.author, visitor.visit)
        meta = await read_told_meta(self._api.redis, self._api.keyspace.pad(visitor.pad))
        self._may_begin(meta)
        if not meta.exists:
            # If its text is refused, what remains is a pad that nobody has written in.
            await self._api.edits.create(
                visitor.pad,
                visitor.author,
                "",
                wrote_it=False,
                to_be_written=group_of(visitor.pad) is None,
            )
        placed = placing(found, visitor.author)
        await change(self._api, visitor.pad, visitor.author, placed, large=found.is_large)
        return False

    def _may_begin(self, meta: PadMeta) -> None:
        """Raises `NotAllowed` if the import would create the pad although it existed when the
        upload began."""
        if self._api.settings.edit_only and not meta.exists:
            raise NotAllowed("pads are made by the HTTP API only")

    def _takes_histories(self) -> bool:
        settings = self._api.settings
        if settings.import_history == "auto":
            return settings.auth == "open"
        return settings.import_history == "on"

    async def _history(self, request: web.Request, visitor: Visitor, data: bytes) -> None:
        api = self._api
        meta = await read_told_meta(api.redis, api.keyspace.pad(visitor.pad))
        self._may_begin(meta)
        if meta.head >= MOST_REVISIONS:
            raise _Failed("padHasData")
        # This may be cancelled: what it has stored outside the pad expires.
        bringing = bring_file(
            self._histories,
            visitor.payer,
            data,
            api.keyspace,
            api.settings.redis_url,
            as_id=visitor.pad,
            bounds=BOUNDS,
        )
        await while_there(request, bringing)


def _form(ending: str) -> str:
    """Returns how a file with this ending is read; see `jobs.reading`."""
    if ending in offered.read():
        return ending
    return "html" if ending in _HTML else "txt"
