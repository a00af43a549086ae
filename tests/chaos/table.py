"""Puts the results of `make chaos` into docs/reliability.md: `python -m tests.chaos.table`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.chaos.matrix import CELLS
from tests.chaos.results import DOUBLED, FORKS, GAPS, LOST, Result, from_json, kept
from tests.chaos.scene import FULL

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "reliability.md"
RAW: Final = ROOT / "tests" / "benchmarks" / "results" / "reliability.json"
"""All results behind the table. A result that was not measured again stays."""

BEGIN: Final = "<!-- made by make chaos: begin -->"
END: Final = "<!-- made by make chaos: end -->"

HEADINGS: Final = (
    "| what happens | Redis | revisions | lost | doubled | gaps | forks | told to reload"
    " | reconnects | back after | worst |"
)


def table(results: Iterable[Result]) -> Iterator[str]:
    found = {(result.fault, result.topology): result for result in results}
    yield HEADINGS
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for cell in CELLS:
        for topology in cell.topologies:
            result = found.get((cell.name, topology))
            if result is not None:
                yield row(cell.says, result)


def row(says: str, result: Result) -> str:
    # If something had to be mended first, the time since then counts.
    times = result.back_after_mending or result.back
    cells = [
        says,
        result.topology,
        f"{result.revisions:,}",
        *(str(result.count(kinds)) for kinds in (LOST, DOUBLED, GAPS, FORKS)),
        str(result.reloads),
        str(result.reconnects),
        *((f"{times.median:.1f} s", f"{times.most:.1f} s") if times else ("–", "–")),
    ]
    return f"| {' | '.join(cells)} |"


def notes(results: Iterable[Result]) -> Iterator[str]:
    """Yields the other figures, one line for each run that has any."""
    says = {cell.name: cell.says for cell in CELLS}
    for result in results:
        if result.notes:
            figures = ", ".join(
                f"{round(value, 1):,g} {what}" for what, value in result.notes.items()
            )
            yield f"- *{says[result.fault]}* ({result.topology}): {figures}"


def text(results: list[Result]) -> str:
    """Returns the text between the marks."""
    days = sorted({datetime.fromtimestamp(r.at, UTC).strftime("%Y-%m-%d") for r in results})
    clients = sorted({result.clients for result in results})
    begun = (
        f"{len(results)} runs with {' or '.join(map(str, clients))} typing clients on "
        f"{FULL.pads} pads, 2 writers and 2 workers, or 2 nodes, all on one machine with "
        f"{os.cpu_count()} cores ({', '.join(days)})."
    )
    return "\n".join([begun, "", *table(results), "", *notes(results)])


def main() -> int:
    new = {(r.fault, r.topology): r for r in kept() if r.size == FULL.name}
    old = [from_json(found) for found in json.loads(RAW.read_text())] if RAW.exists() else []
    known = {(cell.name, topology) for cell in CELLS for topology in cell.topologies}
    merged = {(r.fault, r.topology): r for r in old if (r.fault, r.topology) in known} | new
    if not merged:
        print(f"no results of `make chaos` in {RAW.name} or build/chaos", file=sys.stderr)
        return 1
    results = [merged[key] for key in sorted(merged)]
    RAW.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text(results)}\n{END}{after}")
    missing = known - merged.keys()
    if missing:
        print(f"without a result: {', '.join('/'.join(key) for key in sorted(missing))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
