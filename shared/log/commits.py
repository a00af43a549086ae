"""What a writer stores under its lease: one script each, which checks term, position and reign.

Every function may be called again after an answer that was lost. It raises what `UNREACHABLE`
lists, and `ResponseError` where a key is of a wrong type.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from padfleet.shared.log import scripts
from padfleet.shared.log.chunks import CHUNK_REVISIONS, encode_chunk
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.leases import Lease
from padfleet.shared.log.records import Revision, Snapshot
from padfleet.shared.log.scripts import Argument
from padfleet.shared.log.unwritten import Unwritten


class CommitVerdict(NamedTuple):
    """What commit.lua or delete.lua answers."""

    word: bytes  #: ``ok``, or which of its checks failed
    details: list[Any]  #: what it has found instead


class PadPart(NamedTuple):
    """One pad's part of a commit: of commit.lua's KEYS and ARGV."""

    keys: list[str]
    args: list[Argument]


class CommitCall(NamedTuple):
    """What commit.lua is called with."""

    keys: list[str]
    args: list[Argument]


def commit_call(
    keyspace: Keyspace,
    lease: Lease,
    settled: Iterable[str],
    parts: Iterable[PadPart],
    opened: Sequence[Unwritten],
    *,
    lease_ms: int,
    hold: bool,
) -> CommitCall:
    """To store the parts of all pads, or of none, and lengthen the lease to `lease_ms` from then.

    `settled` are inbox IDs: first the new position, then entries behind it that are settled as
    well. `opened` are pads that are made by being opened. With `hold`, nobody is told yet.
    """
    partition = lease.partition
    keys = [keyspace.state(partition), keyspace.inbox(partition)]
    args: list[Argument] = [lease.term, lease.position, " ".join(settled), lease_ms]
    args += [lease.reign, "hold" if hold else "tell"]
    for part in parts:
        keys += part.keys
        args += part.args
    if opened:
        keys.append(keyspace.unwritten(partition))
        args += [one.record for one in opened]
    return CommitCall(keys, args)


async def commit(redis: Redis, call: CommitCall) -> CommitVerdict:
    """Makes the call. It may be made again after an answer that was lost."""
    word, *details = await scripts.COMMIT(redis.hot, call.keys, call.args)
    return CommitVerdict(word, details)


def post(redis: Redis, calls: Sequence[CommitCall]) -> "asyncio.Future[list[Any]] | None":
    """Makes several calls, which may be of several partitions where these are on one server, as
    `HotCommands.post` does. The replies are for `verdict_of`."""
    return redis.hot.post([scripts.COMMIT.command(call.keys, call.args) for call in calls])


def verdict_of(reply: Any) -> CommitVerdict | None:
    """What a call has come to; None: it is not known."""
    return None if isinstance(reply, Exception) else CommitVerdict(reply[0], reply[1:])


async def delete(
    redis: Redis, lease: Lease, position: str, keys: PadKeys, epoch: int
) -> CommitVerdict:
    """Takes the pad's keys away and moves the inbox to `position`; `epoch` is of whatever comes
    after the pad."""
    all_keys = [keys.state, keys.meta, *keys.deletable]
    args: list[Argument] = [lease.term, lease.position, position]
    args += [keys.channel, epoch, lease.reign]
    word, *details = await scripts.DELETE(redis.client, all_keys, args)
    return CommitVerdict(word, details)


async def tell_held_back(
    redis: Redis,
    keyspace: Keyspace,
    lease: Lease,
    position: str,
    messages: Mapping[str, bytes],
) -> None:
    """Publishes, by channel, what the commit that led to `position` held back."""
    args: list[Argument] = [lease.term, position]
    for channel, message in messages.items():
        args += [channel, message]
    await scripts.TELL(redis.client, [keyspace.state(lease.partition)], args)


async def put_snapshot(redis: Redis, lease: Lease, keys: PadKeys, snapshot: Snapshot) -> None:
    """Puts a snapshot in the place of the one before. Nothing is stored where the lease is somebody
    else's by now, or the pad has another epoch, or a newer snapshot."""
    await scripts.SNAPSHOT(
        redis.client,
        [keys.state, keys.snap, keys.meta],
        [lease.term, snapshot.rev, snapshot.epoch, snapshot.to_bytes(), lease.reign],
    )


async def pack_chunk(
    redis: Redis, lease: Lease, keys: PadKeys, epoch: int, revisions: Sequence[Revision]
) -> bool:
    """Moves revisions, which are all those of one chunk, from the stream into it. False, and
    nothing is moved, where the lease is somebody else's by now, or the pad has another epoch."""
    number = revisions[0].rev // CHUNK_REVISIONS
    end = (number + 1) * CHUNK_REVISIONS
    moved = await scripts.COMPACT(
        redis.client,
        [keys.state, keys.revs, keys.chunks, keys.meta],
        [lease.term, epoch, number, encode_chunk(revisions), end, lease.reign],
    )
    return bool(moved)
