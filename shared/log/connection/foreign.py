"""A Redis that is not the fleet's: that of an Etherpad, from which pads are imported. It is only
read."""

from collections.abc import Sequence

from redis.asyncio import Redis as SingleClient

SCAN_COUNT = 1000
"""Keys that the server looks at in one step, which takes it a millisecond."""


class ForeignRedis:
    """Values by key, all of them strings. Each method raises redis-py's errors, or OSError."""

    def __init__(self, url: str) -> None:
        """Makes no connection yet. ValueError says what is wrong with the URL."""
        self._client = SingleClient.from_url(url)

    async def values(self, keys: Sequence[bytes]) -> list[bytes | str | None]:
        """Returns the values in this order; None for a key that does not exist, or is not a string.
        Takes one round trip, or none."""
        return await self._client.mget(keys) if keys else []

    async def some_keys(self, cursor: int, prefix: str) -> tuple[int, list[bytes | str]]:
        """Returns some of the keys with this prefix, and the cursor with which to continue: 0 means
        the beginning, and the end. A key may come more than once."""
        pattern = "".join(f"\\{char}" if char in "*?[]\\" else char for char in prefix) + "*"
        after, found = await self._client.scan(cursor, match=pattern, count=SCAN_COUNT)
        return after, found  # texts where the URL says `decode_responses`

    async def close(self) -> None:
        await self._client.aclose()
