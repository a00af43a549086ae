"""One process that works within limits, as its parent sees it: started when it is first needed,
ended when idle, killed when it overruns, and replaced after that.

A thread would take the event loop's turns away from it: both need the interpreter. A pool of
processes (`concurrent.futures`) outlives a parent that is killed, and one of its processes that
dies breaks all that the others have in hand.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass

from padfleet.shared.limited.child import LENGTH_BYTES, Kind
from padfleet.shared.limited.job import Job
from padfleet.shared.tasks import Tasks, aside

IDLE = 60.0
"""Seconds without work after which the process is ended; it holds some 20 MB."""

BUSY = 4
"""How much longer a job may take by the clock: the machine has others to serve before it."""

STEP = 1 << 20
"""Bytes of an answer that are taken at a time: a millisecond."""

GRACE = 5.0
"""Seconds that it has to end when there is nothing more to do."""


class Failed(Exception):
    """There is no answer."""


class Overrun(Failed):
    """The job takes more time, memory, or room for its answer than one job may."""


class JobRefused(Failed):
    """The job is wrong; the text says what. It is what the work itself raised as ValueError."""


class WorkFailed(Failed):
    """A fault of ours: the process has ended, does not start, or the work raised something."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take."""

    seconds: int  #: of processor time; by the clock, `BUSY` times as many
    memory: int  #: bytes
    answer: int  #: bytes


class Limited:
    """Does one job at a time."""

    def __init__(self, work: str, limits: Limits, *, idle: float = IDLE) -> None:
        """`work`: the function, as ``package.module:function``; see `shared.limited.child`."""
        self._work = work
        self._limits = limits
        self._idle = idle
        self._process: asyncio.subprocess.Process | None = None
        self._done = 0  # jobs of this process
        self._turn = asyncio.Lock()
        self._rest: asyncio.TimerHandle | None = None
        self._leaving = Tasks()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The id of the process, while there is one."""
        return self._process.pid if self._process is not None else None

    async def do(self, *job: bytes) -> bytes:
        """The answer to a job, which is handed over as it is, piece by piece. Raises `JobRefused`,
        `Overrun` or `WorkFailed`."""
        async with self._turn:
            if self._closed:
                raise WorkFailed("the process is stopping")
            if self._rest is not None:
                self._rest.cancel()
                self._rest = None
            most = self._limits.seconds * BUSY
            try:
                async with asyncio.timeout(most):
                    kind, answer = await self._exchange_twice(job)
            except TimeoutError:
                await self._end()
                raise Overrun(f"it takes more than {most:g} s") from None
            except (OSError, EOFError) as error:
                ended_by = await self._ended_by()
                await self._end()
                if ended_by == -signal.SIGXCPU:
                    seconds = self._limits.seconds
                    raise Overrun(f"it takes more than {seconds} s of processor time") from None
                raise WorkFailed(f"the process that does {self._work} failed: {error!r}") from error
            except BaseException:
                # Cancelled half-way: its answer would be taken for that to the next job.
                await self._end()
                raise
            self._done += 1
            if kind is Kind.TOO_MUCH:
                await self._end()
            else:
                loop = asyncio.get_running_loop()
                self._rest = loop.call_later(self._idle, self._has_rested)
            return _answer(kind, answer, self._work)

    async def close(self) -> None:
        self._closed = True
        if self._rest is not None:
            self._rest.cancel()
        await self._end()
        await self._leaving.finished()

    async def _exchange_twice(self, job: Job) -> tuple[Kind, bytes]:
        try:
            return await self._exchange(job)
        except (OSError, EOFError):
            if not self._done or await self._ended_by() == -signal.SIGXCPU:
                raise  # it has died of this very job
            await self._end()
            # Somebody has killed it since the last job: the system, when memory is short, begins
            # with the likes of it. Should it be for this job, it will not survive it again.
            return await self._exchange(job)

    async def _exchange(self, job: Job) -> tuple[Kind, bytes]:
        if self._process is None or self._process.returncode is not None:
            self._done = 0
            limits = self._limits
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "padfleet.shared.limited",
                self._work,
                str(limits.seconds),
                str(limits.memory),
                str(limits.answer),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(sum(map(len, job)).to_bytes(LENGTH_BYTES, "big"))
            for piece in job:
                stdin.write(piece)
            await stdin.drain()
        except RuntimeError as error:
            # How uvloop says that a pipe is closed already.
            raise BrokenPipeError(str(error)) from error
        head = await stdout.readexactly(1 + LENGTH_BYTES)
        return Kind(head[0]), await _read(stdout, int.from_bytes(head[1:], "big"))

    def _has_rested(self) -> None:
        # Whoever comes meanwhile starts another.
        process, self._process, self._rest = self._process, None, None
        if process is not None:
            self._leaving.start(_ended(process), f"end of {self._work}", pid=process.pid)

    async def _ended_by(self) -> int | None:
        """How the process has ended, whose pipes have."""
        if self._process is None:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self._process.wait()
        return self._process.returncode

    async def _end(self) -> int | None:
        """How it has ended, killed or before."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        return await process.wait()


async def _read(stream: asyncio.StreamReader, length: int) -> bytes:
    """So many bytes, in steps: to copy a hundred megabytes at once would hold the event loop."""
    pieces: list[bytes] = []
    while length:
        pieces.append(await stream.readexactly(min(length, STEP)))
        length -= len(pieces[-1])
    # Others have the interpreter while so much is joined.
    return await aside(len(pieces) > 1, b"".join, pieces)


def _answer(kind: Kind, answer: bytes, work: str) -> bytes:
    if kind is Kind.DONE:
        return answer
    text = answer.decode("utf-8", "replace")
    if kind is Kind.REFUSED:
        raise JobRefused(text)
    if kind is Kind.TOO_MUCH:
        raise Overrun(f"it takes too much ({text})")
    raise WorkFailed(f"{work} failed: {text}")


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
