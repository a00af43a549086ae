"""This module tests whether a cold store does what pads rely on, with a small object that is
removed again."""

import secrets
import time
from typing import Final

from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.store import ColdStore

CLOCK_S: Final = 300.0
"""The maximum number of seconds by which the store's clock may differ from ours: services refuse
requests signed at a different time, and the age of left-over parts is judged by the store's
clock."""


async def probe(store: ColdStore) -> None:
    """Returns when all is as it should be. Raises `StoreAway` if the store does not answer, and
    ValueError with what is wrong and what to do."""
    name = f"probe/{secrets.token_hex(8)}"
    first = secrets.token_bytes(16)
    version = await _put(store, name, first, None)
    try:
        there = await store.get(name)
        if there is None or there.data != first:
            raise ValueError(
                "what was put is not what is read right after: a cold store has to be consistent; "
                "leave out caches and replicas that are read from"
            )
        await _refuses(store, name, None)
        second = secrets.token_bytes(16)
        after = await _put(store, name, second, version)
        await _refuses(store, name, version)
        newest = await store.get(name)
        if newest is None or (newest.data, newest.version) != (second, after):
            raise ValueError("an overwritten object is not what is read right after")
        if name not in [found async for found in store.names("probe/")]:
            raise ValueError("what was written is not in the list of objects")
        ahead = newest.time - time.time()
        if newest.time and abs(ahead) > CLOCK_S:
            raise ValueError(f"its clock is {ahead:+.0f} s from ours: set both by NTP")
    finally:
        await store.delete(name, over=None)
    if await store.get(name) is not None:
        raise ValueError("what was deleted is still there")


async def _put(store: ColdStore, name: str, data: bytes, over: str | None) -> str:
    """Writes under a name that no other process uses."""
    try:
        return await store.put(name, data, over=over)
    except Overwritten as error:
        raise ValueError(
            "it refuses what is put on a condition that holds, so that it keeps nothing: its "
            "conditional writes (If-Match, If-None-Match) are broken, or a proxy before it is"
        ) from error


async def _refuses(store: ColdStore, name: str, over: str | None) -> None:
    try:
        _ = await store.put(name, secrets.token_bytes(16), over=over)
    except Overwritten:
        return
    raise ValueError(
        "it overwrites what somebody else has written, so that of two writers the wrong one would "
        "win: it lacks conditional writes (If-Match, If-None-Match); use a store that has them"
    )
