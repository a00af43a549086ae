"""Shows what has changed between two revisions of a pad."""

from typing import Final

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields, JsonAnswer
from padfleet.services.web.api.conversion import CALLERS
from padfleet.shared.conversion.shown import Edited
from padfleet.shared.log.pad.meta import PadMeta
from padfleet.shared.log.pad.past import authors_in, document_at, whole_pages
from padfleet.shared.log.pad.reader import PadReader

MOST: Final = 16 << 20
"""The most bytes of the revisions between the two: some 60,000 ordinary ones."""


async def create_diff_html(api: Api, fields: Fields) -> JsonAnswer:
    start, end = arguments.rev(fields, "startRev"), arguments.rev(fields, "endRev")
    reader = await arguments.reader(api, fields)
    first, last = _range(start, end, reader.meta)
    async with api.conversion.differences:
        return JsonAnswer(await _difference(api, reader, first, last))


async def _difference(api: Api, reader: PadReader, first: int, last: int) -> bytes:
    before = await document_at(reader, first)
    edits: list[Edited] = []
    size = 0
    async for page in whole_pages(reader, first + 1, last):
        edits += [Edited(revision.author, revision.wire) for revision in page]
        size += sum(len(revision.wire) for revision in page)
        if size > MOST:
            raise ApiError(
                f"there are more than {MOST} bytes of changes from revision {first} to {last}: "
                "ask for fewer revisions at a time"
            )
    pool = await api.pools.at(reader)
    known = await reader.authors(await authors_in(pool))
    colors = {author: record.color for author, record in known.items()}
    return await api.conversion.differing(CALLERS, before, edits, pool, colors)


def _range(start: int | None, end: int | None, meta: PadMeta) -> tuple[int, int]:
    """Returns the first and the last revision, either of which may be past the head. If the last
    one is missing or 0, it is the head, as in Etherpad."""
    last = min(end or meta.head, meta.head)
    if start is None:
        raise ApiError("Invalid revision range: startRev is not given")
    first = min(start, meta.head)
    if last < first:
        raise ApiError(f"Invalid revision range. startRev: {first} endRev: {last}")
    return first, last
