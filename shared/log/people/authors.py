"""This module stores authors: the name and colour of each, and whether they have contributed
something.

The keys are global, each in its own slot, so that every worker finds the same author.

Anybody who comes with a browser's token, or without one, becomes an author immediately. As long as
they have contributed nothing, their record and their token expire some time after their last visit;
otherwise a stranger could fill Redis by coming again and again. `keep` is called wherever an author
contributes. It makes both permanent, and no expiry is set after that.
"""

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from padfleet.shared import bounds
from padfleet.shared.batches import ASKED_AT_ONCE, slices
from padfleet.shared.bounds import PALETTE_SIZE
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad, is_wrong_type, of_right_type, readable
from padfleet.shared.log.keys import author_key, token_key
from padfleet.shared.log.people.author_records import (
    SYSTEM_AUTHOR,
    Author,
    author_items,
    author_of,
    encoded_name,
    new_author_id,
    shade,
)
from padfleet.shared.tasks import all_of

VISITOR = "visitor"
"""The field in the record of an author who has contributed nothing yet. It holds the hash of the
token, and when the author was last seen."""


class AuthorVisit(NamedTuple):
    """How an author arrived who may not have contributed anything yet."""

    token: str  #: the hash of the author's token; empty if there is none
    keep_ms: int  #: how long the author is kept without a contribution
    plain_token: str = ""
    """The token itself, if another system stores it unhashed. Otherwise the token is not stored
    anywhere."""

    @property
    def seconds(self) -> int:
        return -(-self.keep_ms // 1000)

    def note(self) -> str:
        return " ".join(filter(None, (self.token, self.plain_token, str(int(time.time())))))

    def is_due(self, note: bytes) -> bool:
        """Returns whether it is time to record that the author was seen. Recording it at each join
        would be wasteful."""
        seen = bounds.number_of(note.decode("utf-8", "replace").rpartition(" ")[2]) or 0
        return time.time() - seen > self.keep_ms / 1000 / SEEN_STEPS


BROUGHT = 200
"""How many authors are stored in one round trip."""

SEEN_STEPS = 30
"""A visitor's last visit is recorded as precisely as one part in `SEEN_STEPS` of the time for which
visitors are kept."""


async def look(redis: Redis, author: str, visit: AuthorVisit | None) -> tuple[Author | None, bool]:
    """Returns the record of an author, and whether it is time to record that the author was
    `seen`."""
    key = author_key(author)
    with suppress(CorruptPad):
        with of_right_type(key):
            *known, note = await redis.auto_pipeline.hmget(key, ["name", "color", VISITOR])
        with readable(key):
            if known[1] is not None:
                due = visit is not None and note is not None and visit.is_due(note)
                return author_of(author, *known), due
    return None, False


async def enrol(redis: Redis, author: str, visit: AuthorVisit | None = None) -> Author:
    """Returns the author, and records the `visit` if there is one. If there is no record yet, one
    is made with a new colour: the id was made elsewhere and is used for the first time."""
    if redis.register is not None:
        await read(redis, [author])  # an author who is known there keeps name and colour
    if visit is not None:
        return await seen(redis, Author(author, None, secrets.randbelow(PALETTE_SIZE)), visit)
    async with redis.read_limit:
        pipeline = redis.client.pipeline(transaction=False)
        _ = pipeline.hsetnx(author_key(author), "color", f"n{secrets.randbelow(PALETTE_SIZE)}")
        _ = pipeline.hmget(author_key(author), ["name", "color"])
        _, (name, color) = await pipeline.execute()
    return author_of(author, name, color)


async def seen(
    redis: Redis,
    author: Author,
    visit: AuthorVisit,
    chosen: tuple[str | None, int | str | None] = (None, None),
) -> Author:
    """Records that the author is here, and the name and colour that the author has `chosen`, which
    have been checked already.

    Returns what is recorded afterwards. If there was no record, that is the colour in `author`.
    """
    name, color = chosen
    noted: list[str | int] = [shade(author.color), visit.note(), visit.seconds]
    choice = [encoded_name(name) if name else "", shade(color) if color is not None else ""]
    works: list[Any] = [
        scripts.VISITOR(redis.auto_pipeline, [author_key(author.id)], [*noted, *choice])
    ]
    if visit.token:
        works.append(redis.auto_pipeline.keep_on(token_key(visit.token), visit.seconds))
    (stored_name, stored_color), *_ = await all_of(*works)
    return author_of(author.id, stored_name, stored_color)


async def keep(redis: Redis, authors: Iterable[str]) -> None:
    """Makes the records of these authors permanent, because they have contributed something.
    Authors without a record are ignored. This takes one round trip for some hundreds of authors
    whose records are permanent already.

    Raises what `UNREACHABLE` lists.
    """
    wanted = [author for author in authors if author and author != SYSTEM_AUTHOR]
    for some in slices(wanted, ASKED_AT_ONCE):
        pipeline = redis.client.pipeline(transaction=False)
        for author in some:
            _ = pipeline.hget(author_key(author), VISITOR)
        notes = await pipeline.execute(raise_on_error=False)
        await settle(redis, dict(zip(some, notes, strict=True)))


async def settle(redis: Redis, notes: Mapping[str, Any]) -> None:
    """Does the second half of `keep`, after the notes about the authors' visits have been read. A
    note may be an exception."""
    visitors = {}
    for author, note in notes.items():
        if isinstance(note, Exception) and not is_wrong_type(note):
            raise note
        if isinstance(note, bytes):
            words = note.decode("utf-8", "replace").split(" ")
            visitors[author] = words[0]
            if len(words) == 3 and redis.register is not None:
                for found in (await read(redis, [author])).values():
                    await redis.register.keep_author(found, token=words[1])
    if not visitors:
        return
    # The token comes first: an interrupted attempt can be repeated as long as the note exists.
    tokens = redis.client.pipeline(transaction=False)
    for token in filter(None, visitors.values()):
        _ = tokens.persist(token_key(token))
    await tokens.execute()
    records = redis.client.pipeline(transaction=False)
    for author in visitors:
        _ = records.persist(author_key(author))
        _ = records.hdel(author_key(author), VISITOR)
    await records.execute()


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
        await seen(redis, author, visit, chosen)
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
    await updated(redis, author, name=name, color=color, for_good=for_good)


async def updated(
    redis: Redis,
    author: str,
    *,
    name: str | None = None,
    color: str | None = None,
    for_good: bool = True,
) -> Author | None:
    """Does what `update` does. Returns what is recorded afterwards, or None for an author that does
    not exist."""
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
        await settle(redis, {author: note})
    if stored_color is None:
        return None
    found = author_of(author, stored_name, stored_color)
    if for_good and redis.register is not None:
        await redis.register.change_author(found)
    return found


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
    await settle(
        redis, {author.id: note[0] for author, (new, *note) in pairs if not new and note[0]}
    )
    return [author.id for author, (new, *_) in pairs if new]
