"""All pads of a fleet, wherever they are."""

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
"""Cold pads of which Redis is asked at once whether it has them."""


class WherePad(NamedTuple):
    """A pad, and where it was when it was come to."""

    pad: str
    hot: bool  #: it is in Redis, where it may be deleted already


async def all_pads(
    redis: Redis, keyspace: Keyspace, cold: ColdPads | None, match: str = "*"
) -> AsyncGenerator[WherePad, None]:
    """Each once, those in Redis first, also if it moves meanwhile. `match` is a pattern as of
    `fnmatch`, of names. No names are held but those of pads in Redis. Raises what `UNREACHABLE`
    lists."""
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
    """Those that somebody has named, each once, whether they are there or not; or all, wherever
    they are. Raises what `UNREACHABLE` lists."""
    if not named:
        async for where in all_pads(redis, keyspace, cold_of(redis)):
            yield where.pad
    for pad in dict.fromkeys(named or ()):
        yield pad
