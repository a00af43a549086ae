"""This module lists all pads of a fleet, whether they are in Redis or in the cold store."""

from collections.abc import AsyncGenerator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from padfleet.shared.batches import batches
from padfleet.shared.cold.opening import cold_of
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import are_here
from padfleet.shared.log.fleet.inventory import pad_ids
from padfleet.shared.log.keys import Keyspace

PAGE = 500
"""How many cold pads Redis is asked about in one request, to see whether it has them."""


class WherePad(NamedTuple):
    """A pad, and where it was when the listing came to it."""

    pad: str
    hot: bool  #: it is in Redis, though it may have been deleted there since


async def all_pads(
    redis: Redis, keyspace: Keyspace, cold: ColdPads | None, match: str = "*"
) -> AsyncGenerator[WherePad, None]:
    """Yields each pad once, those in Redis first, even if a pad moves meanwhile. `match` is a
    pattern for names, as `fnmatch` has it. Only the names of pads in Redis are held in memory.
    Raises what `UNREACHABLE` lists."""
    listed: set[str] = set()
    async for pad in pad_ids(redis, keyspace):
        if fnmatchcase(pad, match):
            listed.add(pad)
            yield WherePad(pad, True)
    if cold is None:
        return
    names = (one.pad async for one in cold.pads(match=match))
    async for page in batches(names, PAGE):
        others = [pad for pad in page if pad not in listed]
        here = await are_here(redis, [keyspace.pad(pad) for pad in others])
        for pad, hot in zip(others, here, strict=True):
            if hot:
                listed.add(pad)
            yield WherePad(pad, hot)


async def wanted_pads(
    redis: Redis, keyspace: Keyspace, named: Sequence[str] | None
) -> AsyncGenerator[str, None]:
    """Yields the pads that were named, each once, whether they exist or not; or, if none were
    named, all pads, wherever they are. Raises what `UNREACHABLE` lists."""
    if not named:
        async for where in all_pads(redis, keyspace, cold_of(redis)):
            yield where.pad
    for pad in dict.fromkeys(named or ()):
        yield pad
