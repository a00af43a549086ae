"""Runs one Redis-compatible server, data or sentinel, that a test may kill, freeze and start again.

It is not `EmbeddedServer`, which is made to end well. Here a configuration file is needed, since
Sentinel keeps its state in it and writes the roles of servers into theirs, and the process is
tethered with SIGKILL, since a frozen one would hear nothing else when the test dies.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from padfleet.services.tools.up.binary import find_server
from padfleet.services.tools.up.tether import tethered
from tests.eventually import eventually_sync

HOST: Final = "127.0.0.1"
START_S: Final = 30.0
_ANSWER_S: Final = 2.0

UNREACHABLE: Final = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError)


class Server:
    """A process on a port that stays its own, with its data and its log in `folder`."""

    def __init__(
        self,
        folder: Path,
        port: int,
        settings: Sequence[str],
        *,
        sentinel: bool = False,
        host: str = HOST,
        launcher: Sequence[str] = (),
        program: Path | None = None,
    ) -> None:
        """Takes the folder and the port.

        Arguments:
            settings: lines of its configuration file, besides address, folder and log.
            launcher: a command that runs the one which follows it, as that of a `Host` does; the
                address is then `host`.
            program: the server to run, if it is not to be the first one found.
        """
        self.host = host
        self.port = port
        self.folder = folder
        self.log = folder / "server.log"
        self.frozen = False
        self._config = folder / "server.conf"
        self._sentinel = sentinel
        self._launcher = list(launcher)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        # There are no retries and no long waits: the question is whether it answers now.
        self._client = redis.Redis(
            host=host,
            port=port,
            socket_timeout=_ANSWER_S,
            socket_connect_timeout=_ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        )
        folder.mkdir(parents=True)
        if host != HOST:
            settings = [*settings, "protected-mode no"]  # the network is the test's own
        lines = [f"port {port}", f"bind {host}", f'dir "{folder}"', f'logfile "{self.log}"']
        self._config.write_text("\n".join([*lines, *settings, ""]))

    def __repr__(self) -> str:
        return f"<server {self.folder.name} on {self.port}>"

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Returns the process id. Raises RuntimeError if it does not run."""
        if self._process is None or not self.running:
            raise RuntimeError(f"{self} does not run")
        return self._process.pid

    def client(self) -> redis.Redis:
        """Returns the same client each time, for commands to this server and no other; it returns
        bytes."""
        return self._client

    def start(self) -> None:
        """Starts it with its data, and waits until it answers. It must be called from the main
        thread."""
        self.launch()
        eventually_sync(self._answers, f"{self} answers", timeout=START_S)

    def launch(self) -> None:
        """Does what `start` does, without the wait."""
        if self.running:
            raise RuntimeError(f"{self} runs already")
        program = self._program or find_server().path
        command = [*self._launcher, str(program), str(self._config)]
        if self._sentinel:
            command.append("--sentinel")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                tethered(command, signal.SIGKILL),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # It refuses to start under a locale that the machine does not have.
                env=os.environ | {"LC_ALL": "C"},
            )

    def restart(self) -> None:
        """Kills it if it runs, and starts it on the same port with its data."""
        self.kill()
        self.start()

    def kill(self) -> None:
        """Kills it like `kill -9`. Does nothing if it does not run."""
        process, self._process, self.frozen = self._process, None, False
        if process is not None:
            process.kill()
            process.wait()

    def stop(self) -> None:
        self.kill()
        self._client.close()

    def freeze(self) -> None:
        """Stops the process with SIGSTOP: connections to it stay open, and new ones are accepted by
        the kernel."""
        os.kill(self.pid, signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)
        self.frozen = False

    def role(self) -> str:
        """Returns `master` or `slave`, as it reports itself, or an empty text if it does not
        answer."""
        if not self.running or self.frozen:
            return ""
        try:
            return str(self._client.role()[0].decode())
        except UNREACHABLE:
            return ""

    def follows(self, primary: Server) -> bool:
        """Returns whether it is a replica of `primary`, with the link up and its first copy
        complete."""
        if self.role() != "slave":
            return False
        try:
            facts = self._client.info("replication")
        except UNREACHABLE:
            return False
        return bool(facts["master_port"] == primary.port and facts["master_link_status"] == "up")

    def _answers(self) -> bool:
        if not self.running:
            text = self.log.read_text(errors="replace")
            raise RuntimeError(f"{self} ended at its start:\n{text[-2000:]}")
        try:
            return bool(self._client.ping())
        except UNREACHABLE:
            return False
