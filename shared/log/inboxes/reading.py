"""This module reads inboxes: usually in bulk, and carefully if that has failed.

No entry in an inbox is larger than `ENTRY_BYTES`, so a number of entries limits the number of
bytes. Entries from an older version, or from somebody else, may be of any size.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

from redis.exceptions import ResponseError

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import PATIENCE, Redis
from padfleet.shared.log.damage import is_wrong_type
from padfleet.shared.log.entries import Entry
from padfleet.shared.log.fleet.agreement import require_known_format
from padfleet.shared.log.inboxes.limits import ENTRY_BYTES, LARGEST_BYTES, PART_BYTES
from padfleet.shared.log.inboxes.received import (
    START_BYTES,
    Received,
    Staged,
    UnreadableEntry,
    decode,
    receive,
    unread,
)
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import inbox_order
from padfleet.shared.tasks import aside

READ_BYTES: Final = 32 << 20
"""The maximum number of bytes of one read of inboxes."""

CAREFUL_BYTES: Final = 1 << 20
"""The maximum number of bytes of one careful read, unless a single entry is larger."""

STEP: Final = 4
"""The number of parts of a large entry in one read."""

OVERHEAD: Final = 1 << 10
"""How many bytes an entry may take in addition to its content."""


def entered_at(entry_id: str) -> int:
    """Returns when Redis accepted the entry, by its clock, in ns since 1970."""
    return inbox_order(entry_id)[0] * 1_000_000


async def read_inboxes(
    redis: Redis, keyspace: Keyspace, positions: dict[int, str], *, block_ms: int, count: int
) -> dict[int, list[Received]]:
    """Returns the next entries after these positions, by partition, and waits up to `block_ms` for
    the first. Returns at most `count` entries of each partition, and fewer if they could exceed
    `READ_BYTES`.

    On a cluster, only one partition may be asked for, because several slots cannot be read in one
    call.

    Raises `NewerFormat` if an entry cannot be read and the fleet has a newer format, so that what
    only a newer release can read is not taken for damaged; also raises what redis-py raises.
    """
    each = max(1, min(count, READ_BYTES // (ENTRY_BYTES * len(positions))))
    found = await _read(redis, keyspace, positions, each, block_ms)
    for partition, received in found.items():
        if len(received) == each < count:
            # This one has more entries; perhaps no other has.
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
        if "UNBLOCKED" in str(error):  # the stream has vanished, or we are told to look again
            return {}
        raise
    found: dict[int, list[Received]] = {}
    for key, entries in cast(
        "Sequence[tuple[bytes, Sequence[tuple[bytes, Sequence[bytes]]]]]", reply or ()
    ):
        partition = keyspace.partition_of_inbox(key)
        found[partition] = [
            # An entry consists of alternating fields and values.
            _of_partition(receive(i, dict(zip(e[::2], e[1::2], strict=True))), keyspace, partition)
            for i, e in entries
        ]
    if any(_is_strange(received) for batch in found.values() for received in batch):
        # A newer release announces its format before it writes; its entries must not be taken for
        # damaged.
        async with asyncio.timeout(PATIENCE):
            await require_known_format(redis)
    return found


def _is_strange(received: Received) -> bool:
    """Returns whether the entry is in a newer form or in none that can be recognised."""
    return received.unread is not None and received.unread.reason in ("form", "malformed")


def _of_partition(received: Received, keyspace: Keyspace, partition: int) -> Received:
    """Returns the entry, or an unreadable one in its place if its pad belongs to another partition
    and therefore to another writer."""
    entry = received.entry
    if entry is None or keyspace.partition_of(entry.pad) == partition:
        return received
    why = f"its pad is of partition {keyspace.partition_of(entry.pad)}"
    return Received(received.id, None, unread("partition", why, 0, b""))


async def read_carefully(
    redis: Redis, keyspace: Keyspace, partition: int, position: str, *, count: int
) -> list[Received]:
    """Returns the next entries of one partition, without waiting. They are measured first, and
    those that are too large are not read."""
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
    # This also reads if there is nothing, to find out whether the inbox can be read.
    read = await _read(redis, keyspace, {partition: position}, max(1, sound), None)
    return read.get(partition, [])


async def next_entry(redis: Redis, keyspace: Keyspace, partition: int, position: str) -> Received:
    """Returns the next entry of the inbox undecoded, because it could not be read in time. Raises
    ValueError if there is none."""
    measured: list[Any] = await scripts.MEASURE(
        redis.client, [keyspace.inbox(partition)], [position, 1, 1, START_BYTES]
    )
    if not measured:
        raise ValueError("the inbox is empty")
    entry_id, size, start = measured[0]
    why = "it could not be read in time"
    return Received(entry_id.decode(), None, unread("too large", why, size, start))


async def read_staged(redis: Redis, keyspace: Keyspace, partition: int, staged: Staged) -> Entry:
    """Reads the entry that is stored beside the inbox. Raises `UnreadableEntry`, or what
    `UNREACHABLE` lists."""
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
    # A large entry is decoded in a thread, so that no turn of the event loop takes too long.
    entry = await aside(len(data) >= CAREFUL_BYTES, decode, data)
    if (entry.pad, entry.origin) != (staged.pad, staged.origin):
        raise UnreadableEntry("malformed", "it is not the entry that it is said to be")
    return entry


async def drop_staged(redis: Redis, keys: Sequence[str]) -> None:
    """Deletes what was stored beside the inbox under these keys (`Keyspace.staging`), at least one
    and all of one partition. Raises what `UNREACHABLE` lists; the keys then expire by themselves.
    """
    await redis.client.unlink(*keys)
