"""Names the keys that guards look at, and the pads behind them.

All that the guards know of the fleet are these names, and the form of the values.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tests.world.redis.server import Server
from tests.world.redis.store import Hash

PAD: Final = b":pad:"
REVS: Final = b":revs"
META: Final = b":meta"
SNAP: Final = b":snap"
MEMBERS: Final = b":members"
MOVING: Final = b":moving"
WITNESSES: Final = b":witnesses"
STATE: Final = b":state"
INBOX: Final = b":inbox"


@lru_cache(maxsize=10_000)
def pad_of(base: bytes) -> str:
    """Returns the name of a pad. Its `base`, which is also its channel, is what all of its keys
    begin with."""
    return base.split(PAD, 1)[-1].decode(errors="replace")


@lru_cache(maxsize=10_000)
def state_key(key: bytes) -> bytes:
    """Returns the key of the record of a partition, from any key of one of its pads, or of its
    inbox."""
    return key.split(PAD)[0].removesuffix(INBOX) + STATE


def state_of(server: Server, base: bytes) -> Hash:
    """Returns the record of the partition of a pad."""
    state = server.store.values.get(state_key(base))
    return state if isinstance(state, dict) else {}
