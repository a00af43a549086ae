"""This module lists all pads one page at a time, for a client that comes back for the next page.

Nothing is kept between two pages: the client brings along a short text that says where to continue.
A page takes no longer than the time that it is given, however many pads there are and however few
of them are wanted.
"""

import base64
import binascii
import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, Literal, NamedTuple

from padfleet.shared.batches import slices
from padfleet.shared.cold.listing import PadFacts, UnreadablePad, facts_or_fault
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import are_here
from padfleet.shared.log.fleet.inventory import ScanPlace, some_pad_ids
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.tasks import all_of

STEP: Final = 50
"""How many pads are looked at side by side; `Redis.few` limits how many of them at once."""

LONGEST_PLACE: Final = 1000
"""The maximum number of characters of a text that says where to continue."""

LONGEST_NAME: Final = 500
"""The maximum number of characters of a pad's name in that text, and of the words that are searched
for."""


class PadSearch(NamedTuple):
    """Says which pads are wanted. This class is pure."""

    words: str = ""  #: to be found anywhere in the name, regardless of case; empty for all pads
    place: Literal["hot", "cold", "any"] = "any"
    only_open: bool = False  #: only pads that somebody is on

    def takes_name(self, pad: str) -> bool:
        return self.words.casefold() in pad.casefold()

    def takes(self, facts: PadFacts) -> bool:
        """Returns whether the pad is wanted, given what is known once it has been looked at."""
        return (self.place in ("any", facts.place)) and (not self.only_open or facts.sessions > 0)


class PagePlace(NamedTuple):
    """Where a page begins: at a step of the scan over the keys of Redis or, when that scan is
    complete, after a pad of the cold store. This class is pure."""

    scan: ScanPlace | None = ScanPlace()
    after: str = ""

    def to_text(self) -> str:
        """Returns the place as a text for the client to keep."""
        known = list(self.scan) if self.scan is not None else [self.after]
        data = json.dumps(known, ensure_ascii=False).encode("utf-8", "replace")
        return base64.urlsafe_b64encode(data).decode()

    @classmethod
    def from_text(cls, text: str) -> "PagePlace":
        """Reads what `to_text` has made; an empty text means the beginning. Raises ValueError."""
        if not text:
            return cls()
        if len(text) > LONGEST_PLACE:
            raise ValueError("too long for a place in the list of pads")
        try:
            known = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        except (ValueError, binascii.Error, RecursionError):
            known = None
        match known:
            case [str(node), int(cursor)] if type(cursor) is int and 0 <= cursor < 1 << 64:
                return cls(ScanPlace(node, cursor))
            case [str(after)]:
                return cls(None, after)
        raise ValueError("not a place in the list of pads")


class PageEnd(NamedTuple):
    """What is reported at the end of a page."""

    following: PagePlace | None  #: where the next page begins; None after the last page
    looked_at: int  #: how many names were looked at


async def page(
    redis: Redis,
    keyspace: Keyspace,
    cold: ColdPads | None,
    search: PadSearch,
    begins: PagePlace,
    *,
    rows: int,
    seconds: float,
) -> AsyncGenerator[PadFacts | UnreadablePad | PageEnd, None]:
    """Yields the pads of a page as they are found, in no particular order, and then its end.

    The page ends when it has `rows` pads or slightly more, or when it has taken that many
    `seconds`. A pad may come again on the same page or on another, and so may one that moves
    meanwhile. No pad is brought into Redis for this. Raises what `UNREACHABLE` lists.
    """
    until = time.monotonic() + seconds
    found = looked_at = steps = 0
    place: PagePlace | None = begins
    keys = rows  # per step; a step is always finished, so it is long only if little is found
    while place is not None and found < rows and (time.monotonic() < until or not steps):
        steps += 1
        if place.scan is not None:
            step, place = await _hot_step(redis, keyspace, cold, search, place.scan, keys)
            keys = rows if step.wanted else keys * 2
        elif cold is not None:
            step, place = await _cold_step(redis, keyspace, cold, search, place.after, until)
        else:
            step, place = _Step([], 0), None
        looked_at += step.looked_at
        for part in slices(step.wanted, STEP):
            looks = (facts_or_fault(redis, keyspace, cold, pad, authors=False) for pad in part)
            for pad, facts in zip(part, await all_of(*looks), strict=True):
                if isinstance(facts, UnreadablePad):
                    found += 1
                    yield UnreadablePad(f"{pad}: {facts.why}")
                elif facts is not None and search.takes(facts):
                    found += 1
                    yield facts
    yield PageEnd(place, looked_at)


class _Step(NamedTuple):
    wanted: Sequence[str]
    looked_at: int


async def _hot_step(
    redis: Redis,
    keyspace: Keyspace,
    cold: ColdPads | None,
    search: PadSearch,
    scan: ScanPlace,
    keys: int,
) -> tuple[_Step, PagePlace | None]:
    if search.place == "cold":
        return _Step([], 0), PagePlace(None)
    pads, following = await some_pad_ids(redis, keyspace, scan, keys_looked_at=keys)
    step = _Step([pad for pad in pads if search.takes_name(pad)], len(pads))
    if following is not None:
        return step, PagePlace(following)
    # Nobody is on a pad that is in the cold store.
    ends = cold is None or search.place == "hot" or search.only_open
    return step, None if ends else PagePlace(None)


COLD_NAMES: Final = 5_000
"""How many names of the cold store are looked at in one step."""


async def _cold_step(
    redis: Redis,
    keyspace: Keyspace,
    cold: ColdPads,
    search: PadSearch,
    after: str,
    until: float,
) -> tuple[_Step, PagePlace | None]:
    wanted: list[str] = []
    looked_at, last = 0, ""
    async with aclosing(_names(cold, after)) as names:
        async for pad in names:
            looked_at, last = looked_at + 1, pad
            if search.takes_name(pad):
                wanted.append(pad)
            if len(wanted) >= STEP or looked_at >= COLD_NAMES or time.monotonic() >= until:
                break
        else:
            last = ""
    here = await are_here(redis, [keyspace.pad(pad) for pad in wanted])
    # Pads in Redis were listed in the scan of Redis, except one that was brought there since; that
    # one can be found by its name, and appears when the list is made again.
    away = [pad for pad, hot in zip(wanted, here, strict=True) if not hot]
    return _Step(away, looked_at), PagePlace(None, last) if last else None


async def _names(cold: ColdPads, after: str) -> AsyncGenerator[str, None]:
    async for listed in cold.pads(after):
        yield listed.pad
