"""Runs `make fuzz`: a million cases and more, and a fleet under fire. It says how to repeat each
fault."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from tests.browser.browser import chromium
from tests.browser.browser import missing as no_browser
from tests.fuzz import steps
from tests.fuzz.campaign import Part, campaign, cores
from tests.fuzz.catalogue import TARGETS
from tests.fuzz.pages import storm
from tests.fuzz.siege import besiege
from tests.fuzz.target import Broken, attempt

FULL = sum(target.cases for target in TARGETS.values())


def main() -> int:
    options = _options()
    if options.case is not None:
        return _one(options.target, options.seed, options.case)
    chosen = [options.target] if options.target else list(TARGETS)
    whole = sum(TARGETS[name].cases for name in chosen)
    counts = {name: -(-TARGETS[name].cases * options.cases // whole) for name in chosen}
    print(f"fuzz: seed {options.seed}, {options.processes} processes", flush=True)
    started = time.monotonic()
    totals = {name: Part(name) for name in counts}
    for part in campaign(options.seed, counts, options.processes):
        totals[part.name].add(part)
        for failure in part.failures:
            print(failure, flush=True)
    seconds = time.monotonic() - started
    _table(list(totals.values()), seconds)
    failed = sum(len(part.failures) for part in totals.values())
    if not options.target and options.siege:
        failed += _siege(options.seed, options.siege)
    if not options.target and options.examples:
        failed += _hypothesis(options.examples)
    if not options.target and options.steps:
        failed += _editors(options.seed, options.steps, options.processes)
    if not options.target and options.pages:
        failed += _pages(options.seed, options.pages)
    print(f"fuzz: {failed} failures" if failed else "fuzz: nothing broke")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    given = os.environ.get
    seed = int(given("FUZZ_SEED") or secrets.randbelow(1 << 32))
    parser.add_argument("--seed", type=int, default=seed, help="FUZZ_SEED; by chance")
    parser.add_argument("--cases", type=int, default=int(given("FUZZ_CASES") or FULL))
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    parser.add_argument("--case", type=int, help="only this one of the target, with a traceback")
    parser.add_argument("--processes", type=int, default=cores())
    parser.add_argument("--siege", type=int, default=1500, help="hostile connections to a fleet")
    parser.add_argument("--examples", type=int, default=3000, help="of Hypothesis, a property")
    parser.add_argument("--steps", type=int, default=1_000_000, help="of the page's editors")
    parser.add_argument("--pages", type=int, default=240, help="seconds of keys in a browser")
    options = parser.parse_args()
    if options.case is not None and not options.target:
        parser.error("--case needs --target")
    return options


def _one(name: str, seed: int, number: int) -> int:
    case = TARGETS[name].case(seed, number)
    print(f"{case!r}")
    try:
        taken = attempt(TARGETS[name], case)
    except Broken as broken:
        if broken.__cause__ is not None:
            sys.excepthook(type(broken.__cause__), broken.__cause__, broken.__cause__.__traceback__)
        print(f"{name}: {broken}")
        return 1
    print(f"{name}: {'taken' if taken else 'refused, as it should be'}")
    return 0


def _table(parts: list[Part], seconds: float) -> None:
    print(f"{'target':16} {'cases':>9} {'taken':>9} {'CPU s':>7} {'per CPU s':>9} {'peak MB':>8}")
    total = Part("total")
    for part in parts:
        total.add(part)
    for part in [*parts, total]:
        rate = part.cases / part.cpu if part.cpu else 0
        print(
            f"{part.name:16} {part.cases:>9,} {part.taken:>9,} {part.cpu:>7.1f} {rate:>9,.0f}"
            f" {part.peak_mb:>8.0f}"
        )
    print(f"in {seconds:.0f} s: {total.cases / seconds:,.0f} cases a second", flush=True)


def _siege(seed: int, connections: int) -> int:
    try:
        print(asyncio.run(besiege(seed, connections)), flush=True)
    except AssertionError as error:
        # At its end the fleet also looks at its logs, but says less about what is in them.
        first = error.__context__ if isinstance(error.__context__, AssertionError) else error
        print(f"siege: {first}\n  again: make fuzz ARGS='--seed {seed} --siege {connections}'")
        return 1
    return 0


def _editors(seed: int, count: int, processes: int) -> int:
    lacking = steps.missing()
    if lacking is not None:
        print(f"editors: left out, {lacking}", flush=True)
        return 0
    summary, failures = steps.play(seed, count, processes)
    print(summary, flush=True)
    for failure in failures:
        again = " ".join(steps.command(0, 1)[:-2])
        print(f"editors: {failure}\n  again, in services/web/page: {again} SEED 1", flush=True)
    return len(failures)


def _pages(seed: int, seconds: int) -> int:
    lacking = no_browser(chromium())
    if lacking is not None:
        print(f"pages: left out, {lacking}", flush=True)
        return 0
    try:
        print(storm(seed, seconds), flush=True)
    except AssertionError as error:
        # At its end the fleet also looks at its logs, but says less about what is in them.
        first = error.__context__ if isinstance(error.__context__, AssertionError) else error
        print(
            f"pages: {first}\n  again, at another pace: make fuzz ARGS='--seed {seed}'", flush=True
        )
        return 1
    return 0


def _hypothesis(examples: int) -> int:
    """Runs the tests in a process of their own, since pytest reads the number of examples when it
    reads the tests."""
    tests = Path(__file__).with_name("test_by_hypothesis.py")
    print(f"hypothesis: {examples:,} examples of each property", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=3600", str(tests)]
    done = subprocess.run(command, env={**os.environ, "FUZZ_EXAMPLES": str(examples)}, check=False)
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
