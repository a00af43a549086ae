"""This module moves pads between Redis and a cold store: it has the steps that involve Redis.

`shared/cold/places.py` says which step may follow which; each step here is one script.
"""

import time
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, cast, get_args

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.errors import error_of
from padfleet.shared.log.damage import CorruptPad, of_right_type, readable
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.chat import NO_MESSAGES
from padfleet.shared.log.pad.witness import Witness, witness_key

STAMP = 40
"""The length of a stamp in characters, see `stamp.lua`."""

Frozen = Literal["ok", "lease", "changed", "people", "inbox"]
"""The result of freezing a pad: ``ok`` if it has left Redis, otherwise why it stays."""

Way = Literal["thaw", "freeze", "lost"]
"""Where a pad is going; ``lost`` if it was lost in Redis and is brought back from the store."""


class PadMove(NamedTuple):
    """The note in Redis about a pad that is on its way."""

    way: Way
    epoch: int
    edition: int
    reign: str
    at: int = 0  #: when it was stored, in ms since 1970

    @property
    def name(self) -> str:
        """The move without its time."""
        return f"{self.way} {self.epoch} {self.edition} {self.reign}"

    def to_text(self) -> str:
        return f"{self.name} {self.at}"

    @classmethod
    def from_text(cls, text: str) -> "PadMove | None":
        """Decodes a move. Returns None for anything that is not one."""
        way, *rest = text.split(" ")
        if way not in get_args(Way) or len(rest) != 4:
            return None
        epoch, edition, reign, at = rest
        try:
            return cls(cast("Any", way), int(epoch), int(edition), reign, int(at))
        except ValueError:
            return None


class Whereabouts(NamedTuple):
    """What Redis knows about where a pad is."""

    reign: str
    head: int | None  #: -1: it was deleted; None: nothing of it is here
    epoch: int
    move: str  #: empty if there is none
    witness: Witness | None = None
    """What the cold store had of the pad when it left Redis; None if Redis does not know."""


class PadStanding(NamedTuple):
    """The state of a pad that is in Redis."""

    head: int | None  #: as in `Whereabouts`
    epoch: int
    even: bool  #: whether the cold store has all of it
    people: int
    sessions: int
    time: int  #: that of the last revision, in ms since 1970
    quiet_ms: int  #: for how long nobody has been found on it; counted from when it came, at most
    opened: bool  #: whether it was made by opening it, and goes away if nobody writes in it


class StoredPad(NamedTuple):
    """The small keys of a pad, as they are stored."""

    meta: dict[bytes, bytes]
    stamp: str  #: the pad's stamp at that moment
    fences: dict[bytes, bytes]
    seen: dict[bytes, bytes]
    chat: int  #: the number of the newest message; -1 if there is none
    saved: bytes  #: the newest of the saved revisions; empty if there is none


async def whereabouts(redis: Redis, keyspace: Keyspace, keys: PadKeys) -> Whereabouts:
    """Reads where the pad is. Raises `CorruptPad`, or what `UNREACHABLE` lists."""
    with of_right_type(keys.meta):
        reign, head, epoch, move, witness = await scripts.WHEREABOUTS(
            redis.auto_pipeline,
            [
                keys.state,
                keys.meta,
                keyspace.moving(keys.partition),
                keys.witnesses,
            ],
            [keys.pad_id, witness_key(keys.pad_id)],
        )
    await redis.heard_under(keys.partition, reign.decode())
    with readable(keys.meta):
        return Whereabouts(
            reign.decode(),
            int(head) if head else None,
            int(epoch or 0),
            move.decode(),
            Witness.from_bytes(witness),
        )


class KeptFrom(NamedTuple):
    """Which part of a pad's history Redis has."""

    epoch: int
    first: int  #: the oldest revision that is in the stream


async def where_it_begins(redis: Redis, keys: PadKeys) -> KeptFrom | None:
    """Returns which part of the pad's history Redis has, or None if it has nothing of the pad.
    Raises what `whereabouts` raises."""
    with of_right_type(keys.meta):
        head, epoch, first = await redis.auto_pipeline.hmget(keys.meta, ["head", "epoch", "first"])
    with readable(keys.meta):
        return KeptFrom(int(epoch or 0), int(first or 0)) if head is not None else None


async def hold(redis: Redis, keyspace: Keyspace, pad: str) -> None:
    """Keeps the pad in Redis for as long as if somebody had just been on it, for a caller that is
    about to read it in several steps. Raises what `UNREACHABLE` lists."""
    now = int(time.time() * 1000)
    await redis.client.zadd(keyspace.hot(keyspace.partition_of(pad)), {pad: now}, xx=True)


async def announce_fetching(
    redis: Redis, keyspace: Keyspace, keys: PadKeys, seen: Whereabouts, move: PadMove
) -> bool:
    """Stores the move of a thaw. Returns False if something has changed since `seen` was read."""
    reply = await scripts.FETCHING(
        redis.auto_pipeline,
        [
            keys.state,
            keys.meta,
            keyspace.moving(keys.partition),
            keys.witnesses,
        ],
        [
            seen.reign,
            keys.pad_id,
            seen.move,
            move.to_text(),
            witness_key(keys.pad_id),
            seen.witness.to_bytes() if seen.witness is not None else b"",
        ],
    )
    return bool(reply == b"ok")


# --- What a writer does --------------------------------------------------------------------------


async def hot_pads(redis: Redis, keyspace: Keyspace, partition: int) -> list[str]:
    """Returns the partition's pads that are in Redis, those first that nobody has been on for the
    longest time."""
    return [name.decode() for name in await redis.auto_pipeline.zmembers(keyspace.hot(partition))]


async def note_hot(redis: Redis, keyspace: Keyspace, pads: Sequence[str]) -> None:
    """Notes that these pads are in Redis, and that the cold store may be behind. Raises what
    `UNREACHABLE` lists."""
    pipeline = redis.client.pipeline(transaction=False)
    now = int(time.time() * 1000)
    for pad in pads:
        _ = pipeline.zadd(keyspace.hot(keyspace.partition_of(pad)), {pad: now}, nx=True)
    await pipeline.execute()


async def standings(
    redis: Redis, keyspace: Keyspace, partition: int, pads: Sequence[str]
) -> list[PadStanding | CorruptPad]:
    """Returns the state of these pads of one partition. Ask for some hundreds at a time. Raises
    what `UNREACHABLE` lists."""
    keys = [keyspace.hot(partition), keyspace.unwritten(partition)]
    for pad in pads:
        own = keyspace.pad(pad)
        keys += [own.meta, own.members, own.chat, own.saved, own.fences]
    replies: list[Any] = await scripts.BEHIND(redis.auto_pipeline, keys, list(pads))
    return [_standing(reply) for reply in replies]


def _standing(reply: Any) -> PadStanding | CorruptPad:
    if isinstance(reply, bytes):
        fault = error_of(text := reply.decode("utf-8", "replace"))
        if isinstance(fault, UNREACHABLE):
            raise fault  # the server takes no writes, which says nothing about the pad
        return CorruptPad(text)
    head, epoch, even, people, sessions, last, quiet, opened = reply
    try:
        return PadStanding(
            int(head) if head else None,
            int(epoch or 0),
            bool(even),
            int(people),
            int(sessions),
            int(last),
            int(quiet),
            bool(opened),
        )
    except ValueError as error:
        return CorruptPad(str(error))


async def read_stored(redis: Redis, keys: PadKeys) -> StoredPad | None:
    """Reads the small keys of a pad. Returns None if nothing of it is in Redis. Raises
    `CorruptPad`, or what `UNREACHABLE` lists."""
    with of_right_type(keys.meta):
        stamp, newest, saved, *hashes = await scripts.SMALL(
            redis.auto_pipeline,
            [keys.meta, keys.chat, keys.saved, keys.fences, keys.seen, keys.seen_before],
            [],
        )
    meta, fences, young, old = (dict(zip(h[::2], h[1::2], strict=True)) for h in hashes)
    if b"head" not in meta:
        return None
    chat = int(newest.partition(b"-")[0]) if newest else NO_MESSAGES
    return StoredPad(meta, stamp.decode(), fences, {**old, **young}, chat, saved)


async def note_written(redis: Redis, keys: PadKeys, epoch: int, stamp: str, noted: bytes) -> None:
    """Notes that the cold store has the pad as it was under this stamp."""
    await scripts.WRITTEN(redis.auto_pipeline, [keys.meta], [epoch, stamp.encode() + noted])


async def freeze(
    redis: Redis,
    keyspace: Keyspace,
    lease: Lease,
    pad: str,
    stored: StoredPad,
    move: PadMove,
    witness: Witness,
    after_ms: int = 0,
) -> Frozen:
    """Takes the pad out of Redis if it is as it was when `stored` was read, and nobody has held it
    there for `after_ms`. Only for the holder of the lease. `witness` says what the cold store has
    of the pad."""
    keys = keyspace.pad(pad)
    own = (keys.members, keys.chat, keys.saved, keys.fences)
    reply: bytes = await scripts.FREEZE(
        redis.client,
        [
            keys.state,
            keyspace.inbox(keys.partition),
            keyspace.hot(keys.partition),
            keyspace.moving(keys.partition),
            keys.witnesses,
            keys.meta,
            *own,
            *(key for key in keys.deletable if key not in own),
        ],
        [
            lease.term,
            lease.reign,
            pad,
            stored.meta.get(b"epoch", b"0"),
            stored.meta[b"head"],
            stored.meta.get(b"chain", b""),
            stored.stamp,
            stored.meta.get(b"sessions", b"0"),
            move.to_text(),
            after_ms,
            witness_key(pad),
            witness.to_bytes(),
        ],
    )
    return cast("Frozen", reply.decode())


async def forget_witness(redis: Redis, keyspace: Keyspace, pad: str) -> None:
    """Forgets what the cold store had of the pad, for a caller that is about to delete it there.
    Raises what `UNREACHABLE` lists."""
    witnesses = keyspace.witnesses(keyspace.partition_of(pad))
    await scripts.FORGET(redis.auto_pipeline, [witnesses], [witness_key(pad)])


async def accept(redis: Redis, keyspace: Keyspace, pad: str) -> bool:
    """Accepts whatever the cold store has of the pad. Returns False if nothing is known that could
    speak against it. Raises what `UNREACHABLE` lists."""
    partition = keyspace.partition_of(pad)
    keys = [keyspace.state(partition), keyspace.witnesses(partition)]
    return bool(await scripts.ACCEPT(redis.client, keys, [witness_key(pad)]))


async def accept_all(redis: Redis, keyspace: Keyspace) -> int:
    """Accepts whatever the cold store has of any pad that is not in Redis. Returns of how many pads
    something is known. Raises what `UNREACHABLE` lists."""
    count = 0
    for partition in range(keyspace.partitions):
        keys = [keyspace.state(partition), keyspace.witnesses(partition)]
        count += int(await scripts.ACCEPT(redis.client, keys, [""]))
    return count


async def bury(redis: Redis, keyspace: Keyspace, pad: str, epoch: int) -> None:
    """Removes what is left of a deleted pad."""
    keys = keyspace.pad(pad)
    await scripts.BURY(redis.auto_pipeline, [keyspace.hot(keys.partition), keys.meta], [pad, epoch])


async def moves(redis: Redis, keyspace: Keyspace, partition: int) -> dict[str, str]:
    """Returns, by pad, the moves of the partition's pads that are on their way."""
    (found,) = await redis.auto_pipeline.hgetall_each([keyspace.moving(partition)])
    return {pad.decode(): move.decode() for pad, move in found.items()}


async def arrived(redis: Redis, keyspace: Keyspace, pad: str, move: str) -> None:
    """Removes the move, if it is still the same."""
    partition = keyspace.partition_of(pad)
    await scripts.ARRIVED(redis.auto_pipeline, [keyspace.moving(partition)], [pad, move])
