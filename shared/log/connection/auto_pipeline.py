"""This module sends commands that thousands of sockets want at the same moment, many of them in one
round trip.

When a worker dies, all of its clients come to the others within a second, and each needs half a
dozen small commands. Sent one by one, each command would take a connection, and more time in system
calls than in everything else. So they share one connection (`hot`): everything asked for in one
turn of the event loop is one write, and nobody waits for the replies to what others have asked
before.
"""

from collections.abc import Sequence
from typing import Any

from padfleet.shared.log.connection.hot import Asking, HotCommands
from padfleet.shared.log.connection.pipe import Command


class AutoPipeline:
    """Takes the client's place for these few commands."""

    def __init__(self, commands: HotCommands) -> None:
        self._call, self._exchange = commands.call, commands.exchange
        self.evalsha, self.eval = commands.evalsha, commands.eval
        self.ask = commands.ask

    async def get(self, key: str) -> Any:
        return await self._call("GET", key)

    async def hget(self, key: str, name: str) -> Any:
        return await self._call("HGET", key, name)

    async def hmget(self, key: str, names: list[str]) -> Any:
        return await self._call("HMGET", key, *names)

    async def hset(self, key: str, name: str, value: str | bytes) -> None:
        await self._call("HSET", key, name, value)

    async def set_once(self, key: str, value: str, keep_ms: int = 0) -> str:
        """Sets the key unless it has a value, and returns the value that it then has. A repetition
        after a lost answer returns the same.

        Arguments:
            keep_ms: how long the key lives if this call sets it, in ms; 0 for no limit.
        """
        until = ("PX", keep_ms) if keep_ms else ()
        before: bytes | None = await self._call("SET", key, value, "NX", "GET", *until)
        return value if before is None else before.decode()

    async def hgetall_each(self, keys: Sequence[str]) -> list[dict[bytes, bytes]]:
        """Returns the fields of each key; a key that does not exist has none."""
        replies = await self._each([("HGETALL", key) for key in keys])
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply.with_traceback(None)
        return [dict(zip(flat[::2], flat[1::2], strict=True)) for flat in replies]

    async def hmget_each(self, keys: Sequence[str], names: Sequence[str]) -> Sequence[Any]:
        """Returns the values of these fields of each key. If a key holds something other than a
        hash, or a server cannot be reached, the error takes the place of the values, and the other
        keys are still read."""
        return await self._each([("HMGET", key, *names) for key in keys])

    async def _each(self, commands: Sequence[Command]) -> Sequence[Any]:
        return await self._exchange(commands) if commands else ()

    async def persist(self, key: str) -> None:
        await self._call("PERSIST", key)

    def keep_on(self, key: str, seconds: int) -> Asking:
        """Sets the key to expire this many seconds from now, unless it is permanent. This is sent
        at once, and may be awaited later."""
        return self.ask("EXPIRE", key, seconds, "XX")

    async def zmembers(self, key: str) -> Sequence[bytes]:
        """Returns all members of a sorted set, those with the lowest score first."""
        found: Sequence[bytes] = await self._call("ZRANGEBYSCORE", key, "-inf", "+inf")
        return found

    async def xrange(self, key: str, first: str, last: str) -> Sequence[Any]:
        """Returns each entry as the server sends it: its ID, and a list of alternating fields and
        values."""
        found: Sequence[Any] = await self._call("XRANGE", key, first, last)
        return found
