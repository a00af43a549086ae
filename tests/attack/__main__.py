"""Runs `make attack`: every path of a live fleet, slow, huge, many, malformed, repeated and
unread."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tests.attack.arena import run_all, temporary_arena
from tests.attack.catalogue import ATTACKS
from tests.attack.judge import Latency, Result, faults
from tests.attack.report import into_the_page, keep, row, text


def main() -> int:
    options = _options()
    words = [word.casefold() for word in options.only] or [""]
    attacks = [
        attack for name, attack in ATTACKS.items() if any(word in name.casefold() for word in words)
    ]
    if options.list or not attacks:
        print("\n".join(ATTACKS))
        return 0 if options.list else 2
    begun = time.monotonic()
    results, calm, missing, stay = asyncio.run(_run([one.name for one in attacks], options))
    minutes = (time.monotonic() - begun) / 60
    keep(results, calm)
    made = text(results, calm, missing, "two nodes" if options.nodes else "one writer, two workers")
    if options.write_docs:
        into_the_page(made)
    print(made)
    print(f"attack: {len(results)} attacks in {minutes:.1f} minutes", flush=True)
    failed = [(result.name, found) for result, found in results if found]
    for name, found in failed:
        print(f"attack: {name}: {'; '.join(found)}", file=sys.stderr)
    for what in stay:
        print(f"attack: afterwards, {what}", file=sys.stderr)
    return 1 if failed or missing or stay else 0


async def _run(
    names: list[str], options: argparse.Namespace
) -> tuple[list[tuple[Result, list[str]]], Latency, list[str], list[str]]:
    deadline = time.monotonic() + 60 * options.minutes
    results, missing = [], []
    async with temporary_arena(of_nodes=options.nodes) as arena:
        calm = await arena.calm(options.calm)
        print(f"attack: calm, p50 {calm.p50:.0f} ms, p99 {calm.p99:.0f} ms", flush=True)
        async for result in run_all(arena, [ATTACKS[name] for name in names], deadline):
            if isinstance(result, str):
                missing.append(result)
                continue
            found = faults(result, ATTACKS[result.name], calm)
            results.append((result, found))
            print(row(result, found), flush=True)
        stay = await arena.ended()
    return results, calm, missing, stay


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        help="attacks whose name has this in it; may be given several times",
    )
    parser.add_argument("--list", action="store_true", help="name the attacks, and do nothing")
    parser.add_argument(
        "--nodes", action="store_true", help="attack two nodes, not a writer and two workers"
    )
    parser.add_argument("--minutes", type=float, default=14.5, help="for all of them")
    parser.add_argument("--calm", type=float, default=8, help="seconds without attack, to compare")
    parser.add_argument("--write-docs", action="store_true", help="put it into docs/security.md")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
