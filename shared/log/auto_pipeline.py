"""Commands that thousands of sockets want at the same moment, many to a round trip.

When a worker dies, all of its clients come to the others within a second, and each costs half a
dozen small commands. One by one they would take a connection each, and more time in system calls
than in everything else; so while a few pipelines are under way the next one gathers. A command that
comes alone is sent at once, and does not wait for what another has asked before: with Redis far
away, that would be a round trip more.
"""

import asyncio
from typing import Any, NamedTuple

from redis.asyncio import RedisCluster
from redis.asyncio.client import Redis as SingleClient

from padfleet.shared.log.lanes import Lane, take_lane
from padfleet.shared.tasks import Tasks, hand_over

PIPELINE_MAX = 500
"""Commands in one round trip: bounds how long the first of them waits for the last."""

PIPELINES = 4
"""Round trips under way at the same time."""

TURNS = 3
"""Turns of the event loop for which a pipeline gathers before it is sent."""

AT_ONCE = 50
"""Commands under way on a cluster, where they go one by one, each to its own node."""


class _Call(NamedTuple):
    command: tuple[Any, ...]
    options: dict[str, Any]
    answer: "asyncio.Future[Any]"


class AutoPipeline:
    """Stands for the client where one of these few commands is wanted."""

    def __init__(self, client: SingleClient | RedisCluster) -> None:
        self._client = client
        self._waiting: list[_Call] = []
        self._tasks = Tasks()
        self._under_way = 0  #: pipelines
        self._turnstile = asyncio.Semaphore(AT_ONCE)

    async def get(self, key: str) -> Any:
        return await self._call("GET", key)

    async def hget(self, key: str, name: str) -> Any:
        return await self._call("HGET", key, name)

    async def hmget(self, key: str, names: list[str]) -> Any:
        return await self._call("HMGET", key, *names)

    async def hset(self, key: str, name: str, value: str | bytes) -> None:
        await self._call("HSET", key, name, value)

    async def set_once(self, key: str, value: str, keep_ms: int = 0) -> str:
        """What stands there now: this value, unless there was one before. Repeated after a lost
        answer, it says the same. `keep_ms`: for how long, if it is this one; 0: for good."""
        until = ("PX", keep_ms) if keep_ms else ()
        # `get` is for the client, which would else make a truth value of the answer.
        before: bytes | None = await self._call("SET", key, value, "NX", "GET", *until, get=True)
        return value if before is None else before.decode()

    async def persist(self, key: str) -> None:
        await self._call("PERSIST", key)

    async def keep_on(self, key: str, seconds: int) -> None:
        """For so long from now on, unless it is there for good."""
        await self._call("EXPIRE", key, seconds, "XX")

    async def xrange(self, key: str, first: str, last: str) -> Any:
        return await self._call("XRANGE", key, first, last)

    async def evalsha(self, sha: str, numkeys: int, *keys_and_args: Any) -> Any:
        return await self._call("EVALSHA", sha, numkeys, *keys_and_args)

    async def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        return await self._call("EVAL", script, numkeys, *keys_and_args)

    async def _call(self, *command: Any, **options: Any) -> Any:
        """Raises what the command alone would raise."""
        if isinstance(self._client, RedisCluster):
            async with self._turnstile:
                return await self._client.execute_command(*command, **options)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Call(command, options, answer))
        if self._under_way < PIPELINES:
            self._under_way += 1
            self._tasks.start(self._send(self._client), "rush")
        try:
            return await answer
        finally:
            del answer  # this frame is in the traceback of its fault: see `shared.tasks.TaskFault`

    async def _send(self, client: SingleClient) -> None:
        # Whoever asked first has lent its context to all who ask meanwhile.
        take_lane(Lane.SESSIONS)
        batch: list[_Call] = []
        try:
            while self._waiting:
                # What is asked for by tasks that begin together comes within these turns.
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                batch, self._waiting = (
                    self._waiting[:PIPELINE_MAX],
                    self._waiting[PIPELINE_MAX:],
                )
                if not batch:
                    return  # another pipeline has taken it along
                await self._exchange(client, batch)
        finally:
            self._under_way -= 1
            # Only if this was cancelled is there anybody left.
            for call in batch:
                call.answer.cancel()
            if self._under_way == 0:
                for call in self._waiting:
                    call.answer.cancel()

    @staticmethod
    async def _exchange(client: SingleClient, batch: list[_Call]) -> None:
        pipeline = client.pipeline(transaction=False)
        for call in batch:
            _ = pipeline.execute_command(*call.command, **call.options)
        try:
            answers = await pipeline.execute(raise_on_error=False)
        except Exception as error:
            answers = [error] * len(batch)
        for call, answer in zip(batch, answers, strict=True):
            hand_over(call.answer, answer)
