"""Makes one simulated world from a seed: its clocks, chance, network and hosts."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Callable
from errno import EAGAIN
from typing import Any, Final

from tests.world import disguise
from tests.world.host import Host, here
from tests.world.loop import WorldLoop
from tests.world.network import Network, SimulatedSocket
from tests.world.trace import Trace

EPOCH: Final = 1_800_000_000.0 - 1000.0
"""What the hosts' clocks show when the loop's clock shows 0, in seconds since 1970."""

CLIENTS: Final = ("engineio.client", "socketio.client")
"""The loggers of the people's own library, whose words about broken connections are of no
interest."""

OF_THE_MACHINE: Final = ("the page is not built",)
"""The beginnings of messages that depend on the machine, and not on the seed."""

_ADDRESS: Final = re.compile(r"0x[0-9a-f]{6,}")


class World:
    """A world. Each part of it has dice of its own, so that one more throw here changes nothing
    there."""

    def __init__(self, seed: str, show: Callable[[str], None] | None = None) -> None:
        """Makes a world from a seed; `show` is called with the lines of the trace."""
        self.seed = seed
        self._dice: list[tuple[random.Random, str]] = []
        self.trace = Trace(show)
        self.loop = WorldLoop(self.dice("order"))
        self.network = Network(self.loop, self.dice("network"), self.trace)
        self._bytes = self.dice("program")

    def dice(self, what: str) -> random.Random:
        dice = random.Random(f"{self.seed} {what}")
        self._dice.append((dice, what))
        return dice

    def become(self, seed: str) -> None:
        """Makes all chance that of this seed from now on. Nothing that has happened changes. Of a
        world that had this seed from its beginning, it is other chance than at the beginning: a
        server that starts anew would have the name that it had, and nobody would see that it is
        another."""
        name = f"{seed} by day" if seed == self.seed else seed
        self.seed = seed
        for dice, what in self._dice:
            dice.seed(f"{name} {what}")
        disguise.enter(self)  # which throws the dice that are nobody's

    def line(self, text: str, host: Host | None = None) -> None:
        """Adds a line to the trace."""
        where = host or here()
        # The addresses of objects do not depend on the seed.
        text = _ADDRESS.sub("0x…", text)
        self.trace.line(self.loop.now, where.name if where is not None else "", text)

    # --- As disguise.World -----------------------------------------------------------------------

    def wall(self) -> float:
        host = here()
        return EPOCH + self.loop.now + (host.ahead if host is not None else 0.0)

    def monotonic(self) -> float:
        return self.loop.now

    def random_bytes(self, count: int) -> bytes:
        return self._bytes.randbytes(count)

    def host_name(self) -> str:
        host = here()
        return host.name if host is not None else "outside"

    def pid(self) -> int:
        host = here()
        return host.pid if host is not None else 1

    def write(self, fd: int, data: bytes) -> int:
        taken = self.network.end_of(fd).send(data)
        if not taken:
            raise BlockingIOError(EAGAIN, "the socket's buffers are full")
        return taken

    def duplicate(self, fd: int) -> int:
        _ = self.network.end_of(fd)
        return fd

    def make_socket(self, fileno: int | None) -> SimulatedSocket:
        return self.network.make_socket(fileno)

    # --- Its beginning and end -------------------------------------------------------------------

    def __enter__(self) -> World:
        disguise.enter(self)
        return self

    def __exit__(self, *_: object) -> None:
        disguise.enter(None)


class Listener(logging.Handler):
    """Puts what programs log into the trace, and keeps what nobody should have to read."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.INFO)
        self.is_expected: Callable[[logging.LogRecord], bool] = lambda _: False
        """Returns whether a record is to be expected, given what has been broken."""
        self.takes_warnings_for_faults = False
        self.tell: Callable[[], None] = lambda: None  #: called when a forbidden record was logged
        self.faults: list[str] = []
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(CLIENTS) or record.msg.startswith(OF_THE_MACHINE):
            return
        words = [record.levelname.lower(), record.getMessage()]
        words += [f"{name}={value}" for name, value in _extras(record)]
        text = " ".join(words)
        if record.exc_info and record.exc_info[1] is not None:
            text += f" {record.exc_info[1]!r}"
        self._world.line(text)
        least = logging.WARNING if self.takes_warnings_for_faults else logging.ERROR
        if (record.levelno >= least or record.exc_info) and not self.is_expected(record):
            host = here()
            trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            self.faults.append(f"{host.name if host else ''}: {text}\n{trace}")
            self.tell()


_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _extras(record: logging.LogRecord) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in vars(record).items() if name not in _STANDARD]
