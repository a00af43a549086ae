"""Measures what a hot command to Redis costs the process that sends it, by client: µs of CPU per
command.

The commands are the few that every revision needs, in the numbers in which padfleet sends them: an
entry into an inbox, alone and twenty at once; a read of sixteen inboxes; a script call of a
commit's size; fifty small writes by fifty tasks. *redis-py* is used as for everything that is not
hot; *bare* is an `asyncio.Protocol` with hiredis, without any safeguards, which is the least that
is possible; *ours* is `padfleet.shared.log.connection.hot`. coredis and valkey-glide are measured
where they are installed (`pip install coredis valkey-glide`): they are no dependencies of padfleet.

CPU is that of this process, with all of its threads; Redis is a process of its own.
"""

from __future__ import annotations

import asyncio
import importlib
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol, cast

import hiredis
import uvloop

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.log.connection.connect import Redis, open_redis
from tests.benchmarks.figures import Report, parser

Command = tuple[Any, ...]

INBOXES = [f"pf:{{{number}}}:inbox" for number in range(16)]
ENTRY = b"x" * 200
SCRIPT = "return {'ok'}"
COMMIT: Command = (2, "state", "inbox", *(f"{number:032d}" for number in range(20)))
UNREAD = [f"pf:{{{number}}}:unread" for number in range(16)]
"""One entry in each of the first two: what a read brings where hardly anything shares a round."""

READ: Command = ("XREAD", "COUNT", 100, "BLOCK", 250, "STREAMS", *UNREAD, *["0-0"] * 16)
TASKS = 50
PIPELINED = 20


class Client(Protocol):
    """The interface of what is measured: one way to send commands."""

    async def call(self, command: Command) -> Any: ...

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]: ...


class ByRedisPy:
    def __init__(self, redis: Redis) -> None:
        self._client = redis.client

    async def call(self, command: Command) -> Any:
        return await self._client.execute_command(*command)

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            _ = pipeline.execute_command(*command)
        async with asyncio.timeout(6):
            return await pipeline.execute(raise_on_error=False)


class Ours:
    def __init__(self, redis: Redis) -> None:
        self._hot = redis.hot

    async def call(self, command: Command) -> Any:
        if command is READ:
            return await self._hot.call_blocking(*command)
        return await self._hot.call(*command)

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        return list(await self._hot.exchange(commands))


class Bare(asyncio.Protocol):
    """The least that there can be."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            self._waiting.popleft().set_result(reply)

    def _flush(self) -> None:
        assert self._transport is not None
        self._transport.write(b"".join(self._out))
        self._out.clear()

    def send(self, command: Command) -> asyncio.Future[Any]:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(hiredis.pack_command(command))
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(answer)
        return answer

    async def call(self, command: Command) -> Any:
        return await self.send(command)

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        answers = [self.send(command) for command in commands]
        return [await answer for answer in answers]


class ByCoredis:
    def __init__(self, client: Any, command: Any) -> None:
        self._client = client
        self._command = command

    async def call(self, command: Command) -> Any:
        name, *arguments = command
        request = self._command(name.encode(), *arguments, callback=lambda reply, **_: reply)
        return await request

    def _request(self, client: Any, command: Command) -> Any:
        name, *arguments = command
        return client.create_request(name.encode(), *arguments, callback=lambda reply, **_: reply)

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        async with self._client.pipeline(transaction=False, raise_on_error=False) as pipeline:
            requests = [self._request(pipeline, command) for command in commands]
        return [await request for request in requests]


class ByGlide:
    def __init__(self, client: Any, batch: Any) -> None:
        self._client = client
        self._batch = batch

    @staticmethod
    def _texts(command: Command) -> list[str | bytes]:
        return [part if isinstance(part, bytes) else str(part) for part in command]

    async def call(self, command: Command) -> Any:
        return await self._client.custom_command(self._texts(command))

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        batch = self._batch(is_atomic=False)
        for command in commands:
            batch.custom_command(self._texts(command))
        return cast("list[Any]", await self._client.exec(batch, raise_on_error=False))


async def redis_py(server: EmbeddedServer, stack: AsyncExitStack) -> Client:
    redis = open_redis(server.url)
    stack.push_async_callback(redis.close)
    return ByRedisPy(redis)


async def ours(server: EmbeddedServer, stack: AsyncExitStack) -> Client:
    redis = open_redis(server.url)
    stack.push_async_callback(redis.close)
    return Ours(redis)


async def bare(server: EmbeddedServer, stack: AsyncExitStack) -> Client:
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_connection(Bare, "127.0.0.1", server.port)
    stack.callback(transport.close)
    return client


async def coredis(server: EmbeddedServer, stack: AsyncExitStack) -> Client:
    library = importlib.import_module("coredis")
    client = await stack.enter_async_context(
        library.Redis("127.0.0.1", server.port, verify_version=False)
    )
    return ByCoredis(client, client.create_request)


async def glide(server: EmbeddedServer, stack: AsyncExitStack) -> Client:
    library = importlib.import_module("glide")
    where = library.NodeAddress("127.0.0.1", server.port)
    client = await library.GlideClient.create(library.GlideClientConfiguration([where]))
    stack.push_async_callback(client.close)
    return ByGlide(client, library.Batch)


CLIENTS: dict[str, Callable[[EmbeddedServer, AsyncExitStack], Awaitable[Client]]] = {
    "redis-py": redis_py,
    "coredis": coredis,
    "valkey-glide": glide,
    "bare": bare,
    "ours": ours,
}


def xadd(number: int) -> Command:
    return ("XADD", INBOXES[number % 16], "MAXLEN", "~", 100, "*", "e", ENTRY)


async def cases(client: Client, sha: str, rounds: int) -> dict[str, float]:
    """Returns the µs of CPU per command, by case."""
    spent: dict[str, float] = {}

    async def take(name: str, commands: int, step: Callable[[], Awaitable[Any]]) -> None:
        count = max(1, rounds // commands)
        await step()
        began = time.process_time()
        for _ in range(count):
            await step()
        spent[name] = (time.process_time() - began) / (count * commands) * 1e6

    async def hset(number: int) -> None:
        await client.call(("HSET", "h", f"f{number}", "v"))

    alone = [xadd(0)]
    many = [xadd(number) for number in range(PIPELINED)]
    await take("XADD, one in a pipeline", 1, lambda: client.pipelined(alone))
    await take(f"XADD, {PIPELINED} in a pipeline", PIPELINED, lambda: client.pipelined(many))
    await take("XREAD of 16 inboxes", 1, lambda: client.call(READ))
    await take("EVALSHA", 1, lambda: client.call(("EVALSHA", sha, *COMMIT)))
    await take(
        f"HSET, {TASKS} tasks", TASKS, lambda: asyncio.gather(*(hset(n) for n in range(TASKS)))
    )
    return spent


async def prepare(server: EmbeddedServer) -> str:
    """Puts in two entries to read, and returns the hash of the script."""
    redis = open_redis(server.url)
    client = redis.client
    await client.execute_command("FLUSHALL")
    for key in UNREAD[:2]:
        await client.execute_command("XADD", key, "1-1", "e", ENTRY)
    sha = await client.execute_command("SCRIPT", "LOAD", SCRIPT)
    await redis.close()
    return sha.decode() if isinstance(sha, bytes) else str(sha)


async def measure(server: EmbeddedServer, report: Report, repeat: int, rounds: int) -> None:
    for turn in range(repeat):
        for name, make in CLIENTS.items():
            sha = await prepare(server)
            async with AsyncExitStack() as stack:
                try:
                    client = await make(server, stack)
                except ImportError:
                    if not turn:
                        report.notes.append(f"{name} is not installed here.")
                    continue
                for case, spent in (await cases(client, sha, rounds)).items():
                    report.add(f"{case}, {name}", "µs of CPU", spent)


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "").parse_args(argv)
    report = Report("hotpath")
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedServer(Path(folder) / "redis") as server,
    ):
        uvloop.run(measure(server, report, options.repeat, 200 if options.short else 6_000))
    report.finish(options.out)


if __name__ == "__main__":
    main()
