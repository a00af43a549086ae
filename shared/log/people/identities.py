"""How authors and groups are recognised, and the authors themselves, for backups and imports: read
as they are stored, and written only if nobody else is recognised by the same thing."""

from collections.abc import Awaitable, Sequence
from typing import Literal, cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import author_key, mapper_key, token_key
from padfleet.shared.log.people.authors import VISITOR


async def stored_authors(redis: Redis, authors: Sequence[str]) -> dict[str, dict[bytes, bytes]]:
    """Returns the fields of these authors' records, by author and in this order; without authors
    who are not on record, and without this fleet's notes about visitors. Takes one round trip.

    Raises what `UNREACHABLE` lists, and `ResponseError` if a key has a wrong type.
    """
    found = {}
    replies = await redis.rush.hgetall_each([author_key(author) for author in authors])
    for author, fields in zip(authors, replies, strict=True):
        fields.pop(VISITOR.encode(), None)
        if fields:
            found[author] = fields
    return found


async def bring_token(redis: Redis, token_hash: str, author: str) -> None:
    """Lets this token stand for the author permanently, unless it stands for another one already.
    `token_hash` is what `authors.hash_of` makes of it. Raises what `UNREACHABLE` lists."""
    await cast("Awaitable[object]", redis.client.set(token_key(token_hash), author, nx=True))


async def bring_mapper(
    redis: Redis, kind: Literal["author", "group"], mapper: str, stands_for: str
) -> None:
    """Lets this name in another system stand for an author or group, unless it stands for another
    one already. Raises what `UNREACHABLE` lists."""
    await cast("Awaitable[object]", redis.client.set(mapper_key(kind, mapper), stands_for, nx=True))
