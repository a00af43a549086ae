"""Streams of Redis as a person with redis-cli may leave them."""

from typing import Any

from padfleet.shared.log.connection.connect import Redis


async def written_anew(redis: Redis, key: str) -> None:
    """The entries are what they were, and the last of them is the last that there ever was.

    XSETID does not do it on newer servers, where an entry has been deleted after that one.
    """
    entries: Any = await redis.client.xrange(key)
    await redis.client.delete(key)
    for number, fields in entries:
        await redis.client.xadd(key, fields, id=number)
