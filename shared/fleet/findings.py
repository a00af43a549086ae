"""This module says what is wrong with a fleet, in words, worst first. It is pure.

A finding says what it means for people, which process, pad or partition it is about, and since
when; what to do about it is in docs/operations.md.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from padfleet.shared.fleet.view import FleetView, Partition, ProcessView

Level = Literal["bad", "warn", "note"]
"""How serious a finding is. `bad`: people are not served. `warn`: people are served, but something
is about to go wrong, or has gone wrong. `note`: everything is as it should be, and this is good to
know."""

_ORDER: dict[Level, int] = {"bad": 0, "warn": 1, "note": 2}

WAITS_S = 2.0
"""The age of the oldest submission, in seconds, from which on its partition is behind. The pause
when a lease changes hands is 3 s."""
STUCK_S = 6.0
"""The age, in seconds, from which on people notice, since their page says that it does not save."""
BUSY = 0.85
"""The share of a core above which a process has no room left for a burst."""
SLOW_DELIVERY_MS = 1_000
SLOW_COMMIT_MS = 250
LATE_MS = 500
"""The delay of the event loop, in ms, from which on it is reported: everybody on that process waits
for that long."""
BEHIND = 1_000
"""The number of revisions that a socket may lack: as many as a worker keeps of a pad."""


class Finding(NamedTuple):
    level: Level
    text: str


def findings(now: FleetView, before: FleetView | None = None) -> list[Finding]:
    """Returns what is wrong. `before` is an earlier view, if there is one, which shows what is
    growing."""
    found = [
        *_whole(now),
        *_unread(now.partitions),
        *_ownerless(now),
        *_waiting(now, before),
        *_processes(now.processes),
        *_tasks(now),
        *_cold_store(now),
        *_pads(now),
        *_damaged(now),
        *_parked(now.partitions),
    ]
    return sorted(found, key=lambda finding: _ORDER[finding.level])


def verdict(found: Sequence[Finding]) -> str:
    """Returns whether people are served, in words."""
    bad = sum(finding.level == "bad" for finding in found)
    warn = sum(finding.level == "warn" for finding in found)
    if bad:
        return "Not everybody is served"
    if warn:
        return f"Everybody is served; {warn} {'thing' if warn == 1 else 'things'} to look at"
    return "Everybody is served"


# --- The fleet as a whole ------------------------------------------------------------------------


def _whole(now: FleetView) -> Iterator[Finding]:
    for server in now.unwritable:
        # This comes first, since all the other findings are only consequences of it.
        yield Finding(
            "bad",
            f"Redis {server} cannot write to its disk, so it refuses everything: make room there "
            "(df -h), and it goes on by itself",
        )
    for kind, nothing in (("worker", "nobody can connect"), ("writer", "nobody can write")):
        living = [p for p in now.processes if p.kind == kind and p.state != "silent"]
        if not living:
            yield Finding("bad", f"no {kind} is running: {nothing}")
        elif not any(process.state in ("ready", "unknown") for process in living):
            yield Finding("bad", f"no {kind} is ready: {nothing}")


def _unread(partitions: Sequence[Partition]) -> Iterator[Finding]:
    by_reason = defaultdict(list)
    for partition in partitions:
        if partition.unread:
            by_reason[partition.unread].append(partition.number)
    for why, numbers in by_reason.items():
        yield Finding("bad", f"{named(numbers)} cannot be read: {why}")


# --- Partitions ----------------------------------------------------------------------------------


def _ownerless(now: FleetView) -> Iterator[Finding]:
    lost = defaultdict(list)
    for partition in now.partitions:
        if not partition.owned and not partition.unread:
            lost[partition.owner if partition.ownerless_s is not None else ""].append(partition)
    silent = {process.id for process in now.processes if process.state == "silent"}
    for owner, partitions in lost.items():
        numbers = named([partition.number for partition in partitions])
        has = "has" if len(partitions) == 1 else "have"
        if owner:
            since = max(partition.ownerless_s or 0.0 for partition in partitions)
            whose = f"; {'silent ' if owner in silent else ''}writer {owner} had it last"
            yield Finding("bad", f"{numbers} {has} no owner for {seconds(since)}{whose}")
        else:
            yield Finding("bad", f"{numbers} {has} no owner: given back, and not taken yet")


def _waiting(now: FleetView, before: FleetView | None) -> Iterator[Finding]:
    earlier = {p.number: p.waiting_s for p in before.partitions} if before else {}
    by_owner = defaultdict(list)
    for partition in now.partitions:
        if partition.waiting_s is not None and partition.waiting_s >= WAITS_S:
            by_owner[partition.owner if partition.owned else ""].append(partition)
    for owner, partitions in by_owner.items():
        longest = max(partition.waiting_s or 0.0 for partition in partitions)
        grows = any((p.waiting_s or 0.0) > (earlier.get(p.number) or longest) for p in partitions)
        numbers = named([partition.number for partition in partitions])
        entries = sum(partition.entries for partition in partitions)
        who = "submissions wait for an owner"
        if owner:
            who = f"writer {owner}: {'commit queue grows' if grows else 'submissions wait for it'}"
        yield Finding(
            "bad" if longest >= STUCK_S else "warn",
            f"{who}: the oldest has waited {seconds(longest)}, up to {entries} wait, in {numbers}",
        )


# --- Processes -----------------------------------------------------------------------------------


def _processes(processes: Sequence[ProcessView]) -> Iterator[Finding]:
    """Reports processes. What both halves of a node have in common is said once, of its worker."""
    states = {p.id: p.state for p in processes if p.node and p.kind == "worker"}
    for process in processes:
        name = f"{'node' if process.node else process.kind} {process.id}"
        is_second = process.node and process.kind == "writer"
        if not is_second or process.state != states[process.id]:
            yield from _state(name, process)
        if process.state == "silent":
            continue
        if not is_second:
            yield from _load(name, process)
        yield from _slow(name, process)


def _state(name: str, process: ProcessView) -> Iterator[Finding]:
    at = f" ({process.where})" if process.where else ""
    match process.state:
        case "silent":
            yield Finding(
                "warn",
                f"{name}{at}: silent for {seconds(process.silent_s)}: it has died, stands still, "
                "or cannot reach Redis",
            )
        case "unknown":
            yield Finding("note", f"{name}: it is alive, but reports no figures: an older version?")
        case "draining":
            left = f", {process.sockets} sockets to go" if process.kind == "worker" else ""
            yield Finding("note", f"{name}{at}: draining{left}")
        case "not ready":
            # The process was ready and no longer is; with nobody on it, it may only be about to
            # start.
            served: Level = "bad" if process.sockets else "warn"
            yield Finding(served, f"{name}{at}: not ready: {'; '.join(process.why)}")


def _load(name: str, process: ProcessView) -> Iterator[Finding]:
    if process.rates is not None and process.rates.busy >= BUSY:
        more = "workers and writers, apart" if process.node else f"{process.kind}s"
        share = f"{process.rates.busy:.0%} of a core"
        yield Finding("warn", f"{name}: busy, {share}; start more {more}")
    if process.delay_ms is not None and process.delay_ms >= LATE_MS:
        late = f"up to {seconds(process.delay_ms / 1000)}"
        yield Finding("warn", f"{name}: its event loop stood still for {late}")


def _slow(name: str, process: ProcessView) -> Iterator[Finding]:
    slow = SLOW_DELIVERY_MS if process.kind == "worker" else SLOW_COMMIT_MS
    if process.latency_ms is not None and process.latency_ms >= slow:
        does = "delivers" if process.kind == "worker" else "commits"
        late = seconds(process.latency_ms / 1000)
        yield Finding("warn", f"{name}: {does} slowly, one in twenty takes {late} or more")


def _tasks(now: FleetView) -> Iterator[Finding]:
    """Reports tasks. A vital task makes its process not ready, which is reported there."""
    for task in now.tasks:
        for trouble in task.troubled:
            yield Finding("warn", f"task {task.name} of {task.kind} {trouble}")
        if task.restarts and not task.troubled:
            times = "once" if task.restarts == 1 else f"{task.restarts} times"
            where = f"the {task.kind}s' task {task.name}"
            yield Finding("note", f"{where} has died {times}, and was begun again; see the log")


def _cold_store(now: FleetView) -> Iterator[Finding]:
    """Reports the cold store once for each kind of trouble, however many processes have it. Only
    workers have somebody waiting for it."""
    seen = defaultdict(list)
    for process in now.processes:
        if process.cold is not None and process.state != "silent":
            seen[process.cold.advice].append((process, process.cold.text, process.cold.meanwhile))
    for advice, found in seen.items():
        processes = [process for process, _, _ in found]
        first, text, meanwhile = found[0]
        who = f"{first.kind} {first.id}"
        if len(processes) > 1:
            who += f" and {len(processes) - 1} more"
        level: Level = "bad" if any(p.kind == "worker" for p in processes) else "warn"
        yield Finding(level, f"cold store: {text} ({who}): {advice}; {meanwhile}")


def _pads(now: FleetView) -> Iterator[Finding]:
    for pad in now.pads:
        if pad.behind >= BEHIND:
            where = ", ".join(pad.workers)
            text = f"a socket lacks {pad.behind} revisions of it, on worker {where}"
            yield Finding("warn", f"pad {pad.name}: {text}")


def _damaged(now: FleetView) -> Iterator[Finding]:
    for process in now.processes:
        for pad, why in process.damaged:
            yield Finding("warn", f"pad {pad}: damaged, nobody can write on it: {why}")


def _parked(partitions: Sequence[Partition]) -> Iterator[Finding]:
    found = [partition for partition in partitions if partition.parked]
    if found:
        numbers = named([partition.number for partition in found])
        count = sum(partition.parked for partition in found)
        entries = "entry that" if count == 1 else "entries that"
        yield Finding("note", f"{numbers}: {count} {entries} could not be read, and {_were(count)}")


def _were(count: int) -> str:
    return "was passed" if count == 1 else "were passed"


# --- Words ---------------------------------------------------------------------------------------


def named(numbers: Sequence[int]) -> str:
    """Returns the partitions in words, such as "partition 7" or "partitions 0-3 and 9"."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [str(a) if a == b else f"{a}-{b}" for a, b in spans]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"partition {joined}" if len(numbers) == 1 else f"partitions {joined}"


def seconds(value: float) -> str:
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.0f} h"
