"""Judges the result of an attack. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Final

from tests.attack.attack import Attack
from tests.attack.drivers import BREACH

P99_MS: Final = 250.0
"""The most that a bystander's edit may take (p99) during an attack by a single client."""

QUIET_MS: Final = 60.0
"""If a calm fleet's p99 is more than this, the machine is busy with other things, and times are not
judged."""

OTHERS: Final = 0.25
"""A share of the machine's processor time. If unrelated programs take more during an attack, times
are not judged either."""

LEFT_MB: Final = 60.0
"""How many MB a process may have grown by afterwards, since allocators keep some of the memory that
was used."""

LEFT_REDIS_MB: Final = 12.0


@dataclass(frozen=True)
class Latency:
    """How long edits took, in milliseconds."""

    count: int
    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: list[float]) -> Latency:
        times = sorted(1000 * one for one in seconds)
        if not times:
            return cls(0, 0.0, 0.0, 0.0)
        if len(times) == 1:
            return cls(1, *(times * 3))
        cuts = quantiles(times, n=100, method="inclusive")
        return cls(len(times), cuts[49], cuts[98], times[-1])


@dataclass(frozen=True)
class Growth:
    """The growth compared with before the attack."""

    peak: float
    left: float  #: when it was over, and what attackers wrote was deleted


@dataclass(frozen=True)
class Result:
    name: str
    clients: int
    seconds: float
    outcome: dict[str, int]  #: the attackers' own count
    edits: Latency  #: of a bystander, until another one on the other worker has it
    errands: int  #: what else bystanders wanted: pages, joins, exports, history, chat, health
    failed: dict[str, int]  #: failed ones among these, by their outcome
    slowest_ms: float
    hold_ms: float  #: the longest time for which a worker's event loop was held, by its own measure
    memory: dict[str, Growth]  #: MB, by process; "helpers": those that read and write files
    redis_mb: Growth
    keys: Growth
    cpu: dict[str, float] = field(default_factory=dict)
    """The cores that were busy meanwhile: those of "worker" (the one under attack), "writer",
    "Redis", "attackers", and "others", which are unrelated programs."""
    others: float = 0.0  #: the share of all processor time that those others took
    broken: list[str] = field(default_factory=list)  #: processes, tasks, logs
    stood_ms: float = 0.0  #: for how long the machine as a whole stood still


def worst(runs: Sequence[Result], attack: Attack, *, part: bool = False) -> Result:
    """Returns the worst of each figure in runs of the same attack, so that nothing that was seen in
    one of them is lost. Only of a process's remaining growth, the least counts, since an allocator
    reuses what it has kept. `part` is as for `Attack.missed`."""
    first = runs[0]
    missing = next((run for run in runs if attack.missed(run.outcome, part=part)), first)
    breaches: Counter[str] = Counter()
    for run in runs:
        breaches |= Counter({w: n for w, n in run.outcome.items() if w.startswith(BREACH)})
    timed = max(runs, key=lambda run: (not run.edits.count, run.edits.p99))
    failed = sum((Counter(run.failed) for run in runs), Counter[str]())
    return Result(
        first.name,
        first.clients,
        max(run.seconds for run in runs),
        missing.outcome | breaches,
        timed.edits,
        sum(run.errands for run in runs),
        dict(failed),
        max(run.slowest_ms for run in runs),
        max(run.hold_ms for run in runs),
        {
            name: Growth(
                max(run.memory[name].peak for run in runs),
                min(run.memory[name].left for run in runs),
            )
            for name in first.memory
        },
        _most([run.redis_mb for run in runs]),
        _most([run.keys for run in runs]),
        timed.cpu,
        timed.others,
        [what for run in runs for what in run.broken],
        max(run.stood_ms for run in runs),
    )


def _most(growths: Sequence[Growth]) -> Growth:
    return Growth(max(one.peak for one in growths), max(one.left for one in growths))


def is_kept(name: str, growth: Growth) -> bool:
    """Returns whether a process has kept too much. Helpers may: each keeps what it took until it
    has had nothing to do for a minute, and ends then, which is looked at when all attacks are
    over."""
    return name != "helpers" and growth.left > LEFT_MB


def faults(result: Result, attack: Attack, calm: Latency | None) -> list[str]:
    """Returns what is not acceptable. `calm` is how long edits take without attacks. With None,
    nothing that depends on the machine's speed counts, and a part of what the attack should reach
    is enough."""
    found = [*result.broken, *attack.missed(result.outcome, part=calm is None)]
    found += [f"{word} ×{n}" for word, n in result.outcome.items() if word.startswith(BREACH)]
    if calm is not None:
        if result.edits.count == 0:
            found.append("no edit of a bystander came through")
        found += [f"a bystander's {what} ×{n}" for what, n in result.failed.items()]
    for name, growth in result.memory.items():
        most = attack.helpers_mb if name == "helpers" else attack.peak_mb
        if growth.peak > most:
            found.append(f"{name} grew by {growth.peak:.0f} MB, not {most:.0f} at most")
        if is_kept(name, growth):
            found.append(f"{name} stayed {growth.left:.0f} MB larger")
    if result.redis_mb.peak > attack.redis_mb:
        found.append(f"Redis grew by {result.redis_mb.peak:.0f} MB")
    if result.redis_mb.left > LEFT_REDIS_MB:
        found.append(f"Redis stayed {result.redis_mb.left:.0f} MB larger")
    if result.keys.peak > attack.keys:
        found.append(f"{result.keys.peak:,.0f} keys more")
    if result.keys.left > attack.keys_left:
        found.append(f"{result.keys.left:,.0f} keys stayed")
    quiet = calm is not None and calm.p99 <= QUIET_MS and result.others <= OTHERS
    timed = quiet and attack.clients == 1
    if timed and result.edits.p99 > P99_MS:
        found.append(f"p99 {result.edits.p99:.0f} ms")
    return found
