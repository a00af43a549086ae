"""Reads the whole list of pads by asking for one page after the other."""

from __future__ import annotations

from padfleet.shared.cold.listing import PadFacts, UnreadablePad
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.paging import PadSearch, PageEnd, PagePlace, page
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace


async def walked(
    redis: Redis,
    keyspace: Keyspace,
    cold: ColdPads | None,
    search: PadSearch,
    begins: PagePlace | None = None,
    *,
    rows: int,
) -> list[PadFacts | UnreadablePad]:
    """Returns the rows of all pages from there on. Each page is asked for with the place that the
    page before it returned."""
    found: list[PadFacts | UnreadablePad] = []
    place = begins or PagePlace()
    while True:
        asked = PagePlace.from_text(place.to_text())
        end = None
        async for row in page(redis, keyspace, cold, search, asked, rows=rows, seconds=10):
            assert end is None, "nothing follows the end of a page"
            if isinstance(row, PageEnd):
                end = row
            else:
                found.append(row)
        assert end is not None
        if end.following is None:
            return found
        place = end.following
