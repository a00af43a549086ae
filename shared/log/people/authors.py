"""This module stores authors: the name and colour of each.

The keys are global, each in its own slot, so that every worker finds the same author. Those who
have contributed nothing yet are not kept forever; `visitors` is about them.
"""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from padfleet.shared import bounds
from padfleet.shared.batches import ASKED_AT_ONCE, slices
from padfleet.shared.bounds import PALETTE_SIZE
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad, is_wrong_type, readable
from padfleet.shared.log.keys import author_key
from padfleet.shared.log.people.author_records import (
    Author,
    author_items,
    author_of,
    encoded_name,
    new_author_id,
    shade,
)
from padfleet.shared.log.people.visitors import VISITOR, AuthorVisit, NotedVisit, keep_noted
from padfleet.shared.tasks import all_of

BROUGHT = 200
"""How many authors are stored in one round trip."""


async def enrol(redis: Redis, author: str, visit: AuthorVisit | None = None) -> Author:
    """Returns the author, and records the `visit` if there is one. If there is no record yet, one
    is made with a new colour: the id was made elsewhere and is used for the first time."""
    if redis.register is not None:
        await read(redis, [author])  # an author who is known there keeps name and colour
    if visit is not None:
        return await NotedVisit(redis, Author(author, None, secrets.randbelow(PALETTE_SIZE)), visit)
    async with redis.read_limit:
        pipeline = redis.client.pipeline(transaction=False)
        _ = pipeline.hsetnx(author_key(author), "color", f"n{secrets.randbelow(PALETTE_SIZE)}")
        _ = pipeline.hmget(author_key(author), ["name", "color"])
        _, (name, color) = await pipeline.execute()
    return author_of(author, name, color)


async def store_choice(
    redis: Redis,
    author: Author,
    chosen: tuple[str | None, int | str | None],
    visit: AuthorVisit | None,
) -> None:
    """Stores a name and colour that an author has chosen. Both have been checked already. They are
    kept for as long as the author's record.

    Raises what `UNREACHABLE` lists.
    """
    if visit is not None:
        await NotedVisit(redis, author, visit, chosen)
    else:
        name, color = chosen
        await store(redis, author.id, name=name, color=color)


async def store(
    redis: Redis, author: str, *, name: str | None = None, color: int | str | None = None
) -> None:
    """Stores a name and a colour, which have been checked already. Raises what `UNREACHABLE`
    lists."""
    key, works = author_key(author), []
    if color is not None:
        works.append(redis.auto_pipeline.hset(key, "color", shade(color)))
    if name is not None:
        works.append(redis.auto_pipeline.hset(key, "name", encoded_name(name)))
    await all_of(*works)


async def create(redis: Redis, name: str = "") -> str:
    """Makes a new author, and returns the id."""
    author = await create_unnamed(redis)
    if name:
        await update(redis, author, name=name)
    if redis.register is not None:
        await redis.register.keep_author((await read(redis, [author]))[author])
    return author


async def create_unnamed(redis: Redis) -> str:
    """Makes a new author in Redis alone, with a colour and no name, and returns the id."""
    author = new_author_id()
    color = secrets.randbelow(PALETTE_SIZE)
    await redis.auto_pipeline.hset(author_key(author), "color", f"n{color}")
    return author


async def update(
    redis: Redis,
    author: str,
    *,
    name: str | None = None,
    color: str | None = None,
    for_good: bool = True,
) -> None:
    """Updates the record of an author.

    Arguments:
        name: the new name, which is cut if it is too long; an empty string removes the name.
        color: the new colour; an invalid one has no effect.
        for_good: whether the record becomes permanent.
    """
    pipeline = redis.client.pipeline(transaction=False)
    if name:
        _ = pipeline.hset(author_key(author), "name", encoded_name(name))
    elif name is not None:
        _ = pipeline.hdel(author_key(author), "name")
    if bounds.is_color(color):
        _ = pipeline.hset(author_key(author), "color", f"c{color}")
    _ = pipeline.hmget(author_key(author), ["name", "color", VISITOR])
    *_, (stored_name, stored_color, note) = await pipeline.execute()
    if for_good:
        await keep_noted(redis, {author: note})
        if redis.register is not None and stored_color is not None:
            await redis.register.change_author(author_of(author, stored_name, stored_color))


async def read(redis: Redis, authors: Iterable[str]) -> dict[str, Author]:
    """Returns those of the authors that exist, in one round trip for some hundreds. An author whose
    key holds something else is treated as unknown, because that must not keep people from the pads
    that the author has been on.

    All code that looks up authors calls this function, so that authors known only to another system
    are found as well.
    """
    wanted = list(authors)
    found = await _read(redis, wanted)
    missing = [author for author in wanted if author not in found]
    if missing and redis.register is not None:
        there = await redis.register.authors(missing)
        for part in slices(there, BROUGHT):
            await bring(redis, part)
        found |= await _read(redis, [author.id for author in there])
    return found


async def _read(redis: Redis, wanted: Sequence[str]) -> dict[str, Author]:
    found: dict[str, Author] = {}
    for some in slices(wanted, ASKED_AT_ONCE):
        found |= await _read_some(redis, some)
    return found


async def _read_some(redis: Redis, wanted: Sequence[str]) -> dict[str, Author]:
    replies: list[Any] = await asyncio.gather(
        *(redis.auto_pipeline.hmget(author_key(author), ["name", "color"]) for author in wanted),
        return_exceptions=True,
    )
    found = {}
    for author, reply in zip(wanted, replies, strict=True):
        if isinstance(reply, BaseException) and not is_wrong_type(reply):
            raise reply
        with suppress(CorruptPad), readable(author_key(author)):
            if not isinstance(reply, BaseException) and reply[1] is not None:
                found[author] = author_of(author, *reply)
    return found


async def bring(redis: Redis, brought: Sequence[Author]) -> list[str]:
    """Stores authors from elsewhere permanently, unless they are known here. A known author may
    have changed name or colour since, and keeps them.

    This takes one round trip, or three if some of them are known only as visitors and have to be
    made permanent. Each author is stored in one atomic step, so that nobody who joins meanwhile
    loses the name or colour that they have chosen.

    Arguments:
        brought: the authors, a few hundred at a time.

    Returns the ids of those that were stored. Raises what `UNREACHABLE` lists. Some may have been
    stored then, and it does no harm to try all of them again.
    """
    replies = await all_of(
        *(
            scripts.AUTHOR(redis.auto_pipeline, [author_key(author.id)], author_items(author))
            for author in brought
        )
    )
    pairs = list(zip(brought, replies, strict=True))
    await keep_noted(
        redis, {author.id: note[0] for author, (new, *note) in pairs if not new and note[0]}
    )
    return [author.id for author, (new, *_) in pairs if new]
