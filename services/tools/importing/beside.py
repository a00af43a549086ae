"""Imports what a database of Etherpad has that belongs to no pad: what authors are recognized by,
names of other systems, groups and their sessions."""

import time
from collections.abc import AsyncIterator
from typing import Any

from padfleet.shared import bounds
from padfleet.shared.batches import batches
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.source import Records
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.people import authors, group_sessions, groups, recognition
from padfleet.shared.log.people.identities import bring_mapper, bring_token

STEP = 200
"""How many records are read at once."""


async def bring_beside(redis: Redis, records: Records) -> dict[str, int]:
    """Imports these records, and returns how many of each kind there were; invalid ones are
    skipped. Whatever is already known here stays as it is, so repeating an import does no harm."""
    counts = dict.fromkeys(("authors", "tokens", "mappers", "groups", "sessions"), 0)
    async for pairs in _parts(records, "globalAuthor:"):
        named = ((key.removeprefix("globalAuthor:"), value) for key, value in pairs)
        found = (r.author_of(value, name) for name, value in named if bounds.is_author_id(name))
        brought = await authors.bring(redis, [author for author in found if author is not None])
        counts["authors"] += len(brought)
    async for key, value in _pairs(records, "token2author:"):
        token = r.plain(key.removeprefix("token2author:"))
        if bounds.is_author_id(value) and 0 < len(token) <= bounds.MOST_TOKEN:
            await bring_token(redis, recognition.hash_of(token), value)
            counts["tokens"] += 1
    for kind in ("author", "group"):
        async for key, value in _pairs(records, f"mapper2{kind}:"):
            mapper = r.plain(key.removeprefix(f"mapper2{kind}:"))
            if bounds.is_author_id(value) and _is_mapper(mapper):
                await bring_mapper(redis, kind, mapper, value)
                counts["mappers"] += 1
    async for key, value in _pairs(records, "group:"):
        name = key.removeprefix("group:")
        if isinstance(value, dict) and bounds.is_group_id(name):
            await _group(redis, name, value)
            counts["groups"] += 1
    async for key, value in _pairs(records, "session:"):
        counts["sessions"] += await _session(redis, key.removeprefix("session:"), value)
    return counts


async def _group(redis: Redis, group: str, value: dict[str, Any]) -> None:
    """Imports a group. Invalid pads or mappers of it are left out, since the others, and the groups
    after it, are wanted all the same."""
    await groups.create_group(redis, group)
    for pad in r.names_in(value.get("pads")):
        if bounds.is_pad_id(pad) and groups.group_of(pad) == group:
            await groups.add_pad(redis, group, pad)
    for mapper in r.names_in(value.get("mappings")):
        if _is_mapper(mapper):
            await groups.add_mapper(redis, group, mapper)


def _is_mapper(name: str) -> bool:
    return 0 < len(name) <= bounds.MOST_MAPPER


async def _session(redis: Redis, session: str, value: Any) -> bool:
    """Imports a session. Returns whether it is one that still admits anybody."""
    found = r.session_of(value, session, time.time())
    if found is None:
        return False
    await group_sessions.create_session(
        redis, found.group, found.author, found.valid_until, session
    )
    return True


async def _pairs(records: Records, prefix: str) -> AsyncIterator[tuple[str, Any]]:
    async for pairs in _parts(records, prefix):
        for pair in pairs:
            yield pair


async def _parts(records: Records, prefix: str) -> AsyncIterator[list[tuple[str, Any]]]:
    """Yields the keys with this beginning and their values, as many at a time as are read at
    once."""
    async for part in batches(records.keys(prefix), STEP):
        yield list(zip(part, await records.get(part), strict=True))
