"""This module is the parent's side of one process that works within limits. The process is started
when it is first needed, ended when it has been idle, killed when it exceeds a limit, and replaced
after that.

A thread would not do: it needs the interpreter, as the event loop does, and would keep it from
running. Neither would a pool of `concurrent.futures`: its processes outlive a parent that is
killed, and when one of them dies, the jobs of all the others fail.
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
"""The seconds without work after which the process is ended. It holds some 20 MB."""

BUSY = 4
"""By the clock, a job may take this many times its limit of processor time, since the machine also
runs other processes."""

STEP = 1 << 20
"""How many bytes of an answer are read at a time. That takes a millisecond."""

GRACE = 5.0
"""How many seconds the process has to end when there is nothing more to do."""


class JobFailed(Exception):
    """The job has no answer."""


class Overrun(JobFailed):
    """The job takes more processor time or memory than one job may, or its answer is too large. The
    text is a sentence about it."""


class Starved(JobFailed):
    """The machine had too much else to do: the job's time by the clock was over before it had used
    its processor time. This says nothing about the job, which may be tried again."""


class JobRefused(JobFailed):
    """The job is wrong. The text says why: it is that of the ValueError that the work raised."""


class WorkFailed(JobFailed):
    """padfleet itself is at fault: the process has ended, it does not start, or the work raised an
    unexpected error."""


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What one job may use."""

    seconds: int  #: of processor time; by the clock, `BUSY` times as many
    memory: int  #: bytes
    answer: int  #: bytes


class Limited:
    """Does jobs in one process, one at a time."""

    def __init__(self, work: str, limits: JobLimits, *, idle: float = IDLE) -> None:
        """Takes the function that does the `work`, as ``package.module:function``;
        `shared.limited.child` says what it is given.

        Arguments:
            idle: the seconds without work after which the process is ended.
        """
        self._work = work
        self._limits = limits
        self._idle = idle
        self._process: asyncio.subprocess.Process | None = None
        self._done = 0  # jobs that this process has done
        self._turn = asyncio.Lock()
        self._rest: asyncio.TimerHandle | None = None
        self._leaving = Tasks()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process id, or None while there is no process."""
        return self._process.pid if self._process is not None else None

    async def do(self, *job: bytes) -> bytes:
        """Does a job and returns the answer. The pieces of the job are written as they are, one
        after the other.

        Raises `JobRefused`, `Overrun`, `Starved` or `WorkFailed`.
        """
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
                raise Starved(f"the machine is too busy to do it within {most:g} s") from None
            except (OSError, EOFError) as error:
                ended_by = await self._ended_by()
                await self._end()
                if ended_by == -signal.SIGXCPU:
                    seconds = self._limits.seconds
                    raise Overrun(f"it takes more than {seconds} s of processor time") from None
                raise WorkFailed(f"the process that does {self._work} failed: {error!r}") from error
            except BaseException:
                # This exchange was cancelled half-way: its answer would be taken for the answer to
                # the next job.
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
                raise  # this very job has ended the process
            await self._end()
            # The process was killed after its last job. When memory is short, the system kills
            # processes such as this one first. If this job is the reason, the process will not
            # survive the second attempt either.
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
            # uvloop raises this when a pipe is already closed.
            raise BrokenPipeError(str(error)) from error
        head = await stdout.readexactly(1 + LENGTH_BYTES)
        return Kind(head[0]), await _read(stdout, int.from_bytes(head[1:], "big"))

    def _has_rested(self) -> None:
        # A job that comes meanwhile starts another process.
        process, self._process, self._rest = self._process, None, None
        if process is not None:
            self._leaving.start(_ended(process), f"end of {self._work}", pid=process.pid)

    async def _ended_by(self) -> int | None:
        """Waits until a process whose pipes are closed has ended, for `GRACE` seconds at most.
        Returns its exit code, or None."""
        if self._process is None:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self._process.wait()
        return self._process.returncode

    async def _end(self) -> int | None:
        """Kills the process unless it has ended already, and returns its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        return await process.wait()


async def _read(stream: asyncio.StreamReader, length: int) -> bytes:
    """Reads `length` bytes in steps, because copying a hundred megabytes at once would hold the
    event loop."""
    pieces: list[bytes] = []
    while length:
        pieces.append(await stream.readexactly(min(length, STEP)))
        length -= len(pieces[-1])
    # Joining many pieces is done in a thread, so that the event loop can run meanwhile.
    return await aside(len(pieces) > 1, b"".join, pieces)


def _answer(kind: Kind, answer: bytes, work: str) -> bytes:
    if kind is Kind.DONE:
        return answer
    text = answer.decode("utf-8", "replace")
    if kind is Kind.REFUSED:
        raise JobRefused(text)
    if kind is Kind.TOO_MUCH:
        raise Overrun(text)
    raise WorkFailed(f"{work} failed: {text}")


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Closes the input of the process, which then ends by itself. If it does not end in time, it is
    killed."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(GRACE):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
