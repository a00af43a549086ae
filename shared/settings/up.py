"""This module has the settings of `padfleet up`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.ops import LAST_PORT, ops_port, writer_port
from padfleet.shared.settings.process import ProcessSettings


@dataclass(frozen=True, kw_only=True)
class UpSettings(ProcessSettings):
    """Run a whole fleet on this machine: writers, fan-out workers and, unless a Redis is named, an
    embedded one that keeps its data in a directory.

    The processes inherit the environment, so PADFLEET_* variables set what has no flag here.
    """

    # Unlike the other processes, this does not listen on every address: nothing here asks for a
    # password, and somebody who tries it out on a laptop should not have to know that.
    host: str = setting(
        "127.0.0.1", "address to listen on; 0.0.0.0 opens the fleet to other machines"
    )
    port: int = setting(
        9001,
        "port of the first fan-out worker; the next ones follow",
        minimum=1,
        maximum=LAST_PORT,
    )
    workers: int = setting(2, "number of fan-out workers to run", minimum=1, maximum=256)
    writers: int = setting(1, "number of writers to run", minimum=1, maximum=256)
    node: Literal["on", "off"] = setting(
        "on",
        "on: the first worker and the first writer are one process, as with padfleet node, which "
        "costs less where few people are on each pad; off: each is a process of its own",
    )
    writer_port: int = setting(
        0,
        "port of the health and metrics of the first writer that is a process of its own; the "
        "next ones follow. 0 means 100 above --port",
        minimum=0,
        maximum=LAST_PORT,
    )
    ops_port: int = setting(
        0,
        "port of the first worker's metrics, /stats and /fleet; the next ones follow. 0 means 200 "
        "above --port",
        minimum=0,
        maximum=LAST_PORT,
    )
    redis_port: int = setting(
        0,
        "port of the embedded Redis, on this machine only. 0 means 300 above --port, or a free "
        "one if that is taken",
        minimum=0,
        maximum=LAST_PORT,
    )
    data: Path = setting(
        Path("padfleet-data"),
        "directory of the embedded Redis, and (in cold) of the pads that have left it, unless "
        "PADFLEET_COLD_URL names another place or none; created if missing",
    )

    @property
    def nodes(self) -> int:
        """Returns how many processes are a worker and a writer in one."""
        return int(self.node == "on")

    @property
    def worker_ports(self) -> range:
        """Returns the ports for clients, those of nodes first."""
        return range(self.port, self.port + self.workers)

    @property
    def ops_ports(self) -> range:
        first = self.ops_port or ops_port(self.port)
        return range(first, first + self.workers)

    @property
    def writer_ports(self) -> range:
        """Returns the ports of the writers that are processes of their own."""
        first = self.writer_port or writer_port(self.port)
        return range(first, first + self.writers - self.nodes)

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        kinds = (
            ("port", "workers", self.worker_ports),
            ("writer_port", "writers", self.writer_ports),
            ("ops_port", "the workers' metrics", self.ops_ports),
        )
        for name, _, ports in kinds:
            if ports and ports[-1] > LAST_PORT:
                yield (
                    name,
                    f"needs the ports {ports[0]} to {ports[-1]}; the last one is {LAST_PORT}",
                )
        for (_, one, ports), (name, other, others) in combinations(kinds, 2):
            # Each worker may use the same port for both.
            if ports != others and set(ports) & set(others):
                yield (
                    name,
                    f"{one} ({_span(ports)}) and {other} ({_span(others)}) would share ports; "
                    "move one of them",
                )


def _span(ports: range) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]} to {ports[-1]}"
