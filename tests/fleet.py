"""Runs a real fleet for tests: separate processes on one Redis, which can be killed one by one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.error import HTTPError, URLError

from padfleet.services.tools.up.server import EmbeddedServer
from tests import warm_start
from tests.eventually import eventually_sync
from tests.processes import free_ports
from tests.warm_start import Started

ROOT = Path(__file__).parent.parent

HOST = "127.0.0.1"
PADFLEET = (sys.executable, "-m", "padfleet")


@dataclass
class Member:
    """One process of the fleet."""

    name: str
    port: int
    process: subprocess.Popen[bytes] | Started
    log: Path
    launcher: Sequence[str]
    host: str
    ops_port: int = 0  #: for metrics, /stats and /fleet; 0 means that these are on `port`

    @property
    def ops_url(self) -> str:
        return f"http://{self.host}:{self.ops_port or self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended at start:\n{self.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as response:
                return bool(json.load(response)["status"] == "ok")
        except (URLError, OSError):
            return False

    def metric(self, name: str) -> float:
        """Returns the sum of a metric's samples of this name, or the one with this name and
        labels."""
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in self.page("/metrics").splitlines()
            if line.startswith((f"{name} ", f"{name}{{"))
        )

    def page(self, path: str, **headers: str) -> str:
        """Returns a page for operators."""
        request = urllib.request.Request(f"{self.ops_url}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=5) as response:
            text: str = response.read().decode()
        return text

    def readiness(self) -> str:
        """Returns what it reports about its readiness, whether it is ready or not: on a busy
        machine, it may not be for a moment."""
        try:
            return self.page("/health/ready")
        except HTTPError as error:
            with error:
                return error.read().decode()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kills it like `kill -9`, without a farewell of any kind."""
        self.process.kill()
        self.process.wait()


@dataclass
class Fleet:
    """Writers and workers on `redis_url`. Logs go to `folder`, one file for each process."""

    redis_url: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    stdin: int = subprocess.DEVNULL  #: standard input of the processes
    writers: list[Member] = field(default_factory=list)
    workers: list[Member] = field(default_factory=list)
    one_port: bool = False  #: workers serve operators on the port for clients, too
    older: bool = False  #: of a release whose workers have no separate port for operators

    @property
    def urls(self) -> list[str]:
        return [worker.url for worker in self.workers]

    @property
    def ops_urls(self) -> list[str]:
        """Returns the address of the operators' part of each worker."""
        return [worker.ops_url for worker in self.workers]

    def start(
        self,
        *,
        writers: int = 1,
        workers: int = 2,
        nodes: int = 0,
        launcher: Sequence[str] = PADFLEET,
        host: str = HOST,
    ) -> Fleet:
        """Starts processes, and returns when all of them are ready.

        Arguments:
            nodes: how many processes are a worker and a writer at once; they come first among the
                workers.
            launcher: the command that runs padfleet, for processes whose clock or network is to be
                broken.
            host: the address that the processes then have.
        """
        kinds = [("writer", self.writers)] * writers + [("node", self.workers)] * nodes
        kinds += [("fanout", self.workers)] * workers
        fresh = [self._spawn(kind, among, launcher, host) for kind, among in kinds]
        for member in fresh:
            eventually_sync(member.ready, f"{member.name} is ready", timeout=30)
        return self

    def restart(self, member: Member) -> None:
        """Starts a process that has ended again, on the same port."""
        assert member.process.poll() is not None, f"{member.name} still runs, and would be left so"
        among = self.workers if member in self.workers else self.writers
        kind = member.name.partition("-")[0]
        fresh = self._spawn(
            kind,
            [],
            member.launcher,
            member.host,
            port=member.port,
            ops_port=member.ops_port,
            name=member.name,
        )
        among[among.index(member)] = fresh
        eventually_sync(fresh.ready, f"{fresh.name} is ready", timeout=30)

    def _spawn(
        self,
        kind: str,
        among: list[Member],
        launcher: Sequence[str],
        host: str,
        *,
        port: int = 0,
        ops_port: int = 0,
        name: str = "",
    ) -> Member:
        if not port:
            port, ops_port = free_ports(2)
        if self.one_port or self.older:
            ops_port = port
        name = name or f"{kind}-{len(among) + 1}"
        environment = {
            **os.environ,
            "PADFLEET_REDIS_URL": self.redis_url,
            "PADFLEET_HOST": host,
            **self.settings,
        }
        words = ["--port", str(port)]
        if kind == "writer":
            ops_port = 0
        elif not self.older:
            words += ["--ops-port", str(ops_port)]
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = self._process(launcher, [kind, *words], environment, output.fileno())
        member = Member(name, port, process, log, launcher, host, ops_port)
        among.append(member)
        return member

    def _process(
        self,
        launcher: Sequence[str],
        words: Sequence[str],
        environment: dict[str, str],
        output: int,
    ) -> subprocess.Popen[bytes] | Started:
        warm, main = warm_start.server(), warm_start.MAINS.get(launcher[-1])
        if warm is None or main is None or tuple(launcher[:-1]) != PADFLEET[:-1]:
            return subprocess.Popen(
                [*launcher, *words],
                cwd=ROOT,
                env=environment,
                stdin=self.stdin,
                stdout=output,
                stderr=output,
            )
        return warm.start(
            words, env=environment, stdin=self.stdin, stdout=output, stderr=output, main=main
        )

    def stop(self) -> None:
        """Ends all processes. Raises AssertionError if one of them logged a fault of its own."""
        members = [*self.workers, *self.writers]
        for member in members:
            if member.process.poll() is None:
                member.signal(signal.SIGCONT)
                member.signal(signal.SIGTERM)
        for member in members:
            try:
                member.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                member.kill()
        for member in members:
            text = member.log.read_text(errors="replace")
            at = text.find("Traceback")
            assert at < 0, f"{member.name} logged a fault:\n{text[max(0, at - 1000) : at + 4000]}"

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


@contextmanager
def fleet_of_its_own(
    folder: Path,
    settings: dict[str, str],
    *,
    writers: int = 1,
    workers: int = 2,
    nodes: int = 0,
) -> Iterator[Fleet]:
    """Runs a fleet on a Redis of its own; all its files are below `folder`. The other arguments are
    those of `Fleet.start`."""
    quick = ("--appendfsync", "no")
    with (
        EmbeddedServer(folder / "redis", extra_args=quick) as server,
        Fleet(server.url, folder, settings) as running,
    ):
        yield running.start(writers=writers, workers=workers, nodes=nodes)
