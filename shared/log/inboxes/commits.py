"""This module has what a writer stores under its lease. Each function runs one script, which checks
the term, the position and the reign.

Every function may be called again if its answer was lost. It raises what `UNREACHABLE` lists, and
`ResponseError` if a key has a wrong type.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.scripts import Argument
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS, encode_chunk
from padfleet.shared.log.pad.unwritten import Unwritten
from padfleet.shared.log.pad.witness import witness_key
from padfleet.shared.log.records import Revision, Snapshot


class CommitVerdict(NamedTuple):
    """The answer of commit.lua or delete.lua."""

    word: bytes  #: ``ok``, or the check that has failed
    details: list[Any]  #: what was found instead


class PadPart(NamedTuple):
    """One pad's part of a commit, as KEYS and ARGV of commit.lua."""

    keys: list[str]
    args: list[Argument]


class CommitCall(NamedTuple):
    """The arguments of commit.lua."""

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
    trim: bool,
    hold: bool,
) -> CommitCall:
    """Makes the call that stores either the parts of all pads or none, and extends the lease to
    `lease_ms` from then.

    Arguments:
        settled: inbox IDs: first the new position, then entries after it that are settled as well.
        opened: pads that are made by opening them.
        trim: whether settled entries are removed from the inbox now.
        hold: whether the commit is not published yet.
    """
    partition = lease.partition
    keys = [keyspace.state(partition), keyspace.inbox(partition)]
    args: list[Argument] = [lease.term, lease.position, " ".join(settled), lease_ms]
    args += [lease.reign, "trim" if trim else "", "hold" if hold else "tell"]
    for part in parts:
        keys += part.keys
        args += part.args
    if opened:
        keys.append(keyspace.unwritten(partition))
        args += [one.record for one in opened]
    return CommitCall(keys, args)


async def commit(redis: Redis, call: CommitCall) -> CommitVerdict:
    """Runs the call, which may be run again if its answer was lost."""
    word, *details = await scripts.COMMIT(redis.hot, call.keys, call.args)
    return CommitVerdict(word, details)


def post(redis: Redis, calls: Sequence[CommitCall]) -> "asyncio.Future[list[Any]] | None":
    """Sends several calls, which may be of several partitions on the same server, as
    `HotCommands.post` does. Pass the replies to `verdict_of`."""
    return redis.hot.post([scripts.COMMIT.command(call.keys, call.args) for call in calls])


def verdict_of(reply: Any) -> CommitVerdict | None:
    """Returns the verdict in a reply, or None if it is not known."""
    return None if isinstance(reply, Exception) else CommitVerdict(reply[0], reply[1:])


async def delete(
    redis: Redis, lease: Lease, position: str, keys: PadKeys, epoch: int
) -> CommitVerdict:
    """Deletes the pad's keys, and moves the inbox to `position`. `epoch` is that of whatever takes
    the pad's place."""
    all_keys = [keys.state, keys.witnesses, keys.meta, *keys.deletable]
    args: list[Argument] = [lease.term, lease.position, position]
    args += [keys.channel, epoch, lease.reign, witness_key(keys.pad_id)]
    word, *details = await scripts.DELETE(redis.client, all_keys, args)
    return CommitVerdict(word, details)


async def tell_held_back(
    redis: Redis,
    keyspace: Keyspace,
    lease: Lease,
    position: str,
    messages: Mapping[str, bytes],
) -> None:
    """Publishes, by channel, what was held back by the commit that led to `position`."""
    args: list[Argument] = [lease.term, position]
    for channel, message in messages.items():
        args += [channel, message]
    await scripts.TELL(redis.client, [keyspace.state(lease.partition)], args)


async def put_snapshot(redis: Redis, lease: Lease, keys: PadKeys, snapshot: Snapshot) -> None:
    """Replaces the pad's snapshot. Nothing is stored if the lease belongs to another writer by now,
    or if the pad has another epoch or a newer snapshot."""
    await scripts.SNAPSHOT(
        redis.client,
        [keys.state, keys.snap, keys.meta],
        [lease.term, snapshot.rev, snapshot.epoch, snapshot.to_bytes(), lease.reign],
    )


async def pack_chunk(
    redis: Redis, lease: Lease, keys: PadKeys, epoch: int, revisions: Sequence[Revision]
) -> bool:
    """Moves all revisions of one chunk from the stream into the chunk. Returns False, and moves
    nothing, if the lease belongs to another writer by now, or if the pad has another epoch."""
    number = revisions[0].rev // CHUNK_REVISIONS
    end = (number + 1) * CHUNK_REVISIONS
    moved = await scripts.COMPACT(
        redis.client,
        [keys.state, keys.revs, keys.chunks, keys.meta],
        [lease.term, epoch, number, encode_chunk(revisions), end, lease.reign],
    )
    return bool(moved)
