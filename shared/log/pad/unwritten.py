"""This module removes pads that somebody opened and nobody ever wrote in.

A pad that somebody makes by opening it is recorded here in the same step, and so is one that is
made for the text of a file. Pads that the HTTP API makes, or that are imported, are wanted as they
are and never recorded. After a while the partition's writer checks: a pad with somebody's text,
chat or saved revisions stays permanently, one that somebody is on is checked again later, and any
other is deleted with everything that belongs to it.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from padfleet.shared.bounds import is_pad_id, number_of
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace, author_pads_key
from padfleet.shared.log.pad.pads import forget_read_only
from padfleet.shared.log.people import presence

MOST = 20
"""The maximum number of pads that are checked in a row: some milliseconds, in which the partition
is blocked."""


class Unwritten(NamedTuple):
    """A pad as it was when it was opened."""

    pad: str
    epoch: int

    @property
    def record(self) -> str:
        return f"{self.epoch} {self.pad}"


async def due(
    redis: Redis, keyspace: Keyspace, partition: int, before_ms: float
) -> list[Unwritten]:
    """Returns pads that were last checked before this time, in ms since 1970; only some of them if
    there are many."""
    reply = await redis.client.zrangebyscore(
        keyspace.unwritten(partition), "-inf", before_ms, start=0, num=MOST
    )
    found = []
    for record in cast("Sequence[bytes]", reply):
        epoch, _, pad = record.decode("utf-8", "replace").partition(" ")
        if (number := number_of(epoch)) is None or not is_pad_id(pad):
            await redis.client.zrem(keyspace.unwritten(partition), record)  # an invalid record
        else:
            found.append(Unwritten(pad, number))
    return found


async def put_off(
    redis: Redis, keyspace: Keyspace, partition: int, one: Unwritten, checked_ms: float
) -> None:
    """Sets the time of the pad's last check, in ms since 1970, so that a pad which cannot be
    vacated is not in the way of the others."""
    await redis.client.zadd(keyspace.unwritten(partition), {one.record: checked_ms}, xx=True)


async def vacate(
    redis: Redis, keyspace: Keyspace, lease: Lease, one: Unwritten, now_ms: float
) -> Literal["gone", "kept", "later", "lease"]:
    """Deletes the pad if nobody needs it, see vacate.lua. Only for the holder of the partition's
    lease, while it is not in the middle of one of its batches."""
    keys = keyspace.pad(one.pad)
    await presence.bury(redis, keys)
    rest = [key for key in keys.deletable if key not in (keys.members, keys.chat, keys.saved)]
    verdict, *more = await scripts.VACATE(
        redis.client,
        [
            keys.state,
            keyspace.inbox(keys.partition),
            keyspace.unwritten(keys.partition),
            keys.meta,
            keys.members,
            keys.chat,
            keys.saved,
            *rest,
        ],
        [
            lease.term,
            lease.reign,
            one.record,
            one.epoch,
            one.pad,
            keys.channel,
            one.epoch + 1,
            int(now_ms),
        ],
    )
    if verdict == b"gone":
        # These keys are in other slots. If this is not reached, they lead to a pad that is gone.
        read_only_id, creator = (value.decode() for value in more)
        if read_only_id:
            await forget_read_only(redis, read_only_id)
        if creator:
            await redis.client.hdel(author_pads_key(creator), one.pad)
    found: Literal["gone", "kept", "later", "lease"] = verdict.decode()
    return found
