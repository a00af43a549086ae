"""Lets the processes of the rig communicate: one JSON object per line, over the pipes of a child.

A child reads orders and answers each, in order. It ends when its input does, so that it never
outlives the process for which it works.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

LONGEST = 64 << 20
"""The most bytes of a line; one with the state of ten thousand pads has one MB."""

Answer = dict[str, Any]
Serve = Callable[[dict[str, Any]], Awaitable[Answer]]


def serve(make: Callable[[dict[str, Any]], Serve]) -> None:
    """Runs a child: `make` gets the first line, and returns what answers orders."""
    # Ctrl-C reaches the whole group, but the parent decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvloop.run(_serve(make))


async def _serve(make: Callable[[dict[str, Any]], Serve]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    first = await reader.readline()
    if not first:
        return
    answer = make(json.loads(first))
    while line := await reader.readline():
        _write(await answer(json.loads(line)))


def _write(answer: Answer) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


class ChildFailed(Exception):
    """A process of the rig has ended, or does not answer."""


class LoadProcess:
    """The parent's end of a child. `start` creates it, and `end` closes it."""

    @classmethod
    async def start(cls, name: str, module: str, first: dict[str, Any]) -> "LoadProcess":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST,
        )
        child = cls(name, process)
        child._write(first)
        return child

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, order: str, timeout: float, **more: Any) -> Answer:
        """Sends an order and returns its answer. Raises `ChildFailed`."""
        async with self._turn:
            try:
                self._write({"do": order, **more})
                async with asyncio.timeout(timeout):
                    assert self._process.stdout is not None
                    line = await self._process.stdout.readline()
            except TimeoutError:
                raise ChildFailed(
                    f"{self.name} has not answered for {timeout:g} s; the rig is overloaded"
                ) from None
            except OSError as error:
                raise ChildFailed(f"{self.name} has ended: {error}") from error
            if not line:
                raise ChildFailed(f"{self.name} has ended")
            answer: Answer = json.loads(line)
            return answer

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def end(self, timeout: float = 5.0) -> None:
        """Closes its input, and kills it if it is still running after `timeout` seconds."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(timeout):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
