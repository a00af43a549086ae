"""This module refuses pads of which the cold store has less than when they left Redis: it was
restored from a backup, or it answers from a copy that lags behind.

Nobody is shown such a pad, nobody goes on writing on it, and no other pad is created under its
name, until the store has the newer one again, or an operator accepts what it has.
"""

import logging

from prometheus_client import Counter

from padfleet.shared.cold.pads import ColdHead, ColdPad, ColdPads, chain_in
from padfleet.shared.cold.places import PadPlace, place_of
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.moving import Whereabouts, whereabouts
from padfleet.shared.log.pad.witness import Witness
from padfleet.shared.log.records import Revision
from padfleet.shared.misses import Misses

log = logging.getLogger(__name__)

QUIET_S = 60.0
"""The seconds for which a process does not log the same pad again."""

WENT_BACK = Counter(
    "padfleet_cold_went_back_total",
    "Refusals of pads of which the cold store has less than when they left Redis",
)

_told = Misses(QUIET_S)


class StoreWentBack(CorruptPad):
    """The cold store has less of a pad than when the pad left Redis, or another history of it."""

    def __init__(self, pad: str, had: Witness, head: ColdHead | None) -> None:
        """Takes what the store had, and what it has; None is nothing."""
        what = "does not have it any more"
        if head is not None:
            what = f"has it up to revision {head.head}"
            if (head.epoch, head.head) == (had.epoch, had.head):
                what = "has an earlier copy of that, or another history"
            elif head.epoch != had.epoch:
                what += " of an earlier history"
        super().__init__(
            f"pad {pad!r} left Redis at revision {had.head}, and the cold store {what}: let the "
            "store return what it had; or, if it was restored from a backup on purpose, accept "
            "what it has by padfleet pads accept"
        )
        self.pad = pad
        self.had = had
        self.head = head


def refused(pad: str, had: Witness, head: ColdHead | None) -> StoreWentBack:
    """Returns the error, and tells operators of it."""
    error = StoreWentBack(pad, had, head)
    WENT_BACK.inc()
    if pad not in _told:
        _told.add(pad)
        log.error(
            "the cold store has gone back",
            extra={
                "pad": pad,
                "left_at": had.head,
                "head": head.head if head is not None else -1,
                "error": str(error),
            },
        )
    return error


async def has_gone_back(cold: ColdPads, pad: str, here: Whereabouts, head: ColdHead | None) -> bool:
    """Returns whether the store has less of the pad than its witness says, as far as the heads
    tell. A pad that an Etherpad has deleted in its own database has not gone back. Raises what
    `ColdPads.look` raises."""
    if place_of(here, head) is not PadPlace.WENT_BACK:
        return False
    return head is not None or not await cold.was_removed_by_others(pad)


async def witness_against(
    redis: Redis,
    keyspace: Keyspace,
    cold: ColdPads,
    keys: PadKeys,
    here: Whereabouts,
    head: ColdHead | None,
) -> Witness | None:
    """Returns the witness of a pad of which the store has less than it says, as far as the heads
    tell, or None if nothing speaks against what the store has. Raises what `whereabouts` and
    `ColdPads.look` raise.

    Arguments:
        here: what Redis said before the store was asked.
        head: what the store said.
    """
    if head is None and here.witness is not None:
        # The pad may have been deleted meanwhile, and its witness before.
        here = await whereabouts(redis, keyspace, keys)
    return here.witness if await has_gone_back(cold, keys.pad_id, here, head) else None


async def is_of_that_history(cold: ColdPads, pad: str, had: Witness | None, found: ColdPad) -> bool:
    """Returns whether a pad of which the store has more than when it left Redis has all that it had
    then. The heads do not tell. Its revisions are read from the store only if they are older than
    what the pad is opened from. Raises what `ColdPads.revisions` raises."""
    head = found.head
    if had is None or had.epoch != head.epoch or had.head >= head.head:
        return True
    first, records = found.revisions
    if first <= had.head:
        chain = Revision.from_record(had.head, records[had.head - first]).chain
    else:
        chain = await chain_in(cold, pad, head.epoch, had.head)
    return had.has_chain(chain)
