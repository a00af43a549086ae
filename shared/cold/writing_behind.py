"""This module keeps the cold store up to date with the pads that are in Redis, and takes them out
of Redis when nobody needs them there. The writer of a pad's partition uses it, in one task at a
time per pad. `copying` is what both begin with."""

import logging
import time
from contextlib import AbstractAsyncContextManager

from padfleet.shared.cold.copying import Copying
from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.pads import ColdHead, ColdPads
from padfleet.shared.cold.places import PadPlace, place_of
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import moving, pads
from padfleet.shared.log.pad.moving import Frozen, PadMove, StoredPad
from padfleet.shared.log.people import contributions

log = logging.getLogger(__name__)


class WriteBehind(Copying):
    """Copies what changes on hot pads into the cold store, and freezes pads."""

    def __init__(
        self, redis: Redis, keyspace: Keyspace, cold: ColdPads, *, after_ms: int = 0
    ) -> None:
        """Takes `after_ms`, the time in ms for which nobody may have been on a pad before it is
        frozen."""
        super().__init__(redis, keyspace, cold)
        self._after_ms = after_ms

    async def reconcile(self, pad: str) -> None:
        """Marks a pad as live that is in Redis. A writer that has just got the partition calls
        this, since a fail-over may have taken back that the pad was frozen."""
        cold = await self._cold.look(pad)
        if cold is None or cold.mark == "live":
            return
        here = await moving.whereabouts(self._redis, self._keyspace, self._keyspace.pad(pad))
        if here.head is not None and here.head >= 0:
            log.warning("a frozen pad is back in Redis", extra={"pad": pad})
            try:
                await self._cold.set_mark(pad, cold, "live")
            except Overwritten:
                return  # another process has appended to it since, and marked it

    async def freeze(
        self, lease: Lease, pad: str, between_batches: AbstractAsyncContextManager[object]
    ) -> Frozen:
        """Takes the pad out of Redis if nobody needs it there. `between_batches` is held for the
        step itself: the writer is then not in the middle of a batch of its partition, and forgets
        the pad when it has gone."""
        keys = self._keyspace.pad(pad)
        found = await self.bring(pad, whole=True)
        if found is None:
            return "changed"
        stored, cold, authors = found
        now = int(time.time() * 1000)
        move = PadMove("freeze", cold.epoch, cold.edition, lease.reign, now)
        async with between_batches:
            again = await moving.read_stored(self._redis, keys)
            if again is None or _stored_as(again) != _stored_as(stored):
                return "changed"
            verdict = await moving.freeze(
                self._redis,
                self._keyspace,
                lease,
                pad,
                stored,
                move,
                cold.witness(),
                self._after_ms,
            )
            if verdict == "changed":
                # Or it was done, and the answer was lost.
                here = await moving.whereabouts(self._redis, self._keyspace, keys)
                verdict = "ok" if here.head is None and here.move == move.to_text() else verdict
        if verdict == "ok":
            await self.arrive(pad, move.to_text(), cold)
            await self._leave_no_trace(pad, stored, authors)
        return verdict

    async def arrive(self, pad: str, move: str, cold: ColdHead) -> None:
        """Says in the cold store that a pad has left Redis, and removes its move."""
        try:
            await self._cold.set_mark(pad, cold, "frozen")
        except Overwritten:
            return  # another process is already bringing it back
        await moving.arrived(self._redis, self._keyspace, pad, move)

    async def arrive_late(self, pad: str, text: str, older_than_ms: int) -> None:
        """Does what `arrive` does, for a pad that a process left half-way because it was killed or
        could not reach the store."""
        move = PadMove.from_text(text)
        if move is None or time.time() * 1000 - move.at < older_than_ms:
            return
        keys = self._keyspace.pad(pad)
        here = await moving.whereabouts(self._redis, self._keyspace, keys)
        cold = await self._cold.look(pad)
        if here.move != text:
            return
        place = place_of(here, cold)
        if place in (PadPlace.LOST, PadPlace.WENT_BACK):
            return  # the next process that wants it finds that out
        if here.head is not None or cold is None:
            await moving.arrived(self._redis, self._keyspace, pad, text)
            return
        # The move comes first, so that a process that was bringing the pad, but has stalled, can
        # no longer put it there.
        now = PadMove("freeze", cold.epoch, cold.edition, here.reign, int(time.time() * 1000))
        if await moving.announce_fetching(self._redis, self._keyspace, keys, here, now):
            await self.arrive(pad, now.to_text(), cold)

    async def _leave_no_trace(self, pad: str, stored: StoredPad, authors: list[str]) -> None:
        """Removes the keys outside the pad's own. The cold store has what they contain."""
        await contributions.forget(self._redis, authors, pad)
        readonly = stored.meta.get(b"readonly")
        if readonly is not None:
            await pads.forget_read_only(self._redis, readonly.decode(), of=pad)


def _stored_as(stored: StoredPad) -> tuple[str, dict[bytes, bytes], dict[bytes, bytes]]:
    """Returns what must be unchanged when a pad is taken out of Redis."""
    return stored.stamp, stored.fences, stored.seen
