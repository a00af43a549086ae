"""Runs one process of the fleet: starts it, watches it, restarts it when it dies, and stops it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import padfleet
from padfleet.services.tools.up.tether import tethered

SHORT_LIFE_S: Final = 10.0
"""A process that dies before it is this many seconds old has been unable to work."""

SHORT_LIVES_LIMIT: Final = 5
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 5.0

_LINE_BYTES: Final = 64 * 1024
_LAST_LINES: Final = 15

Say = Callable[[str, str], None]
"""Takes the name of a process and a line about or from it."""


class ChildGaveUp(Exception):
    """A process died at once again and again; the text has the end of what it printed."""


@dataclass(frozen=True)
class ChildSpec:
    """A command of `padfleet` to run, with its flags and variables."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    url: str
    """The URL of its health checks."""


class Child:
    """A process that is kept running until `stop`."""

    def __init__(self, spec: ChildSpec, say_output: Say, say: Say) -> None:
        """Takes what to run. `say_output` receives what the process prints, `say` what happens to
        it."""
        self.spec = spec
        self._say_output = say_output
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._stop_wanted = asyncio.Event()
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)

    @property
    def pid(self) -> int:
        """The process's id, or 0 while it does not run."""
        process = self._process
        return 0 if process is None or process.returncode is not None else process.pid

    async def keep_running(self) -> None:
        """Keeps the process running, and returns after `stop`. Raises `ChildGaveUp` when there is
        no point in starting it again."""
        pause, short_lives = _FIRST_PAUSE_S, 0
        while not self._stop_wanted.is_set():
            started = time.monotonic()
            code = await self._run_once()
            if self._stop_wanted.is_set():
                return
            lived = time.monotonic() - started
            if lived >= SHORT_LIFE_S:
                pause, short_lives = _FIRST_PAUSE_S, 0
            short_lives += 1
            if short_lives >= SHORT_LIVES_LIMIT or _is_usage_error(code, short_lives):
                raise ChildGaveUp(self._obituary(code, short_lives))
            self._say(
                self.spec.name,
                f"died after {lived:.1f} s ({_how(code)}); starting it again in {pause:g} s",
            )
            await self._pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def stop(self) -> None:
        """Asks the process to end, by SIGTERM, and does not start it again."""
        self._stop_wanted.set()
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._stop_wanted.set()
        self._send(signal.SIGKILL)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop_wanted.wait()

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            # It may die this very moment, which is what was wanted.
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _run_once(self) -> int:
        # SIGKILL when this process dies: workers and writers are made to be killed at any moment,
        # and a drain would only wait for a Redis that is going away as well.
        program = [sys.executable, "-P", "-m", "padfleet", *self.spec.argv]
        process = await asyncio.create_subprocess_exec(
            *tethered(program, signal.SIGKILL),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **self.spec.environ, "PYTHONPATH": _python_path()},
            # A session of its own: Ctrl-C in the terminal is for `up`, which then stops the
            # processes in their order.
            start_new_session=True,
        )
        self._process = process
        if self._stop_wanted.is_set():
            # `stop` came while it was being started, and had nothing to send a signal to.
            self._send(signal.SIGTERM)
        assert process.stdout is not None
        await self._pass_on(process.stdout)
        return await process.wait()

    async def _pass_on(self, output: asyncio.StreamReader) -> None:
        """Passes the output's lines on until it is closed.

        `readline` would raise on a line longer than its buffer. Nobody would then empty the pipe,
        and the process would stop at its next print.
        """
        rest = b""
        while chunk := await output.read(_LINE_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._line(line)
        if rest:
            self._line(rest)

    def _line(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self._last_lines.append(text)
        self._say_output(self.spec.name, text)

    def _obituary(self, code: int, deaths: int) -> str:
        times = "at once" if deaths == 1 else f"{deaths} times in a row"
        lines = "".join(f"\n    {line}" for line in self._last_lines) or " nothing"
        return f"{self.spec.name} died {times} ({_how(code)}); the last that it printed:{lines}"


def _is_usage_error(code: int, deaths: int) -> bool:
    """Returns whether the process has ended with exit code 2 at its first start. Its settings are
    wrong then, and will be the next time."""
    return code == 2 and deaths == 1


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _python_path() -> str:
    """Returns a PYTHONPATH that leads to the package, whatever directory `up` was started in.

    `-P` keeps that directory itself out, which may also contain something named padfleet.
    """
    root = str(Path(padfleet.__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH", "")
    return root + (os.pathsep + inherited if inherited else "")
