"""Derives the constants from measurements: costs that are measured by themselves are taken as they
are, and the others are fitted to whole fleets under load."""

from __future__ import annotations

import re
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from padfleet.services.tools.plan.constants import BadConstants, Constants, Provenance
from padfleet.services.tools.plan.figures import Bench, fit
from padfleet.services.tools.plan.rhythm import announcements, rounds_and_calls
from padfleet.shared.settings import WriterSettings

_PADS = re.compile(r"([\d,]+) sockets on ([\d,]+) pads")

ASSUMED = {
    "worker_poll_s": (300e-6, "assumed: one request of aiohttp and its answer"),
    "worker_deflate_s": (8e-6, "measured: docs/decisions/0022, and what Python adds"),
    "worker_deflate_byte_s": (22e-9, "measured: docs/decisions/0022"),
    "kernel_socket_bytes": (8192.0, "assumed: Linux, an idle TCP connection and its file"),
    "wire_submission_bytes": (350.0, "assumed: USER_CHANGES of a few letters"),
    "wire_packet_bytes": (66.0, "headers of Ethernet, IPv4 and TCP with time stamps"),
}

LIGHT = "a light load"
"""The case of the samples of `costs` in which people write as they do, at rates at which writers
and Redis wake up for nearly every revision."""

WEIGHED = "100 authors at 2/s at its start, in batches, compression"
PER_REVISION = "bytes per delivered revision"


@dataclass(frozen=True, slots=True)
class _Load:
    """A fleet under load, in a second: a sample of `latency`, or a light load of `costs`."""

    commits: float
    pads: float
    writes: float
    bytes: float
    cores: dict[str, float]
    alone: bool  #: each author has a pad to themselves

    @property
    def announced(self) -> float:
        return self.pads * announcements(self.commits / self.pads)

    @property
    def stale(self) -> float:
        return max(0.0, self.commits - self.announced)

    @property
    def rounds(self) -> float:
        return self._rounds_and_calls[0]

    @property
    def calls(self) -> float:
        return self._rounds_and_calls[1]

    @property
    def _rounds_and_calls(self) -> tuple[float, float]:
        partitions = min(self.pads, WriterSettings.partitions)
        return rounds_and_calls(self.commits, partitions, self.announced)


def calibrate(
    folder: Path, kept: tuple[Constants, Provenance] | None = None
) -> tuple[Constants, Provenance]:
    """Returns the constants that follow from the benchmarks in `folder`, which is usually
    `build/bench`. Raises `BadConstants` if a benchmark is missing, or was a short one.

    Arguments:
        kept: earlier constants. With these, only `costs` is needed, for what writers and Redis
            take: minutes instead of three quarters of an hour. `commits`, for what a commit takes
            of a writer, and `deliveries` and `latency` together, for what workers take, are used if
            they are there.
    """
    if kept is not None:
        return _some_of_them(folder, *kept)
    names = ("deliveries", "commits", "memory", "connects", "latency", "costs", "wire")
    bench = {name: Bench(folder, name) for name in names}
    values: dict[str, float] = {}
    sources: dict[str, str] = {}

    def note(name: str, value: float, source: str) -> None:
        values[name], sources[name] = max(0.0, value), source

    costs = bench["costs"]
    note("worker_ping_s", _only(costs, "CPU-µs for each ping") / 1e6, "costs: idle sockets")
    loads = [*_loads(bench["latency"]), *_light_loads(costs)]
    _fit_worker(bench, loads, note)
    _commits(bench["commits"], note)
    source = "fitted to latency and costs"
    _fit_writer(costs, loads, note, source, values["writer_commit_s"], values["writer_stale_s"])
    _fit_redis(costs, loads, note, source, values["worker_write_s"])
    note("redis_publish_s", values["worker_write_s"], "assumed: as a worker's write to a socket")
    _joins(bench["connects"], note)
    _memory(bench, note)
    single = [load for load in loads if not load.alone]
    delivered = [s["tally"]["counts"] for s in bench["latency"].samples]
    each = [c["bytes"] / c["delivered"] for c in delivered if c["delivered"] > 1000]
    if not single or not each:
        raise BadConstants("latency.json has no load on one pad: make bench BENCH=latency")
    note("wire_revision_bytes", statistics.median(each), "latency: bytes for each delivered")
    deflated, plain = (bench["wire"].median(f"{WEIGHED} {m}", PER_REVISION) for m in ("on", "off"))
    note("wire_deflated_share", deflated / plain, "wire: 100 authors at 2/s, in batches")
    for name, (value, why) in ASSUMED.items():
        note(name, value, why)
    newest = max(bench.values(), key=lambda b: str(b.machine.get("time", "")))
    times = sorted(str(b.machine.get("time", ""))[:10] for b in bench.values())
    date = times[0] if times[0] == times[-1] else f"{times[0]} to {times[-1]}"
    return Constants(**values), Provenance(newest.machine, date, _commit(), sources)


def _loads(latency: Bench) -> Iterator[_Load]:
    """Yields the loads, except those that the rig could not make and those in which somebody was
    missing."""
    for sample in latency.samples:
        if sample["saturated"] or sample["connected"] < sample["authors"]:
            continue
        if "replica" in sample["case"] or not {"worker", "writer", "redis"} <= set(
            sample["servers"]
        ):
            continue
        counts, seconds = sample["tally"]["counts"], sample["seconds"]
        alone = sample["case"].endswith("a pad each")
        writes = counts["accepted"] if alone else counts["change_frames"]
        yield _Load(
            counts["accepted"] / seconds,
            sample["authors"] if alone else 1,
            writes / seconds,
            counts["bytes"] / seconds,
            {name: found["cpu_s"] / seconds for name, found in sample["servers"].items()},
            alone,
        )


def _light_loads(costs: Bench) -> Iterator[_Load]:
    for sample in costs.samples:
        if sample["case"] != LIGHT or sample["connected"] < sample["sockets"]:
            continue
        counts, seconds = sample["counts"], sample["seconds"]
        yield _Load(
            counts["accepted"] / seconds,
            sample["pads"],
            counts["change_frames"] / seconds,
            counts["bytes"] / seconds,
            {name: spent / seconds for name, spent in sample["cpu"].items()},
            alone=False,
        )


def _some_of_them(
    folder: Path, constants: Constants, provenance: Provenance
) -> tuple[Constants, Provenance]:
    values, sources = asdict(constants), dict(provenance.sources)
    there = {
        name: Bench(folder, name)
        for name in ("costs", "commits", "deliveries", "latency")
        if name == "costs" or (folder / f"{name}.json").exists()
    }
    costs = there["costs"]
    date = str(costs.machine.get("time", ""))[:10]

    def note(name: str, value: float, source: str) -> None:
        values[name], sources[name] = max(0.0, value), f"{source}, {date}"

    loads = list(_light_loads(costs))
    if not loads:
        raise BadConstants("costs.json has no light loads: make bench BENCH=costs")
    fitted = "fitted to costs"
    if "latency" in there:
        loads += _loads(there["latency"])
        fitted = "fitted to latency and costs"
        if "deliveries" in there:
            _fit_worker(there, loads, note)
            write = values["worker_write_s"]
            note("redis_publish_s", write, "assumed: as a worker's write to a socket")
    if "commits" in there:
        _commits(there["commits"], note)
    _fit_writer(costs, loads, note, fitted, values["writer_commit_s"], values["writer_stale_s"])
    _fit_redis(costs, loads, note, fitted, values["redis_publish_s"])
    return Constants(**values), replace(provenance, commit=_commit(), sources=sources)


def _commits(commits: Bench, note: Any) -> None:
    unit = "writer CPU-µs per commit"
    for name, case in (("commit", "fresh"), ("stale", "200 stale")):
        took = commits.median(f"writer, {case}, 300 units", unit) / 1e6
        note(f"writer_{name}_s", took, f"commits: {case}, 300 units")


def _only(bench: Bench, unit: str) -> float:
    """Returns the only figure in this unit, whatever its case is called."""
    return next(iter(bench.medians("", unit).values()))


def _fit_worker(bench: dict[str, Bench], loads: list[_Load], note: Any) -> None:
    turn = _only(bench["costs"], "CPU-µs of worker") / 1e6
    rows: list[tuple[list[float], float]] = []  # write, byte, submission, own, idle
    for sample in bench["deliveries"].samples:
        if sample["case"].startswith("padfleet,"):
            took = sample["cpu"] - sample["rounds"] * turn
            rows.append(([sample["messages"], sample["bytes"], 0, 0, 0], took))
    if not rows:
        raise BadConstants("deliveries.json has no run of padfleet: make bench BENCH=deliveries")
    for load in loads:
        took = load.cores["worker"] - load.announced * turn
        # An author who is alone on a pad is sent nothing but their own edits.
        own = 0.0 if load.alone else load.commits
        rows.append(([load.writes, load.bytes, load.commits, own, 1.0], took))
    write, byte, submission, own_s, idle = fit(rows)
    note("worker_turn_s", turn - write, "costs: one revision on each pad, without its write")
    source = "fitted to latency and deliveries"
    note("worker_write_s", write, source)
    note("worker_byte_s", byte, source)
    note("worker_submission_s", submission, source)
    note("worker_own_s", own_s, source)
    note("worker_idle_cores", idle, source)


def _fit_writer(
    costs: Bench, loads: list[_Load], note: Any, source: str, fresh: float, stale: float
) -> None:
    idle = costs.median("an idle fleet", "cores of writer")
    rows: list[tuple[list[float], float]] = []  # pad, call, round
    for load in loads:
        took = load.cores["writer"] - (load.commits - load.stale) * fresh - load.stale * stale
        rows.append(([load.announced, load.calls, load.rounds], took - idle))
    pads, calls = _turn_pads(costs)
    took = _only(costs, "CPU-µs of writer") / 1e6 - fresh
    rows.append(([1.0, calls / pads, 1.0 / pads], took))
    pad, call, each = fit(rows)
    note("writer_pad_s", pad, source)
    note("writer_call_s", call, source)
    note("writer_round_s", each, source)
    note("writer_idle_cores", idle, "costs: an idle fleet")


def _fit_redis(costs: Bench, loads: list[_Load], note: Any, source: str, write: float) -> None:
    idle = costs.median("an idle fleet", "cores of Redis")
    rows: list[tuple[list[float], float]] = []  # commit, call, round
    for load in loads:
        took = load.cores["redis"] - load.announced * write
        rows.append(([load.commits, load.calls, load.rounds], took - idle))
    pads, calls = _turn_pads(costs)
    took = _only(costs, "CPU-µs of Redis") / 1e6 - write
    rows.append(([1.0, calls / pads, 1.0 / pads], took))
    commit, call, each = fit(rows)
    note("redis_commit_s", commit, source)
    note("redis_call_s", call, source)
    note("redis_round_s", each, source)
    note("redis_idle_cores", idle, "costs: an idle fleet")


def _turn_pads(costs: Bench) -> tuple[float, float]:
    """Returns how many pads were typed on at once, and in how many partitions they are."""
    case = next(iter(costs.medians("one revision on each of ", "CPU-µs of worker")))
    pads = float(case.partition(" ")[0].replace(",", ""))
    return pads, min(pads, WriterSettings.partitions)


def _joins(connects: Bench, note: Any) -> None:
    points = []
    for layout, took in connects.medians("join, ", "ms CPU of the worker each").items():
        found = _PADS.fullmatch(layout)
        if found is not None:
            sockets, pads = (float(text.replace(",", "")) for text in found.groups())
            points.append((sockets / pads / 2, took / 1000))  # half are there before, on average
    points.sort()
    (few, least), (many, most) = points[0], points[-1]
    person = max(0.0, (most - least) / (many - few)) if many > few else 0.0
    note("worker_join_s", least - few * person, "connects: join")
    note("worker_join_person_s", person, "connects: join, pads of 1,000 against pads of 100")


def _memory(bench: dict[str, Bench], note: Any) -> None:
    memory, costs = bench["memory"], bench["costs"]
    small, large = (
        _only_case(memory.medians(f"padfleet, joined, pads of {size}", "KiB/socket")) * 1024
        for size in (10, 100)
    )
    room = max(0.0, (small - large) / (1 / 10 - 1 / 100))
    source = "memory: joined, pads of 10 and of 100"
    note("worker_room_bytes", room, source)
    note("worker_socket_bytes", large - room / 100, source)
    before = [s["before"] for s in memory.samples if s["case"].startswith("padfleet, joined")]
    note("worker_process_bytes", statistics.median(before), "memory: before the sockets come")
    note("worker_revision_bytes", costs.median("a revision", "bytes of a worker"), "costs")
    note("writer_process_bytes", costs.median("a writer", "bytes without pads"), "costs")
    note("writer_pad_bytes", costs.median("a pad", "bytes of the writer"), "costs")
    note("redis_pad_bytes", costs.median("a pad", "bytes of Redis"), "costs")
    kept = costs.median("a revision", "bytes of Redis, kept by itself")
    note("redis_revision_bytes", kept, "costs")
    packed = costs.median("a revision", "bytes of Redis, in a chunk")
    note("redis_packed_bytes", packed, "costs: of one letter each; others are packed less well")


def _only_case(found: dict[str, float]) -> float:
    return next(iter(found.values()))


def _commit() -> str:
    """Returns the commit that this repository is at, or `unknown` outside of a repository."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return "unknown"
    return done.stdout.decode().strip() or "unknown"
