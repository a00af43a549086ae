"""Runs an embedded Redis-compatible server: a child process with its data in a directory.

    with EmbeddedServer(Path("padfleet-data")) as server:
        redis.Redis.from_url(server.url)

The data is still there at the next start. The server listens on the loopback address, where it asks
for no password, and on a socket in the directory.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from redis.exceptions import RedisError

from padfleet.services.tools.up.binary import ServerBinary, find_server
from padfleet.services.tools.up.datadir import DataDirLock
from padfleet.services.tools.up.tether import tethered
from padfleet.shared.lifetime import Lifetime
from padfleet.shared.log.connection.inspection import ServerInspection
from padfleet.shared.settings.redis_url import parse

HOST: Final = "127.0.0.1"

_START_S: Final = 60.0  # a large append-only file takes a while to load
_STOP_S: Final = 15.0
_POLL_S: Final = 0.02
_PORT_TRIES: Final = 5
_LOG_NAME: Final = "server.log"
_SOCKET_NAME: Final = "redis.sock"

_SOCKET_PATH_MOST: Final = 100
"""The longest path of a socket, in bytes; the kernel takes some more."""


class ServerFailed(Exception):
    """The server did not start; the text has the end of its log."""


class EmbeddedServer(Lifetime):
    """One server process. Start it from the main thread: it dies with the thread that starts it."""

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        extra_args: Sequence[str] = (),
        *,
        preferred_port: int | None = None,
    ) -> None:
        """Takes the directory of the data, and how to run the server.

        Arguments:
            port: the port to listen on. Without it, the server takes the `preferred_port` if that
                is free, and otherwise any free port.
            extra_args: further options, such as `--maxmemory`, `1gb`.
        """
        self.data_dir = data_dir.absolute()
        self.log_path = self.data_dir / _LOG_NAME
        self._wanted_port = port
        self._preferred_port = preferred_port
        self._extra_args = tuple(extra_args)
        self._lock: DataDirLock | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._socket: Path | None = None
        self._binary: ServerBinary | None = None

    @property
    def port(self) -> int:
        """The port that the server listens on, or 0 while it is stopped."""
        return self._port

    @property
    def url(self) -> str:
        """Its address for people and their tools."""
        return f"redis://{HOST}:{self._port}/0"

    @property
    def socket_url(self) -> str:
        """Its address for the processes of a fleet: the socket, or `url` if the directory cannot
        have one, since its path is too long, or since its file system knows no sockets.

        A commit of an author who is alone on a pad costs the server a tenth less by the socket, and
        all three processes together a twentieth.
        """
        return self.url if self._socket is None else f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int:
        """The server's process id, or 0 while it is stopped."""
        return 0 if self._process is None else self._process.pid

    @property
    def binary(self) -> ServerBinary:
        """The program that runs. Raises RuntimeError before the first start."""
        if self._binary is None:
            raise RuntimeError("the server has not been started")
        return self._binary

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the server, and waits until it answers.

        Raises `DataDirBusy`, `NoServerBinary` or `ServerFailed` if it cannot be started; nothing is
        left running then.
        """
        if self._process is not None:
            raise RuntimeError("the server has been started already")
        self._binary = find_server()
        self._lock = DataDirLock(self.data_dir)
        path = self.data_dir / _SOCKET_NAME
        self._socket = path if may_be_a_socket(path) else None
        try:
            self._start_on_some_port(self._binary)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops the server, which completes its append-only file. Does nothing if it is stopped
        already."""
        process, self._process, self._port = self._process, None, 0
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def last_log_lines(self, count: int = 10) -> list[str]:
        try:
            text = self.log_path.read_text(errors="replace")
        except OSError:
            return []
        return text.splitlines()[-count:]

    def _start_on_some_port(self, program: ServerBinary) -> None:
        for attempt in range(_PORT_TRIES):
            preferred = self._preferred_port if attempt == 0 else None
            port = self._wanted_port or preferred or _free_port()
            log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
            self._process = self._spawn(program, port)
            if self._answers(port):
                self._port = port
                return
            log = self._log_since(log_start)
            # Somebody else may take the port between the moment we find it free and the moment we
            # listen on it.
            if self._wanted_port or "already in use" not in log:
                break
        end = "\n  ".join(log.splitlines()[-10:])
        raise ServerFailed(f"{program} did not start; the end of {self.log_path}:\n  {end}")

    def _spawn(self, program: ServerBinary, port: int) -> subprocess.Popen[bytes]:
        options = [
            *("--bind", HOST),
            *("--port", str(port)),
            *(("--unixsocket", str(self._socket)) if self._socket is not None else ()),
            *("--unixsocketperm", "700"),
            *("--dir", str(self.data_dir)),
            *("--logfile", str(self.log_path)),
            *("--daemonize", "no"),
            *("--appendonly", "yes"),
            *("--appendfsync", "everysec"),
            *("--save", ""),  # the append-only file is enough
            *("--maxmemory-policy", "noeviction"),
            # Idle, it wakes twice a second rather than ten times, which is a fifth of what it takes
            # then. Time-outs of blocking commands are late by up to half a second if nothing else
            # goes on.
            *("--hz", "2"),
            # It would measure each of the eight commands of a commit for INFO latencystats.
            *("--latency-tracking", "no"),
            *self._extra_args,
        ]
        assert self._lock is not None
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                # SIGTERM and not SIGKILL: the server then writes what it has before it goes.
                tethered([str(program.path), *options], signal.SIGTERM),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._lock.fd,),
                # A session of its own: Ctrl-C in the terminal must not stop it before its users.
                start_new_session=True,
                # It refuses to start under a locale that the machine does not have.
                env=os.environ | {"LC_ALL": "C"},
            )

    def _answers(self, port: int) -> bool:
        """Waits until the server answers, and returns False if it died first. Raises `ServerFailed`
        if it takes too long."""
        process = self._process
        assert process is not None
        deadline = time.monotonic() + _START_S
        url = parse(f"redis://{HOST}:{port}/0")
        with closing(ServerInspection.of_url(url, timeout_s=1)) as server:
            while process.poll() is None:
                try:
                    server.ping()
                    # Somebody else's server on this port would answer a PING as well.
                    if server.process_id() == process.pid:
                        return True
                except RedisError:
                    pass  # not listening yet, or loading its data
                if time.monotonic() > deadline:
                    raise ServerFailed(
                        f"no answer within {_START_S:g} s; its log is {self.log_path}"
                    )
                time.sleep(_POLL_S)
        return False

    def _log_since(self, offset: int) -> str:
        try:
            with self.log_path.open("rb") as log:
                log.seek(offset)
                return log.read().decode(errors="replace").strip()
        except OSError:
            return ""


def may_be_a_socket(path: Path) -> bool:
    """Returns whether a server can listen on a socket with this path, of which nothing is left
    afterwards. A socket of an earlier server is removed."""
    if len(os.fsencode(path)) > _SOCKET_PATH_MOST:
        return False
    with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        path.unlink(missing_ok=True)
        probe.bind(str(path))
        path.unlink()
        return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
