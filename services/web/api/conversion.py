"""Converts files into edits and pads into files, in separate processes that clients take turns
at."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from padfleet.services.web.api.errors import ApiError, TooLong
from padfleet.shared.conversion import jobs
from padfleet.shared.conversion.insertion import Insertion, Most
from padfleet.shared.conversion.shown import Edited
from padfleet.shared.documents.offered import TYPES
from padfleet.shared.easysync import AttributePool, Builder, pack, unpack
from padfleet.shared.limited import (
    JobLimits,
    JobPool,
    JobRefused,
    Overrun,
    QueueFull,
    Starved,
    WorkFailed,
)
from padfleet.shared.limited.job import Job
from padfleet.shared.log.changes.edits import EditChange, Make
from padfleet.shared.log.pad.document import Document
from padfleet.shared.payers import Payer
from padfleet.shared.rendering.paragraphs import DocumentTooLarge
from padfleet.shared.tasks import aside

MOST: Final = Most(units=5_000_000, attributes=20_000)
"""How large imported content may become: as much text as writers let a pad have by default, and as
many attributes as a million lines of a word processor have, since they pass through the event loop
at once."""

SECONDS: Final = 20
"""The seconds of processor time for one job. A megabyte of HTML takes one to three, and the largest
pad five."""

MEMORY: Final = 1 << 30
"""The bytes of memory for one job."""

ANSWER: Final = 128 << 20
"""The most bytes of one answer."""

SMALL: Final = 2_000
"""Up to this many characters of text and attributes are converted in the event loop, which takes
some milliseconds."""

SMALL_BODY: Final = 32_768
"""Up to this many bytes of parameters are parsed in the event loop, in a millisecond or two."""

CALLERS: Final = Payer("callers of the API")
"""The client as which all callers of the API count together; those who have not shown its key yet
count by address."""

WAITING: Final = 128
"""How many jobs may wait for one of the processes. The client with the most of these places gives
one up for others."""


DIFFERENCES_AT_ONCE: Final = 2
"""How many differences may have their revisions in memory at a time; see `differences.MOST`."""


class ConversionBusy(Exception):
    """The machine has too much to do, or there is no place to wait; the client may come again in a
    moment."""


class Conversion:
    def __init__(self, *, processes: int = 2, headings: bool = True) -> None:
        """Creates a conversion with this many helper processes. `headings` says whether the
        headings of documents stay headings."""
        self._headings = headings
        limits = JobLimits(SECONDS, MEMORY, ANSWER)
        self.differences = asyncio.Semaphore(DIFFERENCES_AT_ONCE)
        """This is held from when the first revision is read until `differing` has answered."""
        self._pool = JobPool(
            "padfleet.shared.conversion.jobs:work",
            limits,
            processes=processes,
            waiting=WAITING,
            of_one=WAITING,
        )

    async def read(self, client: Payer, data: bytes | str, *, form: str) -> Insertion:
        """Returns the content of a file, or of HTML that is already text; `form` is as in
        `jobs.reading`.

        Raises `ApiError`, whose text says what is wrong with the file, `TooLong` if the content is
        too large for a pad, or `ConversionBusy`.
        """
        text = isinstance(data, str) and len(data) > SMALL_BODY
        job = await aside(text, jobs.reading, data, form=form, most=MOST, headings=self._headings)
        try:
            answer = await self._done(client, job)
            return await aside(len(answer) > SMALL_BODY, jobs.insertion, answer)
        except DocumentTooLarge as error:
            raise TooLong(str(error)) from None

    async def show(self, client: Payer, form: str, document: Document, title: str = "") -> bytes:
        """Returns a pad in one of the forms of `jobs.showing`; the document must not be changed
        meanwhile. Raises what `read` raises."""
        job = await aside(document.is_large, _showing, form, document, title)
        if form not in TYPES and _is_small(document):
            return jobs.work(b"".join(job))
        return await self._done(client, job)

    async def differing(
        self,
        client: Payer,
        before: Document,
        edits: Sequence[Edited],
        pool: AttributePool,
        colors: Mapping[str, int | str],
    ) -> bytes:
        """Returns what these revisions have changed; see `jobs.differing`. Raises what `read`
        raises."""
        # A thread goes through the whole pool, which may grow meanwhile.
        known = pool.clone()
        job = await asyncio.to_thread(_differing, before, edits, known, colors)
        return await self._done(client, job)

    async def fields(self, client: Payer, body: bytes, content_type: str) -> dict[str, Any]:
        """Returns the parameters in a body. Raises what `read` raises."""
        job = jobs.fields(body, content_type)
        if len(body) > SMALL_BODY:
            return await asyncio.to_thread(jobs.fields_in, await self._done(client, job))
        try:
            return jobs.fields_in(jobs.work(b"".join(job)))
        except ValueError as error:
            raise ApiError(str(error)) from None

    async def close(self) -> None:
        await self._pool.close()

    async def _done(self, client: Payer, job: Job) -> bytes:
        try:
            return await self._pool.do(client, *job)
        except JobRefused as error:
            raise ApiError(str(error)) from None
        except Overrun as error:
            raise ApiError(str(error)) from None
        except (QueueFull, Starved, WorkFailed) as error:
            raise ConversionBusy(str(error)) from error


def _is_small(document: Document) -> bool:
    if document.is_large:
        return False
    text, attribs = document.atext
    return len(text) + len(attribs) <= SMALL


def _showing(form: str, document: Document, title: str) -> Job:
    return jobs.showing(form, document.atext, document.pool, title)


def _differing(
    before: Document,
    edits: Sequence[Edited],
    pool: AttributePool,
    colors: Mapping[str, int | str],
) -> Job:
    return jobs.differing(before.atext, before.pool, edits, pool, colors)


def placing(found: Insertion, author: str) -> Make:
    """Replaces the pad's whole text with what was read, except for the newline at its end: that one
    stays, so that what somebody types meanwhile stays too and the pad still ends as it must."""

    def make(document: Document) -> EditChange | None:
        old = document.atext.text
        if not found.text and old == "\n":
            return None
        removal = unpack(Builder(len(old)).remove_text(old[:-1]).to_changeset()).ops
        ops = removal + found.ops
        changeset = pack(len(old), len(found.text) + 1, ops, found.text)
        return EditChange(changeset, found.pool_for(author))

    return make
