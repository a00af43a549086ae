"""Takes uploads in: how large, how slow and how many they may be, before and while they come.

Nothing is written to disk: a worker may have none.
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
from padfleet.shared.bucket import Buckets, Pace
from padfleet.shared.budget import Budget, NoRoom, Reservation
from padfleet.shared.settings.limits import LimitSettings
from padfleet.shared.tasks import aside
from padfleet.shared.visit import Visitor

PATIENCE: Final = 20.0
"""Seconds in which the next of a body has to come."""

SLOWEST: Final = 16_384
"""Bytes a second that a body has to come with all in all, after `PATIENCE`."""

FRAME: Final = 65_536
"""Bytes that a form may have around its file."""

AT_ONCE: Final = 2
"""Imports of one author that are under way at a time, and of one address four times as many."""

COPIED_AT_ONCE: Final = 1 << 20
"""Bytes that are copied in one turn of the event loop: a millisecond."""

ROOM_PATIENCE: Final = 10.0
"""Seconds that an upload waits for room in memory."""


MOST_PARTS: Final = 100
"""Fields of one form; none of ours has more than ten. To go through a hundred thousand takes 20 s,
without a pause."""

_BROKEN: Final = (
    TimeoutError,
    ConnectionError,
    ValueError,
    web.RequestPayloadError,
    HttpProcessingError,
)
"""What keeps a body from coming. The last two: it is not packed as it says, or ends too early; and
the headers of a field are too long, or too many."""


class UploadRateExceeded(Exception):
    """An upload that is not taken now; the text says why."""


class BodyTooLarge(Exception):
    """An upload that is not taken at all."""


class Stopped(Exception):
    """An upload that does not come, or not whole."""


class Upload(NamedTuple):
    name: str
    data: bytes


class UploadQueue:
    """Who may send something, by author and by address. Pure, but for the clock."""

    def __init__(self, settings: LimitSettings) -> None:
        author, address = settings.imports_per_minute, settings.imports_per_minute_per_address
        self._by_author: Buckets[str] = Buckets(Pace(author / 60, author, 0.0))
        self._by_address: Buckets[str] = Buckets(Pace(address / 60, address, 0.0))
        self._under_way: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def one(self, visitor: Visitor) -> Iterator[None]:
        """An import, for the block. Raises `UploadRateExceeded`.

        Whoever is no author yet counts as the address: an author costs nothing to make.
        """
        who = ("author", visitor.author) if visitor.author else ("newcomers", visitor.address)
        where = ("address", visitor.address)
        if self._under_way[who] >= AT_ONCE or self._under_way[where] >= 4 * AT_ONCE:
            refusals.LIMITED.labels("imports_at_once").inc()
            raise UploadRateExceeded(
                "as many imports of yours are under way as may be: wait for one to end"
            )
        now = monotonic()
        if (
            self._by_author.take("/".join(who), now) is None
            or self._by_address.take(visitor.address, now) is None
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
    """How its body is packed; empty: not at all."""
    return request.headers.get("Content-Encoding", "")


class Uploads:
    """The memory that uploads have together."""

    def __init__(self, largest: int) -> None:
        """`largest`: bytes of one file."""
        self.largest = largest
        self._budget = Budget(4 * largest, share=2 * largest)

    @asynccontextmanager
    async def room(self, request: web.Request, client: str) -> AsyncIterator[Reservation]:
        """Memory for what the request brings, for the block. Raises `BodyTooLarge` or
        `UploadRateExceeded`."""
        size = request.content_length
        if size is not None and size > self.largest + FRAME:
            raise BodyTooLarge
        if size is None or is_packed(coding_of(request)):
            size = self.largest  # it may become as much
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
    """A body while it comes in."""

    def __init__(self, request: web.Request, largest: int) -> None:
        self._request = request
        self._largest = largest
        self._began = asyncio.get_running_loop().time()
        self._parts = 0

    async def file(self) -> tuple[str, BodyPartReader]:
        """The name of the form's file, and the part in which it is. Raises `Stopped`."""
        reader = await self.form()
        while (part := await self.part(reader)) is not None:
            if part.name == "file" and part.filename:
                return part.filename, part
        raise Stopped("there is no file in the form")

    async def form(self) -> MultipartReader:
        """Raises `Stopped`."""
        if is_packed(coding_of(self._request)):
            raise Stopped("a form with files is taken as it is, and not packed")
        if not self._request.content_type.startswith("multipart/"):
            raise Stopped("it is no form")
        try:
            return await self._request.multipart()
        except ValueError as error:
            raise Stopped(str(error)) from error

    async def part(self, reader: MultipartReader) -> BodyPartReader | None:
        """The form's next field. Raises `Stopped`."""
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
        """What is in a field: `largest` bytes at most. Raises `Stopped` or `BodyTooLarge`."""
        pieces: list[bytes] = []
        size = 0
        while piece := await self._next(part):
            size += len(piece)
            if size > largest or self._request.content.total_bytes > self._largest + FRAME:
                raise BodyTooLarge
            pieces.append(piece)
        return await _joined(pieces)

    async def body(self) -> bytes:
        """All of it, unpacked, where it is no form with parts. Raises `Stopped`, `BodyTooLarge` or
        `UnknownCoding`."""
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
                        await asyncio.sleep(0)  # others come to their turn
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
        """Until when the next has to be there: soon, and so that all comes with some speed."""
        now = asyncio.get_running_loop().time()
        total = self._request.content.total_bytes
        return min(now + PATIENCE, self._began + PATIENCE + total / SLOWEST)


async def _joined(pieces: list[bytes]) -> bytes:
    # Others have the interpreter while so much is copied.
    return await aside(sum(map(len, pieces)) > COPIED_AT_ONCE, b"".join, pieces)
