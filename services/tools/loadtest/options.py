"""Reads the command line of `padfleet loadtest`, and makes the run that it describes."""

import argparse
import re
import secrets
from pathlib import Path

from padfleet.services.tools.loadtest.coordinator import LoadRun
from padfleet.services.tools.loadtest.measure import allow_many_sockets, usage
from padfleet.services.tools.loadtest.plan import Load, LoadStep, StopAt, Sweep, seconds, steps
from padfleet.services.tools.loadtest.target import LoadTarget

SPARE_FILES = 100
"""How many open files of a process are not sockets of clients."""

_PID = re.compile(r"(?:(?P<name>[^=]+)=)?(?P<pid>[0-9]+)")


class BadOptions(ValueError):
    """The options are invalid. The text says which, and what would be valid."""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `padfleet loadtest`'s command line."""
    made = argparse.ArgumentParser(
        prog="padfleet loadtest",
        description="Connect many cheap clients to a server, padfleet or Etherpad, and measure "
        "how it copes with them. Prints a table; --out also writes reports with charts.",
        epilog="See docs/loadtest.md for what the figures mean.",
    )
    where = made.add_argument_group("where")
    where.add_argument(
        "--url",
        action="append",
        default=[],
        metavar="URL",
        help="a server, as http://host:port; if given several times, clients take them in turn",
    )
    where.add_argument(
        "--pad",
        metavar="NAME",
        help="name of the pad, or prefix of the names if there are several (random)",
    )
    where.add_argument("--pads", type=int, default=1, metavar="N", help="number of pads (1)")
    who = made.add_argument_group("who")
    who.add_argument("--authors", type=int, default=10, metavar="N", help="over all pads (10)")
    who.add_argument("--readers", type=int, default=0, metavar="N", help="over all pads (0)")
    who.add_argument(
        "--verify", type=int, default=0, metavar="K", help="full clients, compared at the end (0)"
    )
    who.add_argument(
        "--batch",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="announce NEW_CHANGES_BATCH and USERS, as newer clients do (yes)",
    )
    who.add_argument(
        "--compression",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="offer permessage-deflate, as browsers do (yes)",
    )
    what = made.add_argument_group("what they do")
    what.add_argument(
        "--rate", type=float, default=0.2, metavar="R", help="edits/s of each author (0.2)"
    )
    what.add_argument("--arrivals", choices=["uniform", "poisson"], default="uniform")
    what.add_argument(
        "--edit-at",
        choices=["start", "spread"],
        default="start",
        help="where authors type: all at the start of the document, or each at a different place "
        "of its first line. With spread, nobody else must end that line (start)",
    )
    what.add_argument(
        "--join-rate",
        type=float,
        default=100,
        metavar="R",
        help="clients that join per second (100)",
    )
    what.add_argument("--duration", default="10s", metavar="TIME", help="how long to measure (10s)")
    what.add_argument(
        "--warmup",
        default="2s",
        metavar="TIME",
        help="how long to wait before measuring, in each step (2s)",
    )
    what.add_argument(
        "--sweep",
        metavar="SPEC",
        help="authors=50..3000:step=100:dwell=10s; also readers=… and rate=…",
    )
    what.add_argument(
        "--stop-at", metavar="LIMIT", help="end the sweep at p95=1s, or delivery.p99=500ms"
    )
    rig = made.add_argument_group("the load generator and its report")
    rig.add_argument(
        "--processes", type=int, default=1, metavar="P", help="processes of the load generator (1)"
    )
    rig.add_argument(
        "--pid",
        action="append",
        default=[],
        metavar="NAME=PID",
        help="a server process on this machine, to measure its CPU and memory",
    )
    rig.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write report.json, .md, .html and .csv"
    )
    rig.add_argument(
        "--report",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="run nothing, but merge these report.json of load generators on several machines",
    )
    return made


def run_of(arguments: argparse.Namespace) -> LoadRun:
    """Returns the run. Raises `BadOptions`, `BadPlan` or `BadUrl`."""
    if not arguments.url:
        raise BadOptions("--url is missing: which server? --url http://127.0.0.1:9001")
    for url in arguments.url:
        LoadTarget.parse(url)
    for name, least in (("pads", 1), ("processes", 1), ("authors", 0), ("readers", 0)):
        if getattr(arguments, name) < least:
            raise BadOptions(f"--{name} has to be at least {least}")
    if arguments.verify < 0 or arguments.verify == 1:
        raise BadOptions("--verify needs 2 or more: full clients are compared with each other")
    if arguments.rate < 0 or arguments.join_rate <= 0:
        raise BadOptions("--rate may not be negative, and --join-rate has to be more than 0")
    duration, warmup = seconds(arguments.duration), seconds(arguments.warmup)
    if duration <= 0:
        raise BadOptions("--duration has to be more than 0")
    sweep = Sweep.parse(arguments.sweep, duration) if arguments.sweep else None
    planned = steps(LoadStep(arguments.authors, arguments.readers, arguments.rate, duration), sweep)
    _check_sockets(planned[-1], arguments.processes)
    load = Load(
        urls=arguments.url,
        pad=arguments.pad or f"load-{secrets.token_hex(4)}",
        pads=arguments.pads,
        batch=arguments.batch,
        compression=arguments.compression,
        arrivals=arguments.arrivals,
        spread=arguments.edit_at == "spread",
        join_rate=arguments.join_rate,
        processes=arguments.processes,
        verify=arguments.verify,
    )
    stop = StopAt.parse(arguments.stop_at) if arguments.stop_at else None
    return LoadRun(load, planned, warmup, [_pid(text) for text in arguments.pid], stop)


def _check_sockets(last: LoadStep, processes: int) -> None:
    clients = last.authors + last.readers
    if not clients:
        raise BadOptions("nobody to put on the pads: --authors and --readers are both 0")
    room = allow_many_sockets() - SPARE_FILES
    if clients > room * processes:
        raise BadOptions(
            f"{clients} clients are too many for {processes} processes that may open {room} "
            f"sockets each; use --processes {-(-clients // room)}, or raise the limit (ulimit -Hn)"
        )


def _pid(text: str) -> tuple[str, int]:
    found = _PID.fullmatch(text)
    if found is None:
        raise BadOptions(f"--pid {text}: write a name and a process id, as --pid writer=4711")
    pid = int(found["pid"])
    if usage(pid) is None:
        raise BadOptions(f"--pid {text}: there is no such process on this machine")
    return found["name"] or text, pid


def title(run: LoadRun) -> str:
    """Says in one line what is measured."""
    first, last = run.steps[0], run.steps[-1]

    def span(low: float, high: float) -> str:
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"

    pads = "one pad" if run.load.pads == 1 else f"{run.load.pads} pads"
    return (
        f"{span(first.authors, last.authors)} authors at {span(first.rate, last.rate)} edits/s, "
        f"{span(first.readers, last.readers)} readers, {pads}, on {', '.join(run.load.urls)}"
    )
