"""This module keeps the cold store up to date with the pads that are in Redis, and takes them out
of Redis when nobody needs them there. The writer of a pad's partition uses it, in one task at a
time per pad."""

import logging
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from prometheus_client import Counter

from padfleet.shared.cold.appends import part_of
from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.noted import Behind, noted, read_noted
from padfleet.shared.cold.pads import ColdHead, ColdPads, chain_in
from padfleet.shared.cold.places import PadPlace, due, place_of
from padfleet.shared.cold.rows import Diverged
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad import moving, pads
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.pad.moving import Frozen, PadMove, StoredPad
from padfleet.shared.log.people import contributions
from padfleet.shared.log.records import Snapshot

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""How many times in a row a pad is attempted. If no attempt succeeds, the next look tries again."""

APPENDED = Counter("padfleet_cold_appends_total", "Writes of a pad's changes to the cold store")
APPENDED_REVISIONS = Counter("padfleet_cold_revisions_total", "Revisions written to the cold store")
GONE = Counter("padfleet_cold_deleted_total", "Deleted pads removed from the cold store")
ROLLED_BACK = Counter(
    "padfleet_cold_rolled_back_revisions_total",
    "Revisions in the cold store that Redis had lost in a fail-over",
)


class WrittenBehind(NamedTuple):
    """What was copied of a pad."""

    stored: StoredPad  #: the pad as it was then
    cold: ColdHead  #: where the pad in the store stands after that
    authors: list[str]  #: the authors whose records were brought


class WriteBehind:
    """Copies what changes on hot pads into the cold store, and freezes pads. Each call raises
    `StoreAway` and what else `UNREACHABLE` lists, or `CorruptPad` if what one of the two places has
    of the pad cannot be used."""

    def __init__(
        self, redis: Redis, keyspace: Keyspace, cold: ColdPads, *, after_ms: int = 0
    ) -> None:
        """Takes `after_ms`, the time in ms for which nobody may have been on a pad before it is
        frozen."""
        self._after_ms = after_ms
        self._redis = redis
        self._keyspace = keyspace
        self._cold = cold

    async def bring(self, pad: str, *, whole: bool = False) -> WrittenBehind | None:
        """Copies what has changed of a pad. Returns the pad as it was at that moment, all of which
        the store then has, or None if the pad is not in Redis, or changes too fast for the time
        being.

        Arguments:
            whole: copies even if nothing has changed, with the records of all authors.
        """
        keys = self._keyspace.pad(pad)
        behind: Behind | None = None
        doubtful = False
        for _ in range(ATTEMPTS):
            stored = await moving.read_stored(self._redis, keys)
            if stored is None:
                return None
            if stored.meta[b"head"].startswith(b"-"):
                await self.bury(pad, int(stored.meta.get(b"epoch", b"0")))
                return None
            known = read_noted(stored.meta.get(b"cold"))
            if behind is None and known is not None:
                behind = known[1]
            elif behind is None:
                behind = Behind(await self._cold.look(pad))
            try:
                found, authors = await self._append(
                    keys, stored, behind, whole=whole, doubtful=doubtful
                )
            except (Overwritten, Diverged) as error:
                log.info(
                    "cold store has changed meanwhile", extra={"pad": pad, "error": str(error)}
                )
                behind, doubtful = Behind(await self._cold.look(pad)), True
                continue
            except CorruptPad:
                again = await moving.read_stored(self._redis, keys)
                if again is not None and not is_another(stored.meta, again.meta):
                    raise
                behind = None  # it was deleted or lost while it was being read
                continue
            assert found.head is not None
            await moving.note_written(
                self._redis, keys, found.head.epoch, stored.stamp, noted(found)
            )
            return WrittenBehind(stored, found.head, authors)
        return None

    async def _append(
        self, keys: PadKeys, stored: StoredPad, behind: Behind, *, whole: bool, doubtful: bool
    ) -> tuple[Behind, list[str]]:
        """Copies everything that the pad has and the store lacks, in as many parts as it takes.
        Also returns the authors whose records were copied.

        Arguments:
            doubtful: whether the store may have something that Redis lacks.
        """
        epoch = int(stored.meta.get(b"epoch", b"0"))
        head = int(stored.meta[b"head"])
        common = None
        cold = behind.head
        if cold is not None and cold.epoch == epoch and (doubtful or cold.head > head):
            common = await self._common(keys, stored, head, cold)
        plan = due(epoch, head, behind.head, common)
        if plan.lost:
            ROLLED_BACK.inc(len(plan.lost))
            log.error(
                "revisions in the cold store are missing in Redis",
                extra={"pad": keys.pad_id, "from": plan.lost[0], "to": plan.lost[-1]},
            )
            behind = Behind(behind.head)
        first, authors = plan.first, list[str]()
        if not first:
            behind = Behind(behind.head)
        while True:
            part = await part_of(self._redis, keys, stored, behind, first, whole=whole)
            cold = await self._cold.append(keys.pad_id, behind.head, part)
            APPENDED.inc()
            APPENDED_REVISIONS.inc(len(part.revisions.records))
            pad_head = part.state.pad
            snap = Snapshot.rev_of(part.snapshot) if part.snapshot is not None else behind.snap
            behind = Behind(cold, pad_head.chat, pad_head.saved, snap)
            authors += [author for author, _ in part.authors]
            first = pad_head.head + 1
            if pad_head.head == head:
                return behind, authors

    async def _common(
        self, keys: PadKeys, stored: StoredPad, head: int, cold: ColdHead
    ) -> int | None:
        """Returns the last revision that Redis and the store have in common, if they may differ,
        and None if they do not. The chain covers all earlier revisions, so bisection finds it.
        Revisions that are no longer in the stream are far too old to have been lost in a
        fail-over."""
        if cold.head <= head:
            found = await read_revisions(self._redis, keys, cold.head, cold.head)
            if found and found[0].chain == cold.chain:
                return None
        low, high = int(stored.meta.get(b"first", b"0")), min(cold.head, head)
        common = low - 1
        while low <= high:
            middle = (low + high) // 2
            here = await read_revisions(self._redis, keys, middle, middle)
            there = await chain_in(self._cold, keys.pad_id, cold.epoch, middle)
            if here and here[0].chain == there:
                common, low = middle, middle + 1
            else:
                high = middle - 1
        return common

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

    async def bury(self, pad: str, epoch: int) -> None:
        """Removes a pad that was deleted, in an epoch before this one, from the cold store too."""
        try:
            cold = await self._cold.look(pad)
            if cold is not None and cold.epoch < epoch:
                await self._cold.delete(pad, cold)
                GONE.inc()
        except Overwritten:
            return  # the next look tries again
        await moving.bury(self._redis, self._keyspace, pad, epoch)

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
                self._redis, self._keyspace, lease, pad, stored, move, self._after_ms
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
        if here.head is not None or cold is None:
            await moving.arrived(self._redis, self._keyspace, pad, text)
            return
        if place_of(here, cold) is PadPlace.LOST:
            return  # the next process that wants it finds that out, and restores what there is
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


def is_another(before: Mapping[bytes, bytes], now: Mapping[bytes, bytes]) -> bool:
    """Returns whether the history that the pad's meta named `before` has been deleted or taken back
    `now`, so that its revisions need not exist. This function is pure."""
    epochs, heads = (
        [int(meta.get(key, b"0")) for meta in (before, now)] for key in (b"epoch", b"head")
    )
    same_chain = heads[0] != heads[1] or before.get(b"chain") == now.get(b"chain")
    return epochs[0] != epochs[1] or heads[1] < heads[0] or not same_chain


def _stored_as(stored: StoredPad) -> tuple[str, dict[bytes, bytes], dict[bytes, bytes]]:
    """Returns what must be unchanged when a pad is taken out of Redis."""
    return stored.stamp, stored.fences, stored.seen
