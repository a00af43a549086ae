"""This module reads the meta of a pad: how far its history goes, and what tells it from others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from padfleet.shared.log import reigns
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import of_right_type, readable
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.reigns import Reign

TOLD_INTERVAL = 0.01
"""The seconds between two checks whether a commit that is held back has reached the replicas."""


class PadMeta(NamedTuple):
    """What the meta hash says. A pad that does not exist has head -1 (and may have an epoch)."""

    head: int
    epoch: int
    time: int
    chain: bytes
    creator: str
    read_only_id: str | None
    first: int  #: the oldest revision that is still in the stream
    snap: int  #: the revision of the snapshot; -1 if there is none
    reign: str  #: the reign under which this was read
    reigns: list[Reign]  #: the reigns that the pad has been through, up to the present one
    position: str  #: the inbox ID up to which the pad's partition is settled
    told: str  #: the inbox ID up to which the workers may know of it
    damaged: str = ""
    """What is wrong with the records from which the pad was brought; empty if nothing is. A damaged
    pad has only its present text, and can only be read."""

    @property
    def exists(self) -> bool:
        return self.head >= 0

    @property
    def is_here(self) -> bool:
        """Whether Redis alone says what there is of the pad: either it has the pad, or it has
        deleted it."""
        return self.exists or self.epoch != 0


_META_FIELDS = (
    *("head", "epoch", "time", "chain", "creator", "readonly", "first", "snap", "reigns"),
    "damaged",
)


async def read_meta(redis: Redis, keys: PadKeys) -> PadMeta:
    """Reads the meta. A pad that is not in Redis is brought there first, if it exists elsewhere.
    Raises `CorruptPad`, or what `UNREACHABLE` lists."""
    meta = await read_meta_here(redis, keys)
    if not meta.is_here and (others := redis.elsewhere) is not None:
        if not await others.bring(keys.pad_id):
            return meta
        meta = await read_meta_here(redis, keys)
    return meta


async def read_meta_here(redis: Redis, keys: PadKeys) -> PadMeta:
    """Reads what Redis alone says of the pad. Raises what `read_meta` raises."""
    with of_right_type(keys.meta):
        reply = await scripts.META(redis.client, [keys.state, keys.meta], _META_FIELDS)
    with readable(keys.meta):
        meta = _meta(reply)
    await redis.heard_under(keys.partition, meta.reign)
    return meta


def _meta(reply: Sequence[Any]) -> PadMeta:
    (
        reign,
        position,
        told,
        head,
        epoch,
        time,
        chain,
        creator,
        readonly,
        first,
        snap,
        record,
        damaged,
    ) = reply
    return PadMeta(
        int(head or -1),
        int(epoch or 0),
        int(time or 0),
        chain or b"",
        (creator or b"").decode(),
        readonly.decode() if readonly else None,
        int(first or 0),
        int(snap or -1),
        reign.decode(),
        reigns.entered(reigns.parse((record or b"").decode()), reign.decode(), int(head or -1)),
        position.decode(),
        told.decode(),
        (damaged or b"").decode("utf-8", "replace"),
    )


async def is_beheaded(redis: Redis, keys: PadKeys) -> bool:
    """Returns whether there are revisions of a pad whose meta is missing or says that it was
    deleted, because the key was lost, evicted or deleted by hand. Raises what `UNREACHABLE` lists.
    """
    there = await redis.client.exists(keys.revs, keys.chunks)
    # A pad that has been made meanwhile has revisions and meta.
    return bool(there) and not (await read_meta(redis, keys)).exists


ReadMeta = Callable[[Redis, PadKeys], Awaitable[PadMeta]]


async def read_told_meta(redis: Redis, keys: PadKeys, read: ReadMeta = read_meta) -> PadMeta:
    """Reads the meta with what may be shown to clients. If commits wait for replicas, a revision in
    the stream could still get lost; this waits until it no longer can. `read` is `read_meta` or
    `read_meta_here`."""
    meta = await read(redis, keys)
    told = meta.told
    while inbox_order(told) < inbox_order(meta.position):
        await asyncio.sleep(TOLD_INTERVAL)
        again = await read(redis, keys)
        if again.reign != meta.reign:
            meta = again
        told = again.told
    return meta


def inbox_order(entry_id: str) -> tuple[int, int]:
    """Returns a stream ID as numbers: compared as text, 10-0 would come before 9-0."""
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)
