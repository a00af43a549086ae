"""This module reads a Redis that is not the fleet's: that of an Etherpad, from which pads are
imported."""

from collections.abc import Sequence

from redis.asyncio import Redis as SingleClient

SCAN_COUNT = 1000
"""The number of keys that the server examines in one step, which takes it a millisecond."""


class ForeignRedis:
    """Access to the values of such a Redis by key, all of them strings. Each method raises
    redis-py's errors, or OSError."""

    def __init__(self, url: str) -> None:
        """Makes the client, but no connection yet. Raises ValueError, which says what is wrong with
        the URL."""
        self._client = SingleClient.from_url(url)

    async def values(self, keys: Sequence[bytes]) -> list[bytes | str | None]:
        """Returns the values in this order, with None for a key that does not exist or is not a
        string. Takes one round trip, or none if there are no keys."""
        return await self._client.mget(keys) if keys else []

    async def some_keys(self, cursor: int, prefix: str) -> tuple[int, list[bytes | str]]:
        """Returns some of the keys with this prefix, and the cursor with which to continue. A
        cursor of 0 means the beginning, and also the end. A key may be returned more than once."""
        pattern = "".join(f"\\{char}" if char in "*?[]\\" else char for char in prefix) + "*"
        after, found = await self._client.scan(cursor, match=pattern, count=SCAN_COUNT)
        return after, found  # texts where the URL says `decode_responses`

    async def close(self) -> None:
        await self._client.aclose()
