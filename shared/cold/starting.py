"""This module has a process that starts take the cold store of its fleet: the store is attached,
tried out, and claimed for this fleet.

A store that does not answer keeps no process from starting, since pads that are in Redis are served
without it.
"""

import asyncio
import logging
from functools import partial
from typing import Final

from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.opening import attach
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.thawing import Thawing
from padfleet.shared.cold.using import WATCHED_S, begin_to_use
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet.agreement import agreed_cold, agreed_since
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import SettingsError
from padfleet.shared.settings.cold_url import agreed_name

log = logging.getLogger(__name__)

TRIED_S: Final = 5.0
"""How many seconds the start waits for a cold store."""


async def attached(
    redis: Redis, keyspace: Keyspace, url: str, *, patience_s: float, trusting_s: float
) -> Thawing | None:
    """Makes Redis bring pads from the store at this address, and returns what brings them, or None
    if there is no store. The arguments are those of `attach`. Raises `SettingsError`."""
    fleets, ours = await agreed_cold(redis), agreed_name(url)
    if fleets and ours is None:
        log.warning("pads of this fleet will not be found", extra={"cold_store": fleets})
    try:
        return attach(
            redis,
            keyspace,
            url,
            known=fleets == ours,
            patience_s=patience_s,
            trusting_s=trusting_s,
        )
    except (StoreAway, ValueError) as error:
        raise SettingsError([f"PADFLEET_COLD_URL: {error}"]) from error


async def try_out(thawing: Thawing) -> None:
    """Tests the store. One that does not keep what it is given, or overwrites what others have put,
    loses pads, so no process starts with it. Raises `SettingsError`."""
    try:
        async with asyncio.timeout(TRIED_S):
            await thawing.cold.check()
    except ValueError as error:
        raise SettingsError([f"PADFLEET_COLD_URL: {error}"]) from error
    except StoreAway as error:
        thawing.trouble.failed(error)
    except TimeoutError:
        thawing.trouble.failed(StoreAway(f"it has not answered for {TRIED_S:g} s"))


async def claim(redis: Redis, cold: ColdPads) -> None:
    """Begins to use the store for this fleet. Raises `OtherFleetsStore`."""
    try:
        async with asyncio.timeout(WATCHED_S + TRIED_S):
            await begin_to_use(cold, partial(agreed_since, redis))
    except (*UNREACHABLE, TimeoutError, CorruptPad) as error:
        log.warning("not known who uses the cold store", extra={"error": str(error)})
