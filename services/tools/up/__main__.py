"""Runs the command `padfleet up`."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from padfleet.services.tools.up import ports
from padfleet.services.tools.up.binary import NoServerBinary
from padfleet.services.tools.up.child import ChildSpec
from padfleet.services.tools.up.datadir import DataDirBusy
from padfleet.services.tools.up.server import HOST, EmbeddedServer, ServerFailed
from padfleet.services.tools.up.supervisor import ChildSupervisor, FleetFailed
from padfleet.shared import logs
from padfleet.shared.settings import UpSettings, environment_of, load, mask
from padfleet.shared.settings.cold_url import names_none
from padfleet.shared.settings.ops import redis_port

_INHERITED = ("redis_url", "partitions", "log_level", "log_format", "host")

COLD = "cold"
"""The directory of the cold store, in that of the embedded server's data."""

NODE = "  (a worker and a writer in one process)"
"""What is said of a node."""

# A name that is set for the whole fleet would be given to each of its processes.
_NOT_INHERITED = ("PADFLEET_WORKER_ID", "PADFLEET_WRITER_ID")


def main(argv: Sequence[str]) -> int:
    """Runs the fleet until it is asked to stop. Returns 0 then, and 1 if it cannot run."""
    settings = load(UpSettings, "padfleet up", argv, os.environ)
    wanted = {*settings.worker_ports, *settings.writer_ports, *settings.ops_ports}
    taken = ports.problems(settings.host, sorted(wanted))
    if settings.redis_port and not settings.redis_url:
        taken += ports.problems(HOST, [settings.redis_port])
    if taken:
        return _failed(
            "\n  ".join(
                [
                    "cannot listen:",
                    *taken,
                    "Choose others with --port, --writer-port, --ops-port and --redis-port, or "
                    "--host.",
                ]
            )
        )
    try:
        with _redis(settings) as (redis_url, server):
            asyncio.run(_run(settings, redis_url, server))
    except (FleetFailed, DataDirBusy, NoServerBinary, ServerFailed) as error:
        return _failed(str(error))
    return 0


@contextmanager
def _redis(settings: UpSettings) -> Iterator[tuple[str, EmbeddedServer | None]]:
    if settings.redis_url:
        yield settings.redis_url, None
        return
    # The same at each start, so that other tools can be told once where it is.
    port, usual = settings.redis_port or None, redis_port(settings.port)
    with EmbeddedServer(settings.data, port, preferred_port=usual) as server:
        yield server.url, server


async def _run(settings: UpSettings, redis_url: str, server: EmbeddedServer | None) -> None:
    def on_ready() -> None:
        print(overview(settings, redis_url, server), flush=True)

    text = logs.resolve_format(settings.log_format, sys.stderr) == "text"
    say_output = _say if text else _say_plain
    by_socket = redis_url if server is None else server.socket_url
    specs = children(settings, by_socket, cold_url(settings, server))
    await ChildSupervisor(specs, server, say_output, _say).run(on_ready)


def cold_url(settings: UpSettings, server: EmbeddedServer | None) -> str:
    """Returns the URL of the cold store, which is by default beside the embedded server's data. A
    server that was named by its URL may belong to a fleet on several machines, for which a
    directory of this machine would not do."""
    if settings.cold_url.strip() or server is None:
        return settings.cold_url
    return (server.data_dir / COLD).as_uri()


def children(settings: UpSettings, redis_url: str, cold: str = "") -> list[ChildSpec]:
    """Returns the processes of the fleet: writers, nodes and then workers. `cold` is the URL of
    their cold store."""
    environ = environment_of(settings, _INHERITED)
    # URLs go by the environment and not by a flag, since flags are seen by every user of the
    # machine. The format is decided here: what a child sees is a pipe, never the terminal.
    environ["PADFLEET_REDIS_URL"] = redis_url
    environ["PADFLEET_COLD_URL"] = cold
    environ["PADFLEET_LOG_FORMAT"] = logs.resolve_format(settings.log_format, sys.stderr)
    environ |= dict.fromkeys(_NOT_INHERITED, "")
    place = ports.reachable(settings.host)

    def spec(name: str, service: str, port: int, ops: int | None = None) -> ChildSpec:
        words = ("--port", str(port), *(() if ops is None else ("--ops-port", str(ops))))
        return ChildSpec(name, (service, *words), environ, f"http://{place}:{port}")

    nodes = settings.nodes
    writers = [
        spec(f"writer-{number}", "writer", port)
        for number, port in enumerate(settings.writer_ports, 1 + nodes)
    ]
    workers = [
        spec(f"node-{number}", "node", port, ops)
        if number <= nodes
        else spec(f"worker-{number}", "fanout", port, ops)
        for number, (port, ops) in enumerate(
            zip(settings.worker_ports, settings.ops_ports, strict=True), 1
        )
    ]
    return [*writers, *workers]


def overview(settings: UpSettings, redis_url: str, server: EmbeddedServer | None) -> str:
    """Returns what people are shown: which processes and data are where, and what they can try."""
    rows = [
        (spec.name, f"{spec.url}{NODE}" if spec.argv[0] == "node" else spec.url)
        for spec in children(settings, redis_url)
    ]
    metrics = ", ".join(str(port) for port in (*settings.ops_ports, *settings.writer_ports))
    rows.append(("ops", f"/metrics, /health and /fleet: port {metrics}"))
    rows.append(("redis", mask(redis_url)))
    if server is not None:
        rows += [("", str(server.binary)), ("data", str(server.data_dir))]
    cold = cold_url(settings, server)
    rows.append(("cold", "none: all pads stay in Redis" if names_none(cold) else mask(cold)))
    width = max(len(name) for name, _ in rows)
    pad = f"http://{ports.reachable(settings.host)}:{settings.port}/p/hello"
    called = command(sys.argv[0])
    return "\n".join(
        [
            "",
            "padfleet is up",
            *(f"  {name:<{width}}  {what}" for name, what in rows),
            "",
            "try",
            f'  {called} pad append {pad} "hi"',
            f"  open {pad} in a browser",
            f"  {called} doctor --redis-url {mask(redis_url)}",
            "Ctrl-C stops it.",
            "",
        ]
    )


def command(program: str) -> str:
    """Returns how to call the command from this directory: by its path if PATH does not lead to it,
    as with `make up`. `program` is the program that was called."""
    found = shutil.which("padfleet")
    if Path(program).name != "padfleet":
        return "padfleet" if found else f"{sys.executable} -m padfleet"
    if found is not None and Path(found).resolve() == Path(program).resolve():
        return "padfleet"
    with suppress(ValueError):
        program = str(Path(program).absolute().relative_to(Path.cwd()))
    return shlex.quote(program)


def _say(name: str, line: str) -> None:
    print(f"{name:<9}| {line}", file=sys.stderr, flush=True)


def _say_plain(_name: str, line: str) -> None:
    # JSON lines say themselves which process they are from, and a prefix would break them.
    print(line, file=sys.stderr, flush=True)


def _failed(why: str) -> int:
    print(f"padfleet up: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
