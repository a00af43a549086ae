"""Runs the servers of pads that everyday loads compare: ours, of any checkout, and Etherpad."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.benchmarks.figures import cpu_seconds
from tests.benchmarks.rig import Rig
from tests.fleet import PADFLEET, ROOT

_ETHERPAD = re.compile(r"(?P<url>https?://[^,]+),(?P<pid>[0-9]+)")


class BadSide(ValueError):
    """The text says which, and how it should be written."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running server."""

    urls: Sequence[str]  #: clients go round
    pids: dict[str, int]  #: all processes whose CPU time is the cost, by name


class Side(Protocol):
    """The interface of a side of the comparison."""

    @property
    def name(self) -> str:
        """Returns its name in the table."""

    def run(self, workers: int) -> "Iterator[Running]":
        """Yields it once, and ends it afterwards. `workers`: of a fleet."""


@dataclass(frozen=True, slots=True)
class FleetSide:
    """Ours: an embedded Redis, one writer, and workers, started anew each time."""

    name: str
    launcher: Sequence[str] = PADFLEET
    node: bool = False  #: the first worker and the writer are one process

    def run(self, workers: int) -> Iterator[Running]:
        older = not self.has_ops_port()
        with Rig(workers=workers, node=self.node, launcher=self.launcher, older=older) as rig:
            members = [*rig.fleet.workers, *rig.fleet.writers]
            pids = {member.name: member.process.pid for member in members}
            yield Running(rig.fleet.urls, pids | {"redis": rig.redis_pid})

    def has_ops_port(self) -> bool:
        """Returns whether it is a release whose workers have a port for operators."""
        command = [*self.launcher, "fanout", "--help"]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return "--ops-port" in told.stdout


@dataclass(frozen=True, slots=True)
class EtherpadSide:
    """One that runs already, and goes on running."""

    url: str
    pid: int
    name: str = "Etherpad"

    def run(self, workers: int) -> Iterator[Running]:
        yield Running([self.url], {"etherpad": self.pid})


def etherpad(text: str) -> EtherpadSide:
    """Parses an address such as ``http://127.0.0.1:9001,4711``. Raises `BadSide`."""
    found = _ETHERPAD.fullmatch(text)
    if found is None:
        raise BadSide(f"--etherpad {text}: write its address and process id, as URL,PID")
    pid = int(found["pid"])
    try:
        cpu_seconds([pid])
    except OSError as error:
        raise BadSide(f"--etherpad {text}: there is no process {pid} on this machine") from error
    return EtherpadSide(found["url"].rstrip("/"), pid)


def other(checkout: Path) -> FleetSide:
    """Returns a fleet of another checkout, with the environment in its ``.venv``. Raises
    `BadSide`."""
    python = checkout.absolute() / ".venv" / "bin" / "python"
    program = python.with_name("padfleet")
    if not program.is_file():
        raise BadSide(f"--other {checkout}: there is no {program}; run make setup there first")
    # -E: what points this process to its own checkout must not point that one to it.
    return FleetSide(checkout.absolute().name, (str(python), "-E", str(program)))


@contextmanager
def started(side: Side, workers: int) -> Iterator[Running]:
    """Runs the side."""
    yield from side.run(workers)
