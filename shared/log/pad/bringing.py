"""This module puts a pad into Redis that comes back from a cold store."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, cast

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.moving import PadMove
from padfleet.shared.log.pad.witness import witness_key

STAGED_S = 600
"""The seconds after which an unfinished part of a pad expires."""

STAGE_BYTES = 1 << 20
"""The bytes of entries that are stored in one call, which takes a millisecond or two of the
server's time."""

STAGE_ENTRIES = 1000

StreamItems = tuple[str, Sequence[bytes]]
"""The ID of an entry of a stream, and its alternating fields and values."""

Installed = Literal["ok", "reign", "here", "moved", "staged", "damaged"]
"""Whether a pad was put in its place: ``ok``, or why not."""


class ThawedPad(NamedTuple):
    """What is stored when a pad comes back into Redis."""

    meta: Mapping[str, bytes | str | int]
    reigns: str
    sessions: int
    fences: Mapping[str, int]
    seen: Mapping[str, str]
    saved: Sequence[bytes]
    snapshot: bytes | None
    noted: bytes  #: what is stored after its stamp


class Bringing:
    """A pad's streams, which are stored under temporary keys before they are put in place."""

    def __init__(self, redis: Redis, keyspace: Keyspace, keys: PadKeys) -> None:
        base = keyspace.staging(keys.partition, secrets.token_hex(8))
        self._redis = redis
        self._keyspace = keyspace
        self._keys = keys
        self._revs, self._chat = f"{base}:revs", f"{base}:chat"
        self._counts = [0, 0]

    async def revisions(self, first: int, records: Sequence[bytes]) -> None:
        """Adds revisions. Raises what `UNREACHABLE` lists."""
        entries = [(f"{first + i}-1", (b"r", record)) for i, record in enumerate(records)]
        self._counts[0] = await self._stage(self._revs, entries)

    async def chat(self, messages: Sequence[StreamItems]) -> None:
        self._counts[1] = await self._stage(self._chat, messages)

    async def _stage(self, key: str, entries: Sequence[StreamItems]) -> int:
        args: list[scripts.Argument] = [STAGED_S]
        size = number = count = 0
        for entry_id, items in entries:
            args += [entry_id, len(items), *items]
            size += sum(map(len, items))
            number += 1
            if size > STAGE_BYTES or number == STAGE_ENTRIES:
                count = await scripts.STAGE(self._redis.client, [key], args)
                args, size, number = [STAGED_S], 0, 0
        if number:
            count = await scripts.STAGE(self._redis.client, [key], args)
        return int(count)

    async def install(self, pad: ThawedPad, move: PadMove) -> Installed:
        """Puts the pad in its place, if a move with the same name is there. Returns whether it
        did, or why not."""
        keys = self._keys
        lists: list[scripts.Argument] = [len(pad.meta)]
        for name, value in pad.meta.items():
            lists += [name, value]
        lists.append(len(pad.fences))
        for author, order in pad.fences.items():
            lists += [author, order]
        lists.append(len(pad.seen))
        for author, history in pad.seen.items():
            lists += [author, history]
        lists += [len(pad.saved), *pad.saved]
        reply: bytes = await scripts.THAW(
            self._redis.client,
            [
                keys.state,
                keys.meta,
                self._keyspace.moving(keys.partition),
                self._keyspace.hot(keys.partition),
                keys.fences,
                keys.seen,
                keys.saved,
                keys.snap,
                keys.chunks,
                self._revs,
                keys.revs,
                self._chat,
                keys.chat,
                keys.witnesses,
            ],
            [
                move.reign,
                keys.pad_id,
                keys.channel,
                move.name,
                *self._counts,
                pad.snapshot or b"",
                pad.reigns,
                pad.sessions,
                pad.noted,
                witness_key(keys.pad_id),
                *lists,
            ],
        )
        return cast("Installed", reply.decode())

    async def drop(self) -> None:
        """Removes what has not been put in place."""
        if any(self._counts):
            await self._redis.client.unlink(self._revs, self._chat)
