"""Reading inboxes: in bulk as a rule, and with care where that has failed.

No entry that stands in an inbox is larger than `ENTRY_BYTES`, so that a number of entries is a
number of bytes. What an older version has put there, or somebody else, may be of any size.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

from redis.exceptions import ResponseError

from padfleet.shared.log import scripts
from padfleet.shared.log.agreement import require_known_format
from padfleet.shared.log.connect import PATIENCE, Redis
from padfleet.shared.log.damage import is_wrong_type
from padfleet.shared.log.entries import (
    START_BYTES,
    Received,
    Staged,
    UnreadableEntry,
    decode,
    receive,
    unread,
)
from padfleet.shared.log.history import inbox_order
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.limits import ENTRY_BYTES, LARGEST_BYTES, PART_BYTES
from padfleet.shared.log.records import Entry
from padfleet.shared.tasks import aside

READ_BYTES: Final = 32 << 20
"""The most bytes of one read of inboxes."""

CAREFUL_BYTES: Final = 1 << 20
"""The most bytes of one careful read, unless one entry alone is more."""

STEP: Final = 4
"""Parts of a large entry in one read."""

OVERHEAD: Final = 1 << 10
"""Bytes that an entry may take besides what it brings."""


def entered_at(entry_id: str) -> int:
    """When Redis took the entry in, by its clock: ns since the epoch."""
    return inbox_order(entry_id)[0] * 1_000_000


async def read_inboxes(
    redis: Redis, keyspace: Keyspace, positions: dict[int, str], *, block_ms: int, count: int
) -> dict[int, list[Received]]:
    """The next entries behind these positions, by partition; waits up to `block_ms` for the first.
    `count` of each partition at most, and fewer where they could be `READ_BYTES`.

    On a cluster all partitions asked for must be one: several slots cannot be read in one call.

    Raises `NewerFormat`, rather than taking what only a newer release can read for damaged; and
    what redis-py raises.
    """
    each = max(1, min(count, READ_BYTES // (ENTRY_BYTES * len(positions))))
    found = await _read(redis, keyspace, positions, each, block_ms)
    for partition, received in found.items():
        if len(received) == each < count:
            # There are more of this one, perhaps of this one alone.
            behind = {partition: received[-1].id}
            more = await _read(redis, keyspace, behind, count - each, None)
            received += more.get(partition, [])
    return found


async def _read(
    redis: Redis, keyspace: Keyspace, positions: dict[int, str], count: int, block_ms: int | None
) -> dict[int, list[Received]]:
    streams = ("STREAMS", *map(keyspace.inbox, positions), *positions.values())
    try:
        if block_ms is None:
            reply = await redis.hot.call("XREAD", "COUNT", count, *streams)
        else:
            reply = await redis.hot.call_blocking(
                "XREAD", "COUNT", count, "BLOCK", block_ms, *streams
            )
    except ResponseError as error:
        if "UNBLOCKED" in str(error):  # the stream vanished, or we were told to look again
            return {}
        raise
    found: dict[int, list[Received]] = {}
    for key, entries in cast(
        "Sequence[tuple[bytes, Sequence[tuple[bytes, Sequence[bytes]]]]]", reply or ()
    ):
        partition = keyspace.partition_of_inbox(key)
        found[partition] = [
            # An entry is its fields and values in turn.
            _of_partition(receive(i, dict(zip(e[::2], e[1::2], strict=True))), keyspace, partition)
            for i, e in entries
        ]
    if any(_is_strange(received) for batch in found.values() for received in batch):
        # Whoever writes what is new has said so before, and it must not be taken for damaged.
        async with asyncio.timeout(PATIENCE):
            await require_known_format(redis)
    return found


def _is_strange(received: Received) -> bool:
    """Whether it is of a newer form, or of none."""
    return received.unread is not None and received.unread.reason in ("form", "malformed")


def _of_partition(received: Received, keyspace: Keyspace, partition: int) -> Received:
    """An entry of a pad that lives elsewhere is for another writer, if for any."""
    entry = received.entry
    if entry is None or keyspace.partition_of(entry.pad) == partition:
        return received
    why = f"its pad is of partition {keyspace.partition_of(entry.pad)}"
    return Received(received.id, None, unread("partition", why, 0, b""))


async def read_carefully(
    redis: Redis, keyspace: Keyspace, partition: int, position: str, *, count: int
) -> list[Received]:
    """The next entries of one partition, without waiting for any. They are measured first: those
    that are too large are not read."""
    key = keyspace.inbox(partition)
    measured: list[Any] = await scripts.MEASURE(
        redis.client, [key], [position, count, CAREFUL_BYTES, START_BYTES]
    )
    found: list[Received] = []
    for entry_id, size, start in measured:
        if size <= LARGEST_BYTES + OVERHEAD:
            break
        why = f"it takes {size:,} bytes, of {LARGEST_BYTES:,} at most"
        found.append(Received(entry_id.decode(), None, unread("too large", why, size, start)))
    if found:
        return found
    sound = 0
    while sound < len(measured) and measured[sound][1] <= LARGEST_BYTES + OVERHEAD:
        sound += 1
    # Also where there is nothing: whether the inbox can be read is what is to be found out.
    read = await _read(redis, keyspace, {partition: position}, max(1, sound), None)
    return read.get(partition, [])


async def next_entry(redis: Redis, keyspace: Keyspace, partition: int, position: str) -> Received:
    """What stands next in the inbox, unread: it could not be read in time. ValueError if there is
    nothing."""
    measured: list[Any] = await scripts.MEASURE(
        redis.client, [keyspace.inbox(partition)], [position, 1, 1, START_BYTES]
    )
    if not measured:
        raise ValueError("the inbox is empty")
    entry_id, size, start = measured[0]
    why = "it could not be read in time"
    return Received(entry_id.decode(), None, unread("too large", why, size, start))


async def read_staged(redis: Redis, keyspace: Keyspace, partition: int, staged: Staged) -> Entry:
    """The entry that stands beside the inbox. Raises `UnreadableEntry`, or what `UNREACHABLE`
    lists."""
    key = keyspace.staging(partition, staged.token)
    parts: list[bytes] = []
    for first in range(0, staged.parts, STEP):
        numbers = [str(n) for n in range(first, min(first + STEP, staged.parts))]
        try:
            found: list[Any] = await redis.client.hmget(key, numbers)
        except ResponseError as error:
            if not is_wrong_type(error):
                raise
            raise UnreadableEntry("malformed", f"{key} is of a wrong type") from error
        for number, part in zip(numbers, found, strict=True):
            if part is None:
                raise UnreadableEntry(
                    "expired", f"part {number} of {staged.parts} is not there any more"
                )
            if len(part) > PART_BYTES:
                raise UnreadableEntry("malformed", f"part {number} takes {len(part):,} bytes")
            parts.append(part)
    data = b"".join(parts)
    if len(data) != staged.size:
        raise UnreadableEntry("malformed", f"{len(data):,} bytes were brought of {staged.size:,}")
    # Not for longer than a turn of the event loop.
    entry = await aside(len(data) >= CAREFUL_BYTES, decode, data)
    if (entry.pad, entry.origin) != (staged.pad, staged.origin):
        raise UnreadableEntry("malformed", "it is not the entry that it is said to be")
    return entry


async def drop_staged(redis: Redis, keys: Sequence[str]) -> None:
    """Takes away what stood beside the inbox under these keys (`Keyspace.staging`), of one
    partition and at least one. Raises what `UNREACHABLE` lists; then it expires by itself."""
    await redis.client.unlink(*keys)
