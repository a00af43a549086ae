"""Changes streams of Redis as a person with redis-cli may leave them."""

from typing import Any

from padfleet.shared.log.connection.connect import Redis


async def written_anew(redis: Redis, key: str) -> None:
    """Writes a stream anew: its entries stay the same, and the last of them is the last that there
    ever was.

    XSETID cannot do this on newer servers if an entry after the last one has been deleted.
    """
    entries: Any = await redis.client.xrange(key)
    await redis.client.delete(key)
    for number, fields in entries:
        await redis.client.xadd(key, fields, id=number)
