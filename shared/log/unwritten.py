"""Pads that somebody opened and nobody ever wrote in. They go away by themselves.

A pad that somebody makes by opening it is put on record here in the same step, and so is one that
is made for a file's text to come into; pads that the HTTP API makes, or that are brought as they
are, are wanted as they are and never stand here. After a while the partition's writer looks: a pad
with text of somebody's, chat or saved revisions stays for good, one that somebody is on is looked
at again, and any other is taken away, with all that belongs to it.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from padfleet.shared.bounds import is_pad_id, number_of
from padfleet.shared.log import presence, scripts
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import Keyspace, author_pads_key
from padfleet.shared.log.leases import Lease
from padfleet.shared.log.pads import forget_read_only

MOST = 20
"""Pads that are looked at in a row: some milliseconds, in which the partition stands still."""


class Unwritten(NamedTuple):
    """A pad as it was opened."""

    pad: str
    epoch: int

    @property
    def record(self) -> str:
        return f"{self.epoch} {self.pad}"


async def due(
    redis: Redis, keyspace: Keyspace, partition: int, before_ms: float
) -> list[Unwritten]:
    """Those that were last looked at before this time, in ms since 1970; some, if there are
    many."""
    reply = await redis.client.zrangebyscore(
        keyspace.unwritten(partition), "-inf", before_ms, start=0, num=MOST
    )
    found = []
    for record in cast("Sequence[bytes]", reply):
        epoch, _, pad = record.decode("utf-8", "replace").partition(" ")
        if (number := number_of(epoch)) is None or not is_pad_id(pad):
            await redis.client.zrem(keyspace.unwritten(partition), record)  # not ours
        else:
            found.append(Unwritten(pad, number))
    return found


async def put_off(
    redis: Redis, keyspace: Keyspace, partition: int, one: Unwritten, until_ms: float
) -> None:
    """Looks at it again only then: what cannot be vacated is not in the way of the others."""
    await redis.client.zadd(keyspace.unwritten(partition), {one.record: until_ms}, xx=True)


async def vacate(
    redis: Redis, keyspace: Keyspace, lease: Lease, one: Unwritten, now_ms: float
) -> Literal["gone", "kept", "later", "lease"]:
    """Takes the pad away if that is right, see vacate.lua. Only for who has the partition's lease,
    and is not in the middle of a batch of it."""
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
        # Keys in slots of their own. Should this not come to pass, they lead nowhere.
        read_only_id, creator = (value.decode() for value in more)
        if read_only_id:
            await forget_read_only(redis, read_only_id)
        if creator:
            await redis.client.hdel(author_pads_key(creator), one.pad)
    found: Literal["gone", "kept", "later", "lease"] = verdict.decode()
    return found
