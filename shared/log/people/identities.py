"""This module reads and writes what authors and groups are recognised by, and the authors
themselves, for backups and imports. Values are read as they are stored. A token or name is written
only if it does not stand for another author or group already."""

from collections.abc import Awaitable, Sequence
from typing import Literal, cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import author_key, mapper_key, token_key
from padfleet.shared.log.people.visitors import VISITOR


async def stored_authors(redis: Redis, authors: Sequence[str]) -> dict[str, dict[bytes, bytes]]:
    """Returns the fields of these authors' records, by author and in this order. Authors without a
    record are left out, and so are this fleet's notes about visitors. Takes one round trip.

    Raises what `UNREACHABLE` lists, and `ResponseError` if a key has a wrong type.
    """
    found = {}
    replies = await redis.auto_pipeline.hgetall_each([author_key(author) for author in authors])
    for author, fields in zip(authors, replies, strict=True):
        fields.pop(VISITOR.encode(), None)
        if fields:
            found[author] = fields
    return found


async def bring_token(redis: Redis, token_hash: str, author: str) -> None:
    """Makes this token stand for the author permanently, unless it stands for another one already.
    `token_hash` is the hash that `recognition.hash_of` returns for the token.

    Raises what `UNREACHABLE` lists.
    """
    await cast("Awaitable[object]", redis.client.set(token_key(token_hash), author, nx=True))


async def bring_mapper(
    redis: Redis, kind: Literal["author", "group"], mapper: str, stands_for: str
) -> None:
    """Makes this name in another system stand for an author or group, unless it stands for another
    one already. Raises what `UNREACHABLE` lists."""
    await cast("Awaitable[object]", redis.client.set(mapper_key(kind, mapper), stands_for, nx=True))
