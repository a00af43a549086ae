"""This module finds the author whom a token, or a name in another system, stands for, and makes one
if there is none.

Only a hash of a token is stored, so that nobody who reads the database can act as its author.
"""

import secrets
from hashlib import sha256
from typing import cast

from padfleet.shared.bounds import PALETTE_SIZE
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import author_key, mapper_key, token_key
from padfleet.shared.log.people.author_records import Author, new_author_id
from padfleet.shared.log.people.authors import bring, create_unnamed, read
from padfleet.shared.log.people.visitors import AuthorVisit


def hash_of(token: str) -> str:
    """Returns what is stored of a token. Only a hash is, so that nobody who reads the database can
    act as the author."""
    return sha256(token.encode()).hexdigest()


def visit_with(redis: Redis, token: str | None, keep_ms: int) -> AuthorVisit | None:
    """Returns how an author with this token arrives. Returns None if authors are kept forever
    anyway, which is so if `keep_ms` is 0."""
    hashed = hash_of(token) if token is not None else ""
    plain_token = token or "" if redis.register is not None else ""
    return AuthorVisit(hashed, keep_ms, plain_token) if keep_ms else None


async def author_and_made(
    redis: Redis, token: str | None, keep_ms: int = 0
) -> tuple[str, Author | None]:
    """Finds or makes the author for a token; without a token, always makes one. Takes one round
    trip, or none.

    Returns the author's id and, if the author is new, what `store` has to record. If that never
    happens, `enrol` makes up for it when the author comes again. Only a hash of the token is
    stored, so that nobody who reads the database can act as its authors.

    Arguments:
        keep_ms: for how long a new token is kept; 0 means forever.
    """
    made = Author(new_author_id(), None, secrets.randbelow(PALETTE_SIZE))
    if token is None:
        return made.id, made
    # Two tabs of a new browser may arrive at the same time; the first one's author counts for both.
    key = token_key(hash_of(token))
    if redis.register is not None:
        known = await known_author(redis, token)
        if known:
            return known, None
        if not keep_ms:
            await redis.register.keep_author(made, token=token)
    winner = await redis.auto_pipeline.set_once(key, made.id, keep_ms)
    return winner, made if winner == made.id else None


async def known_author(redis: Redis, token: str | None) -> str:
    """Returns the author that this token belongs to, or an empty string if there is none yet."""
    if token is None:
        return ""
    key = token_key(hash_of(token))
    known = cast("bytes | None", await redis.auto_pipeline.get(key))
    if known is None and redis.register is not None:
        author = await redis.register.author_of_token(token)
        if author is not None:
            await bring(redis, [author])
            return await redis.auto_pipeline.set_once(key, author.id)
    return known.decode() if known is not None else ""


async def author_for(redis: Redis, mapper: str) -> str:
    """Returns the author that has this name in another system, and makes one if there is none."""
    key = mapper_key("author", mapper)
    known = cast("bytes | None", await redis.client.get(key))
    if known is not None:
        return known.decode()
    if redis.register is not None:
        found = await redis.register.author_of_mapper(mapper)
        if found is not None:
            await bring(redis, [found])
            return await redis.auto_pipeline.set_once(key, found.id)
    author = await create_unnamed(redis)
    winner = await redis.auto_pipeline.set_once(key, author)
    if winner != author:  # two callers at once
        await redis.client.delete(author_key(author))
    elif redis.register is not None:
        await redis.register.keep_author((await read(redis, [author]))[author], mapper=mapper)
    return winner
