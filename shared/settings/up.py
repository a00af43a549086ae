"""The settings of `padfleet up`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.settings.declare import setting
from shared.settings.process import ProcessSettings

_LAST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class UpSettings(ProcessSettings):
    """Run a whole fleet on this machine: writers, fan-out workers and, unless a Redis is named,
    an embedded one that keeps its data in a directory.

    The processes inherit the environment, so PADFLEET_* variables set what has no flag here.
    """

    # Not every address, as in the other processes: nothing here asks for a password, and who
    # tries it out on a laptop should not have to know that.
    host: str = setting(
        "127.0.0.1", "address to listen on; 0.0.0.0 opens the fleet to other machines"
    )
    port: int = setting(
        9001,
        "port of the first fan-out worker; the next ones follow",
        minimum=1,
        maximum=_LAST_PORT,
    )
    workers: int = setting(2, "fan-out workers to run", minimum=1, maximum=256)
    writers: int = setting(1, "writers to run", minimum=1, maximum=256)
    writer_port: int = setting(
        9101,
        "port of the first writer's health and metrics; the next ones follow",
        minimum=1,
        maximum=_LAST_PORT,
    )
    data: Path = setting(
        Path("padfleet-data"), "directory of the embedded Redis; made if it is not there"
    )

    @property
    def worker_ports(self) -> range:
        return range(self.port, self.port + self.workers)

    @property
    def writer_ports(self) -> range:
        return range(self.writer_port, self.writer_port + self.writers)

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        for name, ports in (("port", self.worker_ports), ("writer_port", self.writer_ports)):
            if ports[-1] > _LAST_PORT:
                yield (
                    name,
                    f"needs the ports {ports[0]} to {ports[-1]}; the last one is {_LAST_PORT}",
                )
        shared = set(self.worker_ports) & set(self.writer_ports)
        if shared:
            yield (
                "writer_port",
                f"workers ({_span(self.worker_ports)}) and writers ({_span(self.writer_ports)}) "
                "would share ports; move one of them",
            )


def _span(ports: range) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]} to {ports[-1]}"
