"""This module reports the figures of this process to observers of the fleet (`padfleet top`,
`/fleet`).

It makes one `SET` every two seconds, of about 1 KB, in a separate task, so that no revision waits
for it. It is not a heartbeat: `pf:workers` and `pf:writers` say which processes are alive, and
nothing but displays depends on this record. It is a string and not a hash, since it is written and
read as a whole, and gets its time to live in the same command.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from prometheus_client import Gauge
from redis.exceptions import RedisError

from padfleet.shared.fleet.past import BEAT, Buckets, Counted, Past
from padfleet.shared.fleet.record import (
    BusyPads,
    ColdTrouble,
    Kind,
    ProcessRecord,
    TaskLine,
    encode,
)
from padfleet.shared.health import Health
from padfleet.shared.log.connection.connect import PATIENCE, UNREACHABLE, Redis
from padfleet.shared.log.fleet.processes import drop_record, put_record
from padfleet.shared.responsiveness import LOOP_DELAY
from padfleet.shared.supervision.progress import tick
from padfleet.shared.supervision.supervisor import TaskStatus

log = logging.getLogger(__name__)

SOON = 0.5
"""The number of seconds after which a process that is not ready reports again, as it may be by
then."""

LIFE = 60
"""How many seconds the last report of a process that died is kept, since it says where the process
ran."""

FAREWELL = 1.0
"""How many seconds a process waits at its end, at most, for its record to be removed."""


class Figures(NamedTuple):
    """What one kind of process has counted since its start."""

    revisions: float
    latency: Buckets
    pads: int
    flow: Buckets = MappingProxyType({})
    sockets: int = 0
    sessions: int = 0
    frames: float = 0.0
    bytes: float = 0.0
    busiest: Sequence[BusyPads] = ()
    damaged: Mapping[str, str] = MappingProxyType({})  #: damaged pads, and what is wrong with each


class ProcessIdentity(NamedTuple):
    """The identity of a process."""

    kind: Kind
    id: str
    host: str
    port: int
    version: str
    timeout_ms: int  #: the silence after which the others presume it dead


def reachable_host(listens_on: str) -> str:
    """Returns the host at which others find a process that listens on this address."""
    return socket.gethostname() if listens_on in ("", "0.0.0.0", "::") else listens_on


def reading(gauge: Gauge) -> float:
    """Returns the value of a gauge that has no labels."""
    return sum(sample.value for metric in gauge.collect() for sample in metric.samples)


def _told(line: TaskStatus) -> TaskLine:
    return TaskLine(line.name, line.running, line.restarts, round(line.late * 1000), line.trouble)


class Beacon:
    def __init__(
        self,
        redis: Redis,
        name: ProcessIdentity,
        count: Callable[[], Figures],
        health: Health,
        lines: Callable[[], Iterable[TaskStatus]],
        cold: Callable[[], ColdTrouble | None] = lambda: None,
    ) -> None:
        """Prepares to report.

        Arguments:
            lines: returns the status of the process's tasks at any moment.
            cold: returns what is wrong with the cold store, if anything is.
        """
        self._cold = cold
        self._redis = redis
        self._name = name
        self._count = count
        self._health = health
        self._lines = lines
        self._past = Past()
        self._started = time.monotonic()

    async def run(self) -> None:
        """Reports for as long as the process lives, unless a fault in our own code stops it."""
        while True:
            pause = BEAT
            try:
                if not await self.tell():
                    pause = SOON
            except (*UNREACHABLE, RedisError) as error:
                # The tasks whose work this stops report it more prominently.
                log.debug("figures not written", extra={"error": str(error)})
            await tick(pause)

    async def tell(self) -> bool:
        """Reports once. Returns whether the process was reported as ready."""
        report = await self._health.readiness()
        figures = self._count()
        points = self._past.add(
            Counted(
                time.monotonic() - self._started,
                time.process_time(),
                figures.sockets,
                figures.revisions,
                figures.frames,
                figures.bytes,
                figures.latency,
                figures.flow,
                LOOP_DELAY.buckets(),
            )
        )
        record = ProcessRecord(
            **self._name._asdict(),
            why=report.failing,
            sessions=figures.sessions,
            pads=figures.pads,
            busiest=tuple(figures.busiest),
            damaged=figures.damaged,
            tasks=tuple(map(_told, self._lines())),
            cold=self._cold(),
            past=points,
        )
        async with asyncio.timeout(PATIENCE):
            await put_record(self._redis, self._name.kind, self._name.id, encode(record), LIFE)
        return report.ok

    async def retire(self) -> None:
        """Removes the record of a process that ends."""
        with suppress(*UNREACHABLE):
            async with asyncio.timeout(FAREWELL):
                await drop_record(self._redis, self._name.kind, self._name.id)
