"""Puts back into an empty Redis what tests of a file need there, instead of making it again for
each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from padfleet.shared.log.connection.connect import Redis


class Stored:
    """What was made once; to be kept by a module."""

    def __init__(self) -> None:
        self._keys: dict[bytes, bytes] = {}

    async def put(self, redis: Redis, make: Callable[[], Awaitable[None]]) -> None:
        """Calls `make` the first time, and stores the same from then on."""
        call = redis.client.execute_command
        if not self._keys:
            await make()
            for key in await call("KEYS", "*"):
                assert await call("PTTL", key) < 0, f"{key!r} expires, and would stay forever"
                self._keys[key] = await call("DUMP", key)
        else:
            for key, value in self._keys.items():
                await call("RESTORE", key, 0, value)
