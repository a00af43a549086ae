"""By what authors and groups are known again, and the authors themselves, as backups and imports
read and bring them: as they are stored, and only where nobody is known by it already."""

from collections.abc import Awaitable, Sequence
from typing import Literal, cast

from padfleet.shared.log.authors import VISITOR
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import author_key, mapper_key, token_key


async def stored_authors(redis: Redis, authors: Sequence[str]) -> dict[str, dict[bytes, bytes]]:
    """The fields of these authors' records, by author and in this order; without those who are not
    on record, and without what this fleet alone notes of visitors. One round trip.

    Raises what `UNREACHABLE` lists, and `ResponseError` where a key is of a wrong type.
    """
    found = {}
    replies = await redis.rush.hgetall_each([author_key(author) for author in authors])
    for author, fields in zip(authors, replies, strict=True):
        fields.pop(VISITOR.encode(), None)
        if fields:
            found[author] = fields
    return found


async def bring_token(redis: Redis, token_hash: str, author: str) -> None:
    """The author stands behind this token, for good, unless another one does already.
    `token_hash` is what `authors.hash_of` makes of it. Raises what `UNREACHABLE` lists."""
    await cast("Awaitable[object]", redis.client.set(token_key(token_hash), author, nx=True))


async def bring_mapper(
    redis: Redis, kind: Literal["author", "group"], mapper: str, stands_for: str
) -> None:
    """The id of an author or group stands behind this name of another system, unless another one
    does already. Raises what `UNREACHABLE` lists."""
    await cast("Awaitable[object]", redis.client.set(mapper_key(kind, mapper), stands_for, nx=True))
