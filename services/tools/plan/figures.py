"""Looks up what `make bench` has measured: build/bench/*.json."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from padfleet.services.tools.plan.constants import BadConstants


class Bench:
    """Reads the JSON of one benchmark. Raises `BadConstants` if something is missing."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        path = folder / f"{name}.json"
        again = f"make bench BENCH={name} measures it (without ARGS=--short)"
        if not path.exists():
            raise BadConstants(f"{path} is missing: {again}")
        try:
            data = json.loads(path.read_text())
            self.machine: dict[str, Any] = data["machine"]
            self._figures: dict[tuple[str, str], list[float]] = {
                (f["case"], f["unit"]): f["values"] for f in data["figures"]
            }
            self.samples: list[dict[str, Any]] = data["samples"]
        except (ValueError, KeyError, TypeError) as error:
            raise BadConstants(f"{path} cannot be read ({error!r}): {again}") from error
        self._again = again

    def median(self, case: str, unit: str) -> float:
        values = self._figures.get((case, unit))
        if not values:
            raise BadConstants(f"{self.name}.json has no {case!r} in {unit!r}: {self._again}")
        return statistics.median(values)

    def medians(self, start: str, unit: str) -> dict[str, float]:
        """Returns the medians of all cases with this beginning, by the rest of their names."""
        found = {
            case.removeprefix(start): statistics.median(values)
            for (case, its), values in self._figures.items()
            if its == unit and case.startswith(start)
        }
        if not found:
            raise BadConstants(f"{self.name}.json has no {start}… in {unit!r}: {self._again}")
        return found


def fit(rows: Sequence[tuple[Sequence[float], float]]) -> list[float]:
    """Returns the costs, none below 0, that explain the rows best. Each row is how much was done of
    each thing, and what all of it took. Errors are relative, so that a small row counts as much as
    a large one.

    It uses coordinate descent on the normal equations, since there are only a handful of unknowns.
    """
    width = len(rows[0][0])
    scaled = [[amount / took for amount in amounts] for amounts, took in rows if took > 0]
    # Costs differ by orders of magnitude, but not in units of their columns.
    scale = [max(row[n] for row in scaled) or 1.0 for n in range(width)]
    columns = [[row[n] / scale[n] for row in scaled] for n in range(width)]
    squares = [[sum(a * b for a, b in zip(p, q, strict=True)) for q in columns] for p in columns]
    goal = [sum(column) for column in columns]
    found = [0.0] * width
    for _ in range(20_000):
        for n in range(width):
            if squares[n][n] > 0:
                rest = goal[n] - sum(squares[n][m] * found[m] for m in range(width) if m != n)
                found[n] = max(0.0, rest / squares[n][n])
    return [value / unit for value, unit in zip(found, scale, strict=True)]
