"""Starts processes of padfleet as copies of one that has imported everything, and done nothing else
yet.

A worker takes two seconds of CPU to import what it uses, and the tests start some hundred of them:
that was half of the time they took. `Fleet` uses this within pytest. Measurements, and tests of the
start itself (`padfleet up`, the package, most launchers of their own), start from nothing.

Each test process has one such server, started when it is first needed. It ends with its test
process, and everything that it has started ends with it.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal

from padfleet.__main__ import COMMANDS
from padfleet.shared.settings.declare import specs
from padfleet.shared.settings.fleet import FLEET

ROOT: Final = Path(__file__).parent.parent

PRELOADED: Final = (
    *("fanout", "writer", "node", "pad", "doctor", "backup", "restore", "verify", "loadtest"),
    *("pads", "export", "import"),
)
"""The commands whose modules are imported ahead. The others import what they lack when they run."""

OURS: Final = "padfleet.__main__"

MAINS: Final = {"padfleet": OURS, "tests.sabotage": "tests.sabotage"}
"""The programs that a copy can become, by what `python -m` calls them: their modules have a
`main()`, and change nothing that is imported ahead in a way that comes too late then."""

_LARGEST: Final = 1 << 17
"""How many bytes a message has at most: an environment and arguments."""

_STARTING: Final = 60.0
"""How many seconds a process may take to start."""


class Started:
    """A process, with the part of `subprocess.Popen` that tests use."""

    stdin: IO[bytes] | None = None
    returncode: int | None = None

    def __init__(self, server: WarmStart, pid: int) -> None:
        self.pid = pid
        self._server = server

    def poll(self) -> int | None:
        self._server.listen(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code. Raises `subprocess.TimeoutExpired`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(["padfleet"], timeout or 0.0)
            self._server.listen(0.1)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class WarmStart:
    """The side of the test process, which any of its threads may use."""

    def __init__(self) -> None:
        self._running: dict[int, Started] = {}  #: by PID, which may be used again later
        self._fresh: list[Started] = []
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm_start", str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        atexit.register(self._socket.close)

    def start(
        self,
        words: Sequence[str],
        *,
        env: Mapping[str, str],
        stdout: int,
        stderr: int,
        stdin: int = subprocess.DEVNULL,
        cwd: Path = ROOT,
        main: str = OURS,
        terminal: Literal["", "own", "shared"] = "",
    ) -> Started:
        """Starts `padfleet WORDS…` with these file descriptors, in the folder `cwd`. `main` is the
        module whose `main()` runs, of those in `MAINS`. If standard input is a terminal, the
        process can be the first one of it (`own`), or a job of its own there (`shared`)."""
        if stdin == subprocess.PIPE:
            theirs, ours = os.pipe()
            with contextlib.closing(os.fdopen(theirs)):
                one = self.start(
                    words, env=env, stdout=stdout, stderr=stderr, stdin=theirs, cwd=cwd, main=main
                )
            one.stdin = os.fdopen(ours, "wb")
            return one
        told = {"words": list(words), "env": dict(env), "cwd": str(cwd)}
        order = json.dumps({**told, "main": main, "terminal": terminal}).encode()
        with self._lock, Path(os.devnull).open("rb") as nothing:
            given = nothing.fileno() if stdin == subprocess.DEVNULL else stdin
            streams = array.array("i", [given, stdout, stderr])
            self._socket.sendmsg([order], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
            deadline = time.monotonic() + _STARTING
            while not self._fresh:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError("the process that starts others does not answer")
                self._listen(1.0)
            return self._fresh.pop()

    def listen(self, seconds: float) -> None:
        """Takes in which processes have ended; waits at most so many seconds for that."""
        with self._lock:
            self._listen(seconds)

    def _listen(self, seconds: float) -> None:
        while select.select([self._socket], [], [], seconds)[0]:
            data = self._socket.recv(_LARGEST)
            if not data:
                raise RuntimeError("the process that starts others has ended")
            told: dict[str, int] = json.loads(data)
            if "started" in told:
                one = Started(self, told["started"])
                self._running[one.pid] = one
                self._fresh.append(one)
            else:
                self._running.pop(told["ended"]).returncode = told["code"]
            seconds = 0.0


_server: WarmStart | None = None
_allowed = False


def allow() -> None:
    """Allows the fleets of this process to start like this."""
    global _allowed
    _allowed = True


def server() -> WarmStart | None:
    """Returns this process's server, or None if processes are to start from nothing."""
    global _server
    if _server is None and _allowed:
        _server = WarmStart()
    return _server


# --- The process that is copied -------------------------------------------------------------------


def _serve(orders: socket.socket) -> None:
    for name in PRELOADED:
        importlib.import_module(f"padfleet.services.{COMMANDS[name][0]}.__main__")
    importlib.import_module("padfleet.services.node.app")
    for settings in FLEET:
        specs(settings)
    gc.collect()
    gc.freeze()  # otherwise each copy would go through all of it, and have its memory copied
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which ends us
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: set[int] = set()
    while True:
        ready, _, _ = select.select([orders.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ended(orders, running)
        if orders.fileno() in ready:
            data, streams = _received(orders)
            if not data:
                break
            pid = os.fork()
            if pid == 0:
                orders.close()
                os.close(woken)
                os.close(wakes)
                _become(json.loads(data), streams)
            for stream in streams:
                os.close(stream)
            running.add(pid)
            orders.send(json.dumps({"started": pid}).encode())
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _received(orders: socket.socket) -> tuple[bytes, list[int]]:
    data, extra, _, _ = orders.recvmsg(_LARGEST, socket.CMSG_SPACE(3 * 4))
    streams = array.array("i")
    for _, _, passed in extra:
        streams.frombytes(passed)
    return data, list(streams)


def _tell_ended(orders: socket.socket, running: set[int]) -> None:
    while running:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        running.discard(pid)
        code = os.waitstatus_to_exitcode(status)
        with contextlib.suppress(BrokenPipeError):
            orders.send(json.dumps({"ended": pid, "code": code}).encode())


def _become(order: dict[str, Any], streams: Sequence[int]) -> None:
    """Runs padfleet as a process of its own would. It does not return."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        if order["terminal"] == "own":
            os.login_tty(os.dup(0))
        elif order["terminal"] == "shared":
            os.setpgrp()
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["cwd"])
        # Python itself reads this at its start. Tests use no other variable of this kind.
        sys.path[1:1] = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        sys.argv = ["padfleet", *order["words"]]
        code = importlib.import_module(order["main"]).main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
