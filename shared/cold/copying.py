"""This module copies to the cold store what has changed of a pad in Redis."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import nullcontext
from typing import NamedTuple

from prometheus_client import Counter

from padfleet.shared.cold.appends import part_of
from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.noted import Behind, noted, read_noted
from padfleet.shared.cold.pads import ColdHead, ColdPads, chain_in
from padfleet.shared.cold.places import due
from padfleet.shared.cold.rows import Diverged, Uncopied
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad import moving
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.pad.moving import StoredPad
from padfleet.shared.log.records import Snapshot

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""How many times in a row a pad is attempted. If no attempt succeeds, the next look tries again."""

LARGE = 500
"""The number of revisions from which a copy is large."""

MOST_LARGE = 8
"""How many copies that are large, or of a whole pad, are made at the same time, since each of them
may hold some megabytes in memory."""

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


class Copying:
    """Copies what changes on hot pads into the cold store. Each call raises `StoreAway` and what
    else `UNREACHABLE` lists, or `CorruptPad` if what one of the two places has of the pad cannot be
    used."""

    def __init__(self, redis: Redis, keyspace: Keyspace, cold: ColdPads) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._cold = cold
        #: held by whoever makes a copy that takes much memory; freezing does so all along
        self.large = asyncio.Semaphore(MOST_LARGE)

    async def bring(
        self, pad: str, *, whole: bool = False, uncopied: Uncopied | None = None
    ) -> WrittenBehind | None:
        """Copies what has changed of a pad. Returns the pad as it was at that moment, all of which
        the store then has, or None if the pad is not in Redis, or changes too fast for the time
        being.

        Arguments:
            whole: copies even if nothing has changed, with the records of all authors.
            uncopied: the newest revisions, as far as whoever made them has them.
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
                    keys, stored, behind, whole=whole, doubtful=doubtful, uncopied=uncopied
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
            if uncopied is not None:
                uncopied.copied(found.head.head)
            return WrittenBehind(stored, found.head, authors)
        return None

    async def _append(
        self,
        keys: PadKeys,
        stored: StoredPad,
        behind: Behind,
        *,
        whole: bool,
        doubtful: bool,
        uncopied: Uncopied | None,
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
        if not plan.first:
            behind = Behind(behind.head)
        is_large = head - plan.first >= LARGE and not whole
        async with self.large if is_large else nullcontext():
            return await self._append_from(plan.first, keys, stored, behind, whole, uncopied)

    async def _append_from(
        self,
        first: int,
        keys: PadKeys,
        stored: StoredPad,
        behind: Behind,
        whole: bool,
        uncopied: Uncopied | None,
    ) -> tuple[Behind, list[str]]:
        """Copies the revisions from this one on, and what else has changed."""
        head, authors = int(stored.meta[b"head"]), list[str]()
        while True:
            part = await part_of(
                self._redis, keys, stored, behind, first, whole=whole, uncopied=uncopied
            )
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


def is_another(before: Mapping[bytes, bytes], now: Mapping[bytes, bytes]) -> bool:
    """Returns whether the history that the pad's meta named `before` has been deleted or taken back
    `now`, so that its revisions need not exist. This function is pure."""
    epochs, heads = (
        [int(meta.get(key, b"0")) for meta in (before, now)] for key in (b"epoch", b"head")
    )
    same_chain = heads[0] != heads[1] or before.get(b"chain") == now.get(b"chain")
    return epochs[0] != epochs[1] or heads[1] < heads[0] or not same_chain
