"""The helper process, as the worker sees it: started when it is first needed, ended when idle.

A thread would take the event loop's turns away from it: both need the interpreter. A pool of
processes (`concurrent.futures`) outlives a parent that is killed.
"""

import asyncio
import logging
import sys
from contextlib import suppress

from services.fanout.timeslider.child import LENGTH_BYTES
from services.fanout.timeslider.job import Answer, Job
from shared.tasks import Tasks

log = logging.getLogger(__name__)

IDLE = 60.0
"""Seconds without work after which the process is ended; it holds some 20 MB."""

GRACE = 5.0
"""Seconds that it has to end when there is nothing more to do."""

LIMIT = 30.0
"""Seconds for one job, beyond what the job itself says; then something is wrong with the helper."""


class HelperFailed(Exception):
    """The process has ended, or does not answer. The next job gets a new one."""


class Helper:
    """Does one job at a time."""

    def __init__(self, *, idle: float = IDLE, limit: float = LIMIT) -> None:
        self._idle = idle
        self._limit = limit
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._rest: asyncio.TimerHandle | None = None
        self._leaving = Tasks()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process is not None else None

    async def do(self, job: Job) -> Answer:
        """Raises `HelperFailed`."""
        async with self._turn:
            if self._closed:
                raise HelperFailed("the worker is stopping")
            if self._rest is not None:
                self._rest.cancel()
                self._rest = None
            try:
                async with asyncio.timeout(job.seconds + self._limit):
                    answer = await self._exchange_twice(job)
            except (OSError, EOFError, TimeoutError) as error:
                await self._end()
                raise HelperFailed(f"the timeslider's helper failed: {error!r}") from error
            except BaseException:
                # Cancelled half-way: its answer would be taken for that to the next job.
                await self._end()
                raise
            loop = asyncio.get_running_loop()
            self._rest = loop.call_later(self._idle, self._has_rested)
            return answer

    async def close(self) -> None:
        self._closed = True
        if self._rest is not None:
            self._rest.cancel()
        await self._end()
        await self._leaving.finished()

    async def _exchange_twice(self, job: Job) -> Answer:
        try:
            return await self._exchange(job)
        except (OSError, EOFError):
            # Somebody has killed it since the last job: the system, when memory is short, begins
            # with the likes of it. Should it be for this job, it will not survive it again.
            await self._end()
            return await self._exchange(job)

    async def _exchange(self, job: Job) -> Answer:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.fanout.timeslider.child",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        data = job.encode()
        try:
            stdin.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
            await stdin.drain()
        except RuntimeError as error:
            # How uvloop says that a pipe is closed already.
            raise BrokenPipeError(str(error)) from error
        length = int.from_bytes(await stdout.readexactly(LENGTH_BYTES), "big")
        return Answer.decode(await stdout.readexactly(length))

    def _has_rested(self) -> None:
        # Whoever comes meanwhile starts another.
        process, self._process, self._rest = self._process, None, None
        if process is not None:
            self._leaving.start(_ended(process), "end of the helper", pid=process.pid)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ended(process: asyncio.subprocess.Process) -> None:
    """It ends by itself when its input does."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(GRACE):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
