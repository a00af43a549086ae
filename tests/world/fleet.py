"""Workers, writers, nodes and their Redis: the real programs, each on a host of its own."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from padfleet.services.fanout import app as fanout
from padfleet.services.node import app as node
from padfleet.services.writer import app as writer
from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.connection.keeping import Unfit
from padfleet.shared.log.fleet.agreement import Disagreement
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.witness import witness_key
from padfleet.shared.settings import FanoutSettings, NodeSettings, WriterSettings, load
from padfleet.shared.supervision.supervisor import TaskDied
from tests.world import cold
from tests.world.callers import KEY
from tests.world.host import Host
from tests.world.redis.server import Server
from tests.world.servers import Kind, Servers
from tests.world.world import World

PORT: Final = 9001

SETTINGS: Final = {
    "PADFLEET_PORT": str(PORT),
    "PADFLEET_HOST": "0.0.0.0",
    "PADFLEET_PARTITIONS": "4",
    "PADFLEET_PING_INTERVAL_MS": "2000",
    "PADFLEET_PING_TIMEOUT_MS": "2000",
    "PADFLEET_DRAIN_MS": "1000",
    "PADFLEET_API_KEY": KEY,
}

COLD: Final = {"PADFLEET_COLD_AFTER": "2", "PADFLEET_COLD_EVERY": "2.5"}
"""Settings of writers, in seconds: pads leave Redis soon, so that it happens often."""

ENDS: Final = (Disagreement, Unfit, TaskDied, *UNREACHABLE)
"""The errors that `run_process` turns into an exit code. Anything else is a fault."""


@dataclass
class Program:
    """A worker, a writer or a node. Like a supervisor of machines, the fleet starts it again when
    it ends."""

    name: str
    begin: Callable[[], Coroutine[Any, Any, None]]
    health: str  #: the address that reports whether it is ready
    host: Host | None = None
    wanted: bool = True  #: False: it is to stay away
    serves: bool = True  #: whether people connect to it: to all but writers
    starts: int = 0


class Fleet:
    def __init__(
        self,
        world: World,
        serves: Callable[[list[Server]], None] = lambda _: None,
        *,
        kind: Kind = "single",
        settings: Mapping[str, str] | None = None,
        with_cold: bool = False,
        snapshots: int | None = None,
    ) -> None:
        """Takes what a fleet consists of.

        Arguments:
            serves: called with the servers that count from now on, whenever they change, or their
                content is replaced.
            kind: the topology of the servers.
            settings: further settings of the programs.
            with_cold: whether there is a cold store, in which pads lie that nobody is on.
            snapshots: how many revisions lie between two snapshots of a pad; None means the
                writers' default.
        """
        self.world = world
        self.faults: list[str] = []  #: programs that ended with what nobody expects
        self.programs: dict[str, Program] = {}
        self.servers = Servers(world, kind, serves)
        self.cold = cold.ColdDisk(world) if with_cold else None
        self._writers = 0  #: how many there have been
        self._dice: random.Random = world.dice("supervisor")
        self._env = SETTINGS | {"PADFLEET_REDIS_URL": self.servers.url} | dict(settings or {})
        self._of_writers = COLD if with_cold else {}
        if snapshots is not None:
            self._of_writers = self._of_writers | {"PADFLEET_SNAPSHOT_EVERY": str(snapshots)}
        if self.cold is not None:
            self.cold.serve()
            self._env["PADFLEET_COLD_URL"] = self.cold_url
        self.keyspace = Keyspace(int(self._env["PADFLEET_PARTITIONS"]))

    # --- What is stored --------------------------------------------------------------------------

    @property
    def cold_url(self) -> str:
        return cold.URL if self.cold is not None else ""

    def heads(self, pads: list[str]) -> dict[str, int]:
        """Returns the heads of pads as they are in Redis at the moment, or in the cold store for
        those that are not in Redis."""
        found = {}
        for pad in pads:
            meta = self.servers.value(self.keyspace.pad(pad).meta.encode())
            if isinstance(meta, dict) and b"head" in meta:
                found[pad] = int(meta[b"head"])
            else:
                found[pad] = self.cold.head_of(pad) if self.cold is not None else -1
        return found

    def has_past(self, pad: str, up_to: int) -> bool:
        """Returns whether nothing of a pad would be lost if the cold store had it up to this
        revision only, or not at all, with -1: the pad is not in Redis, or Redis has the next one.
        Of a pad that came back from the store, the past is there alone."""
        keys = self.keyspace.pad(pad)
        meta = self.servers.value(keys.meta.encode())
        if not isinstance(meta, dict) or int(meta.get(b"head", b"-1")) < 0:
            # It may be about to come, without the past of what was read there.
            moves = self.servers.value(self.keyspace.moving(keys.partition).encode())
            move = moves.get(pad.encode(), b"") if isinstance(moves, dict) else b""
            return not move.startswith((b"thaw", b"lost"))
        chunks = self.servers.value(keys.chunks.encode())
        whole = isinstance(chunks, dict) and b"0" in chunks
        return whole or int(meta.get(b"first", b"0")) <= up_to + 1

    def is_witnessed(self, pad: str) -> bool:
        """Returns whether Redis has the pad, or knows what the cold store had of it."""
        keys, name = self.keyspace.pad(pad), witness_key(pad)
        meta = self.servers.value(keys.meta.encode())
        known = self.servers.value(keys.witnesses.encode())
        records = known.get(name[:1], b"") if isinstance(known, dict) else b""
        return isinstance(meta, dict) or name[1:] in bytes(records)

    # --- Programs --------------------------------------------------------------------------------

    def add_worker(self, name: str) -> None:
        env = self._env | {"PADFLEET_WORKER_ID": name}
        settings = load(FanoutSettings, "padfleet fanout", [], env)
        ready = f"http://{name}:{settings.ops[1]}/health/ready"
        program = self.programs[name] = Program(name, lambda: fanout.run(settings), ready)
        self.start(program)

    def add_node(self, name: str) -> None:
        """Adds a worker and a writer that are one process; both have this name."""
        env = self._env | {"PADFLEET_WORKER_ID": name} | self._of_writers
        settings = load(NodeSettings, "padfleet node", [], env)
        ready = f"http://{name}:{settings.ops[1]}/health/ready"
        program = self.programs[name] = Program(name, lambda: node.run(settings), ready)
        self.start(program)

    @property
    def urls(self) -> list[str]:
        """Returns the addresses that people connect to, as the programs came."""
        serving = (name for name, program in self.programs.items() if program.serves)
        return [f"http://{name}:{PORT}" for name in serving]

    def add_writer(self) -> None:
        program = self._writer()
        self.programs[program.name] = program
        self.start(program)

    def _writer(self) -> Program:
        self._writers += 1
        name = f"writer-{self._writers}"
        env = {k: v for k, v in self._env.items() if k != "PADFLEET_API_KEY"}
        env |= {"PADFLEET_WRITER_ID": name} | self._of_writers
        settings = load(WriterSettings, "padfleet writer", [], env)
        ready = f"http://{name}:{PORT}/health/ready"
        return Program(name, lambda: writer.run(settings), ready, serves=False)

    def replace_writer(self, name: str, after: float) -> None:
        """Replaces a writer's machine: it is gone forever, and after so many seconds another takes
        its place, with another name. Here, `name` stays that of its place."""
        self.kill(name, silently=True, back_after=after)
        program, new = self.programs[name], self._writer()
        program.name, program.begin, program.health = new.name, new.begin, new.health

    def start(self, program: Program) -> None:
        world = self.world
        program.starts += 1
        host = program.host = world.network.add(program.name)
        world.line("started", host)
        task = world.loop.create_task(program.begin(), context=host.context.copy())
        task.add_done_callback(
            lambda done: self._ended(program, host, done), context=world.network.kernel
        )

    def _ended(self, program: Program, host: Host, task: asyncio.Task[None]) -> None:
        """Handles the end of a program that ended by itself."""
        error = None if task.cancelled() else task.exception()
        self.world.line(f"ended {error!r}" if error else "ended", host)
        if error is not None and not isinstance(error, ENDS):
            self.faults.append(f"{program.name} ended with {error!r}")
        self.world.network.kill(host)
        self._start_again(program, host)

    def _start_again(self, program: Program, host: Host, after: float | None = None) -> None:
        def again() -> None:
            if program.wanted and program.host is host:
                self.start(program)

        pause = self._dice.uniform(0.2, 2.0) if after is None else after
        self.world.loop.call_later(pause, again, context=self.world.network.kernel)

    def kill(self, name: str, *, silently: bool, back_after: float) -> None:
        program = self.programs[name]
        host = program.host
        if host is not None and host.alive:
            self.world.network.kill(host, silently=silently)
            self._start_again(program, host, back_after)

    def terminate(self, name: str) -> None:
        """Asks it to end; it is started again when it has."""
        host = self.programs[name].host
        if host is None or not host.alive:
            return
        handler = host.signals.get(signal.SIGTERM)
        if handler is None:
            # It has only just begun, so the system's own handler ends it.
            self.kill(name, silently=False, back_after=0.5)
            return
        self.world.loop.call_soon(handler[0], *handler[1], context=host.context.copy())
