"""Reports the results of attacks to people, as a table on the terminal and in docs/security.md."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.attack.drivers import Tally
from tests.attack.judge import OTHERS, Growth, Latency, Result
from tests.attack.standstill import STOOD_MS

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "security.md"
RAW: Final = ROOT / "build" / "attack.json"

BEGIN: Final = "<!-- made by make attack: begin -->"
END: Final = "<!-- made by make attack: end -->"

HEADINGS: Final = (
    "| attack | what the attackers got | p50 | p99 | worst | slowest errand | loop held"
    " | cores: worker, writer, Redis, attackers, others"
    " | workers | writer | helpers | Redis | keys | |",
    "|---|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|---|",
)


BUSY: Final = ("worker", "writer", "Redis", "attackers", "others")


def grown(growth: Growth, unit: str = " MB") -> str:
    """Returns the growth at its peak, and afterwards."""
    peak, left = max(0, round(growth.peak)), max(0, round(growth.left))
    return f"{peak:,}{unit} → {left:,}"


def row(result: Result, faults: Sequence[str]) -> str:
    workers = [
        growth for name, growth in result.memory.items() if name.startswith(("fanout", "node"))
    ]
    writers = [growth for name, growth in result.memory.items() if name.startswith("writer")]
    edits = result.edits
    cells = [
        result.name,
        str(Tally(result.outcome)),
        *(f"{ms:.0f}" for ms in (edits.p50, edits.p99, edits.most, result.slowest_ms)),
        f"{result.hold_ms:.0f}",
        ", ".join(f"{result.cpu.get(who, 0.0):.1f}" for who in BUSY),
        grown(max(workers, key=lambda growth: growth.peak)),
        grown(writers[0]) if writers else "–",
        grown(result.memory["helpers"]),
        grown(result.redis_mb),
        grown(result.keys, ""),
        "; ".join(" ".join(one[:160].split()) for one in faults) or _held(result),
    ]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _held(result: Result) -> str:
    if result.others > OTHERS:
        return "held; times say nothing"
    if result.stood_ms > STOOD_MS:
        return f"held; the machine stood still for {result.stood_ms:.0f} ms"
    return "held"


def text(
    results: Sequence[tuple[Result, list[str]]],
    calm: Latency,
    missing: Sequence[str],
    fleet: str = "one writer, two workers",
) -> str:
    """Returns the text between the marks. `fleet` says what was attacked."""
    kept = sum(not faults for _, faults in results)
    lines = [
        f"{len(results)} attacks on {fleet}, on a machine with "
        f"{os.cpu_count()} cores ({time.strftime('%Y-%m-%d', time.gmtime())}); {kept} held. "
        f"Without any, an edit took {calm.p50:.0f} ms (p50), {calm.p99:.0f} ms (p99), "
        f"{calm.most:.0f} ms at most.",
        "",
        *HEADINGS,
        *(row(result, faults) for result, faults in results),
    ]
    if missing:
        lines += ["", f"No time was left for: {', '.join(missing)}."]
    return "\n".join(lines)


def into_the_page(made: str) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}")


def keep(results: Sequence[tuple[Result, list[str]]], calm: Latency) -> None:
    RAW.parent.mkdir(parents=True, exist_ok=True)
    found = [{**asdict(result), "faults": faults} for result, faults in results]
    RAW.write_text(json.dumps({"calm": asdict(calm), "results": found}, indent=1) + "\n")
