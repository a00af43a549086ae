"""Runs the page's editors without a browser, by services/web/page/web/test/model.ts in Node.js."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests import node

FOLDER: Final = Path(__file__).parents[2] / "services/web/page"

APART: Final = 10_000_000
"""How far apart the first seeds of two processes are: none of them plays so many rounds."""


def missing() -> str | None:
    """Returns why this cannot be done here, or None if it can."""
    return node.why_not(FOLDER)


def command(seed: int, steps: int) -> list[str]:
    return [
        "node",
        "--conditions=padfleet-source",
        "--import",
        "tsx",
        "web/test/steps.ts",
        str(seed),
        str(steps),
    ]


def play(seed: int, steps: int, processes: int) -> tuple[str, list[str]]:
    """Plays so many steps. Returns a report, and the failures, each with how to repeat it."""

    def part(number: int) -> Any:
        arguments = command(seed + number * APART, -(-steps // processes))
        done = subprocess.run(arguments, cwd=FOLDER, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return {"steps": 0, "rounds": 0, "failures": [done.stderr]}
        return json.loads(done.stdout)

    with ThreadPoolExecutor(processes) as pool:
        parts = list(pool.map(part, range(processes)))
    total = sum(part["steps"] for part in parts)
    failures = [failure for part in parts for failure in part["failures"]]
    rounds = sum(part["rounds"] for part in parts)
    return f"editors: {total:,} steps in {rounds:,} rounds", failures
