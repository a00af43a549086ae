"""Keeps the pads of a writer in memory, and loads them."""

import time
from collections import OrderedDict

from padfleet.services.writer import metrics
from padfleet.services.writer.pads.fences import Fences
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.easysync.effort import TooMuchWork
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.inboxes.limits import UNLIMITED, PadLimits
from padfleet.shared.log.keys import CANARY, Keyspace, PadKeys
from padfleet.shared.log.pad.document import load
from padfleet.shared.log.pad.meta import PadMeta, is_beheaded, read_meta, read_meta_here
from padfleet.shared.log.pad.pad_store import PadStore


class PadAway(Exception):
    """The pad is, or may be, in the cold store, which does not answer. It is not among what
    `UNREACHABLE` lists, since nobody else has to wait for this pad."""


class PadCache:
    """Keeps pads by id; the least recently used one is dropped first.

    They are only copies: dropping any of them at any moment costs a load, and nothing else.
    """

    def __init__(
        self, redis: Redis, keyspace: Keyspace, limit: int, bounds: PadLimits = UNLIMITED
    ) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._limit = limit
        self._bounds = bounds
        self._pads: OrderedDict[str, WriterPad] = OrderedDict()

    async def get(self, pad_id: str, *, far: bool = True) -> WriterPad:
        """Returns the pad at its head. Raises `CorruptPad`, `PadAway`, or what `UNREACHABLE` lists.

        One that does not exist is looked up each time: a copy, an import or a restore may have put
        it there since, without asking the writer (`replace.lua`). Without `far`, `TooMuchWork` is
        raised if the cold store would have to be asked, which may take a while.
        """
        pad = self._pads.get(pad_id)
        if pad is None or not pad.exists:
            keys, meta = self._keyspace.pad(pad_id), None
            if not far and self._redis.elsewhere is not None:
                meta = await read_meta_here(self._redis, keys)
                if not meta.is_here and not pad_id.startswith(CANARY):
                    raise TooMuchWork
            try:
                pad = await load_pad(self._redis, keys, meta)
            except StoreAway as error:
                raise PadAway(str(error)) from error
            self._pads[pad_id] = pad
            pad.bounds = self._bounds
            while len(self._pads) > self._limit:
                self._pads.popitem(last=False)
            metrics.PADS.set(len(self._pads))
        self._pads.move_to_end(pad_id)
        return pad

    def known(self, pad_id: str) -> WriterPad | None:
        """Returns the pad if it is in memory and exists."""
        pad = self._pads.get(pad_id)
        if pad is None or not pad.exists:
            return None
        self._pads.move_to_end(pad_id)
        return pad

    def forget(self, pad_id: str) -> None:
        self._pads.pop(pad_id, None)

    def forget_partition(self, partition: int) -> None:
        mine = [pad for pad in self._pads if self._keyspace.partition_of(pad) == partition]
        for pad_id in mine:
            del self._pads[pad_id]
        metrics.PADS.set(len(self._pads))


async def load_pad(redis: Redis, keys: PadKeys, meta: PadMeta | None = None) -> WriterPad:
    """Loads the pad at its head, or one that does not exist yet. `meta` is what has just been read
    of it, if that is all there is. Raises `CorruptPad`."""
    if meta is None:
        meta = await read_meta(redis, keys)
    pad = WriterPad(meta.epoch)
    pad.reigns = meta.reigns
    if not meta.exists:
        if await is_beheaded(redis, keys):
            raise CorruptPad(f"{keys.meta} is gone, and the pad's revisions are not")
        return pad
    await load(redis, keys, meta, pad)
    pad.reigns = meta.reigns
    pad.creator = meta.creator
    pad.damaged = meta.damaged
    pad.first_kept = meta.first
    orders = await PadStore(redis, keys).fence_orders()
    pad.fences = Fences(orders, int(time.time() * 1000))
    return pad
