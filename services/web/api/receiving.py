"""Receives uploads, and limits their size, their slowness and their number, before and while they
come in.

Nothing is written to disk, since a worker may have none.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Final, NamedTuple

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from padfleet.services.web.api.unpacking import NotPacked, Unpacker, is_packed
from padfleet.shared import refusals
from padfleet.shared.bucket import Buckets, RateLimit
from padfleet.shared.budget import Budget, NoRoom, Reservation
from padfleet.shared.payers import Payer
from padfleet.shared.settings.limits import LimitSettings
from padfleet.shared.tasks import aside
from padfleet.shared.visit import Visitor

PATIENCE: Final = 20.0
"""The number of seconds within which the next piece of a body has to come."""

SLOWEST: Final = 16_384
"""The average number of bytes a second that a body has to reach, after `PATIENCE`."""

FRAME: Final = 65_536
"""The most bytes that a form may have in addition to its file."""

AT_ONCE: Final = 2
"""How many imports of one author are under way at a time; one address may have four times as
many."""

COPIED_AT_ONCE: Final = 1 << 20
"""How many bytes are copied in one turn of the event loop, which takes a millisecond."""

ROOM_PATIENCE: Final = 10.0
"""How many seconds an upload waits for room in memory."""


MOST_PARTS: Final = 100
"""The most fields of one form; ours have at most ten. Going through a hundred thousand takes 20 s
without a pause."""

_BROKEN: Final = (
    TimeoutError,
    ConnectionError,
    ValueError,
    web.RequestPayloadError,
    HttpProcessingError,
)
"""Errors that keep a body from being read. The last two mean that the body is not compressed as it
says or ends too early, and that the headers of a field are too long or too many."""


class UploadRateExceeded(Exception):
    """The upload is not accepted now; the text says why."""


class BodyTooLarge(Exception):
    """The upload is too large to be accepted at all."""


class Stopped(Exception):
    """The upload has stalled, or is incomplete."""


class Upload(NamedTuple):
    name: str
    data: bytes


class UploadQueue:
    """Limits who may send something, by author and by address. Pure, except for the clock."""

    def __init__(self, settings: LimitSettings) -> None:
        author, address = settings.imports_per_minute, settings.imports_per_minute_per_address
        self._by_author: Buckets[str] = Buckets(RateLimit(author / 60, author, 0.0))
        self._by_address: Buckets[Payer] = Buckets(RateLimit(address / 60, address, 0.0))
        self._under_way: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def one(self, visitor: Visitor) -> Iterator[None]:
        """Admits one import for the duration of the block. Raises `UploadRateExceeded`.

        A visitor who is no author yet counts by address, since becoming an author costs nothing.
        """
        who = ("author", visitor.author) if visitor.author else ("newcomers", visitor.payer)
        where = ("address", visitor.payer)
        if self._under_way[who] >= AT_ONCE or self._under_way[where] >= 4 * AT_ONCE:
            refusals.LIMITED.labels("imports_at_once").inc()
            raise UploadRateExceeded(
                "as many imports of yours are under way as may be: wait for one to end"
            )
        now = monotonic()
        if (
            self._by_author.take("/".join(who), now) is None
            or self._by_address.take(visitor.payer, now) is None
        ):
            refusals.LIMITED.labels("imports").inc()
            raise UploadRateExceeded("these are too many imports in a minute: try again in a while")
        self._under_way[who] += 1
        self._under_way[where] += 1
        try:
            yield
        finally:
            self._under_way -= Counter((who, where))


def coding_of(request: web.BaseRequest) -> str:
    """Returns the coding with which the body is compressed; empty if it is not."""
    return request.headers.get("Content-Encoding", "")


class Uploads:
    """The memory that all uploads share."""

    def __init__(self, largest: int) -> None:
        """Limits the memory. `largest` is the most bytes of one file."""
        self.largest = largest
        self._budget = Budget(4 * largest, share=2 * largest)

    @asynccontextmanager
    async def room(self, request: web.Request, client: Payer) -> AsyncIterator[Reservation]:
        """Reserves memory for the body of the request, for the duration of the block. Raises
        `BodyTooLarge` or `UploadRateExceeded`."""
        size = request.content_length
        if size is not None and size > self.largest + FRAME:
            raise BodyTooLarge
        if size is None or is_packed(coding_of(request)):
            size = self.largest  # it may become as large as this
        try:
            room = await self._budget.wait(size, ROOM_PATIENCE, client)
        except NoRoom as error:
            refusals.LIMITED.labels("upload_bytes").inc()
            raise UploadRateExceeded(str(error)) from None
        try:
            yield room
        finally:
            room.give_back()


class Incoming:
    """A body that is being received."""

    def __init__(self, request: web.Request, largest: int) -> None:
        self._request = request
        self._largest = largest
        self._began = asyncio.get_running_loop().time()
        self._parts = 0

    async def file(self) -> tuple[str, BodyPartReader]:
        """Returns the name of the form's file, and the part that contains it. Raises `Stopped`."""
        reader = await self.form()
        while (part := await self.part(reader)) is not None:
            if part.name == "file" and part.filename:
                return part.filename, part
        raise Stopped("there is no file in the form")

    async def form(self) -> MultipartReader:
        """Returns a reader of the multipart form. Raises `Stopped`."""
        if is_packed(coding_of(self._request)):
            raise Stopped("a form with files is taken as it is, and not packed")
        if not self._request.content_type.startswith("multipart/"):
            raise Stopped("it is no form")
        try:
            return await self._request.multipart()
        except ValueError as error:
            raise Stopped(str(error)) from error

    async def part(self, reader: MultipartReader) -> BodyPartReader | None:
        """Returns the form's next field. Raises `Stopped`."""
        try:
            async with asyncio.timeout_at(self._latest()):
                part = await reader.next()
        except _BROKEN as error:
            raise Stopped(repr(error)) from error
        self._parts += part is not None
        if self._parts > MOST_PARTS:
            raise Stopped(f"the form has more than {MOST_PARTS} fields")
        if part is not None and not isinstance(part, BodyPartReader):
            raise Stopped("there is a form in the form")
        return part

    async def content(self, part: BodyPartReader, largest: int) -> bytes:
        """Returns the content of a field, of at most `largest` bytes. Raises `Stopped` or
        `BodyTooLarge`."""
        pieces: list[bytes] = []
        size = 0
        while piece := await self._next(part):
            size += len(piece)
            if size > largest or self._request.content.total_bytes > self._largest + FRAME:
                raise BodyTooLarge
            pieces.append(piece)
        return await _joined(pieces)

    async def body(self) -> bytes:
        """Returns the whole body, decompressed, if it is not a multipart form. Raises `Stopped`,
        `BodyTooLarge` or `UnknownCoding`."""
        coding = coding_of(self._request)
        unpacker = Unpacker(coding) if is_packed(coding) else None
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := await self._next(None):
                for part in (piece,) if unpacker is None else unpacker.steps(piece):
                    size += len(part)
                    if size > self._largest:
                        raise BodyTooLarge
                    pieces.append(part)
                    if unpacker is not None:
                        await asyncio.sleep(0)  # lets other tasks run
            if unpacker is not None:
                unpacker.end()
        except NotPacked as error:
            raise Stopped(str(error)) from None
        return await _joined(pieces)

    async def _next(self, part: BodyPartReader | None) -> bytes:
        try:
            async with asyncio.timeout_at(self._latest()):
                if part is None:
                    return await self._request.content.readany()
                return await part.read_chunk(1 << 16)
        except (*_BROKEN, web.HTTPException) as error:
            refusals.LIMITED.labels("request_time").inc()
            raise Stopped(repr(error)) from error

    def _latest(self) -> float:
        """Returns when the next piece must have come: soon enough, and so that the average speed is
        kept."""
        now = asyncio.get_running_loop().time()
        total = self._request.content.total_bytes
        return min(now + PATIENCE, self._began + PATIENCE + total / SLOWEST)


async def _joined(pieces: list[bytes]) -> bytes:
    # Other threads have the interpreter while this much is copied.
    return await aside(sum(map(len, pieces)) > COPIED_AT_ONCE, b"".join, pieces)
