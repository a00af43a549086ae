"""This module makes one attempt to bring a pad back into Redis, step by step.

The steps are: to say in Redis that the pad is on its way, to bring it under names that nobody looks
at, to set its mark in the cold store, and to put it in its place. A process may die between any two
of them, and another may try at the same moment.
"""

import logging
import time

from prometheus_client import Counter
from redis.exceptions import ResponseError

from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.noted import Behind, noted
from padfleet.shared.cold.pads import ColdHead, ColdPad, ColdPads
from padfleet.shared.cold.places import PadPlace, place_of
from padfleet.shared.cold.went_back import has_gone_back, is_of_that_history, refused
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad import pads
from padfleet.shared.log.pad.bringing import Bringing, ThawedPad
from padfleet.shared.log.pad.deletion import deletion_field
from padfleet.shared.log.pad.moving import PadMove, Whereabouts, announce_fetching, whereabouts
from padfleet.shared.log.people import authors, groups
from padfleet.shared.log.people.author_records import stored_author
from padfleet.shared.log.records import Snapshot
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)

LOST_ORDERS = 1_000_000
"""How far the numbering of sessions skips ahead if some sessions may have been lost."""

THAWED = Counter(
    "padfleet_cold_thawed_total", "Pads that this process has moved from the cold store to Redis"
)
LOST = Counter(
    "padfleet_cold_lost_pads_total",
    "Pads that were lost in Redis, and restored to what the cold store had",
)


class ThawSteps:
    """Attempts to bring pads from one cold store."""

    def __init__(self, redis: Redis, keyspace: Keyspace, cold: ColdPads) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._cold = cold

    async def attempt(self, pad: str) -> bool | None:
        """Makes one attempt. Returns whether there is such a pad, which is then in Redis, or None
        if another attempt is needed."""
        keys = self._keyspace.pad(pad)
        here = await whereabouts(self._redis, self._keyspace, keys)
        if here.head is not None:
            return here.head >= 0
        found = await self._cold.read(pad)
        if found is None:
            return await self._without(keys, here)
        try:
            place = await self.place_of(pad, here, found)
        except Overwritten:
            return None
        if place is PadPlace.WENT_BACK:
            assert here.witness is not None
            raise refused(pad, here.witness, found.head)
        lost = place is PadPlace.LOST
        head, now = found.head, int(time.time() * 1000)
        move = PadMove("lost" if lost else "thaw", head.epoch, head.edition, here.reign, now)
        if not await announce_fetching(self._redis, self._keyspace, keys, here, move):
            return None
        return await self._put(keys, found, move)

    async def _without(self, keys: PadKeys, here: Whereabouts) -> bool | None:
        """Does what `attempt` does with a pad that the store does not have."""
        # Redis is asked after the store, since the pad may have been created meanwhile.
        now = await whereabouts(self._redis, self._keyspace, keys)
        if now.head is not None:
            return True
        if now.witness != here.witness:
            return None  # it has left Redis meanwhile
        await self.require_nowhere(keys.pad_id, now)
        return False

    async def require_nowhere(self, pad: str, here: Whereabouts) -> None:
        """Checks that a pad of which neither Redis nor the store has anything was not lost. Raises
        `StoreWentBack` if it was, and what `ColdPads.look` raises."""
        if await has_gone_back(self._cold, pad, here, None):
            assert here.witness is not None
            raise refused(pad, here.witness, None)

    async def place_of(self, pad: str, here: Whereabouts, found: ColdPad) -> PadPlace:
        """Returns where a pad is that was read from the store after Redis had been asked. Raises
        what `ColdPads.revisions` raises: `Overwritten` if the pad has moved on since."""
        place, had = place_of(here, found.head), here.witness
        if place in (PadPlace.COLD, PadPlace.MOVING) and not await is_of_that_history(
            self._cold, pad, had, found
        ):
            assert had is not None
            return PadPlace.LOST if had.accepted else PadPlace.WENT_BACK
        return place

    async def _put(self, keys: PadKeys, found: ColdPad, move: PadMove) -> bool | None:
        bringing = Bringing(self._redis, self._keyspace, keys)
        lost_at = move.at if move.way == "lost" else None
        verdict = "staged"
        try:
            # The mark is set before anybody can write on the pad, and set again if it already says
            # so, so that only one of several attempts continues. Nobody sees yet what is brought
            # meanwhile.
            head, _ = await all_of(
                self._cold.set_mark(keys.pad_id, found.head, "live"), _staged(bringing, found)
            )
            found = found._replace(head=head)
            await self._beside(keys, found)
            verdict = await bringing.install(thawed(found, lost_at), move)
        except Overwritten:
            return None
        except ResponseError as error:
            # Something was brought twice because an answer was lost: then all of it is brought
            # again.
            if "ID specified" not in str(error):
                raise
        finally:
            if verdict != "ok":
                await bringing.drop()
        if verdict == "damaged":
            raise CorruptPad("the pad's meta is gone, and its revisions are not")
        if verdict != "ok":
            return None
        THAWED.inc()
        if lost_at is not None:
            _tell(keys.pad_id, found.head)
        return True

    async def _beside(self, keys: PadKeys, found: ColdPad) -> None:
        """Brings what is stored under keys outside the pad's own: the names that lead to the pad,
        and the authors in it."""
        pad_head = found.state.pad
        known = (stored_author(author, flat) for author, flat in found.authors)
        brought = authors.bring(self._redis, [author for author in known if author is not None])
        adopted = groups.adopt(self._redis, keys.pad_id)
        if pad_head.read_only_id is None:
            await all_of(brought, adopted)
            return
        claimed = pads.claim_read_only(self._redis, pad_head.read_only_id, keys.pad_id)
        await all_of(claimed, brought, adopted)


async def _staged(bringing: Bringing, found: ColdPad) -> None:
    await bringing.revisions(*found.revisions)
    await bringing.chat(found.chat)


def thawed(found: ColdPad, lost_at: int | None = None) -> ThawedPad:
    """Returns what is put into Redis of a pad. If the pad was lost there, which was noticed at
    `lost_at` (ms since the epoch), its record of reigns says that later revisions are not
    shared."""
    head, state = found.head, found.state
    pad_head = state.pad
    fields: dict[str, bytes | str | int] = {
        **state.more,
        "head": pad_head.head,
        "epoch": pad_head.epoch,
        "chain": pad_head.chain,
        "time": pad_head.time,
        "creator": pad_head.creator,
        "first": found.revisions.first,
    }
    if pad_head.read_only_id is not None:
        fields["readonly"] = pad_head.read_only_id
    if pad_head.settings:
        fields["settings"] = pad_head.settings
    if pad_head.deletion:
        fields[deletion_field(pad_head.epoch)] = pad_head.deletion
    if pad_head.public:
        fields["public"] = "1"
    snap = -1
    if found.snapshot is not None:
        snap = fields["snap"] = Snapshot.rev_of(found.snapshot)
    reigns, sessions = state.reigns, state.sessions
    if lost_at is not None:
        reigns = f"{reigns} lost-{lost_at}:{pad_head.head}".strip()
        sessions += LOST_ORDERS
    newest = found.saved[-1] if found.saved else b""
    return ThawedPad(
        fields,
        reigns,
        sessions,
        state.fences,
        state.seen,
        found.saved,
        found.snapshot,
        noted(Behind(head, pad_head.chat, newest, snap)),
    )


def _tell(pad: str, head: ColdHead) -> None:
    LOST.inc()
    log.error(
        "pad lost in Redis, and brought back from the cold store",
        extra={
            "pad": pad,
            "head": head.head,
            "lost_from": head.head + 1,
            "written_at_ms": head.written,
            "at_most_s_missing": max(0, round(time.time() - head.written / 1000)),
        },
    )
