"""What a database of Etherpad holds that belongs to no pad: by what authors are known again, names
of other systems, groups and their sessions."""

import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

from shared.etherpad import records as r
from shared.etherpad.source import Records
from shared.log import groups
from shared.log.authors import author_items
from shared.log.connect import Redis
from shared.log.keys import author_key, mapper_key, token_key

STEP = 200


async def bring_beside(redis: Redis, records: Records) -> dict[str, int]:
    """How many of each there were. Whatever is known here already stays as it is, so that it does
    no harm to do it again."""
    counts = dict.fromkeys(("authors", "tokens", "mappers", "groups", "sessions"), 0)
    async for key, value in _pairs(records, "globalAuthor:"):
        name = key.removeprefix("globalAuthor:")
        author = r.author_of(value, name)
        if author is not None and not await redis.client.exists(author_key(name)):
            await redis.client.hset(author_key(name), items=author_items(author))
            counts["authors"] += 1
    async for key, value in _pairs(records, "token2author:"):
        if isinstance(value, str):
            token = key.removeprefix("token2author:")
            await redis.client.set(token_key(sha256(token.encode()).hexdigest()), value, nx=True)
            counts["tokens"] += 1
    for kind in ("author", "group"):
        async for key, value in _pairs(records, f"mapper2{kind}:"):
            if isinstance(value, str):
                mapper = key.removeprefix(f"mapper2{kind}:")
                await redis.client.set(mapper_key(kind, mapper), value, nx=True)
                counts["mappers"] += 1
    async for key, value in _pairs(records, "group:"):
        if isinstance(value, dict):
            await _group(redis, key.removeprefix("group:"), value)
            counts["groups"] += 1
    async for key, value in _pairs(records, "session:"):
        counts["sessions"] += await _session(redis, key.removeprefix("session:"), value)
    return counts


async def _group(redis: Redis, group: str, value: dict[str, Any]) -> None:
    await groups.create_group(redis, group)
    for pad in value.get("pads") or {}:
        await groups.add_pad(redis, group, pad)
    for mapper in value.get("mappings") or {}:
        await groups.add_mapper(redis, group, mapper)


async def _session(redis: Redis, session: str, value: Any) -> bool:
    """Whether it is one that still lets anybody in."""
    match value:
        case {"groupID": str(group), "authorID": str(author), "validUntil": int(until)}:
            if until > time.time():
                await groups.create_session(redis, group, author, until, session)
                return True
    return False


async def _pairs(records: Records, prefix: str) -> AsyncIterator[tuple[str, Any]]:
    part: list[str] = []
    async for key in records.keys(prefix):
        part.append(key)
        if len(part) == STEP:
            for pair in zip(part, await records.get(part), strict=True):
                yield pair
            part = []
    for pair in zip(part, await records.get(part), strict=True):
        yield pair
