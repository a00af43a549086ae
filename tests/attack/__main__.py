"""Runs `make attack`: every path of a live fleet, slow, huge, many, malformed, repeated and
unread."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.attack.arena import run_all, temporary_arena
from tests.attack.attack import Attack
from tests.attack.catalogue import ATTACKS, ON_NODES
from tests.attack.judge import Latency, Result, faults
from tests.attack.report import into_the_page, keep, row, text

FLEETS = {False: "one writer, two workers", True: "two nodes"}


@dataclass
class Siege:
    """What became of the attacks on one fleet."""

    of_nodes: bool
    calm: Latency
    results: list[tuple[Result, list[str]]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  #: attacks for which no time was left
    stay: list[str] = field(default_factory=list)  #: what is wrong when all are over

    @property
    def failed(self) -> list[str]:
        told = [f"{result.name}: {'; '.join(found)}" for result, found in self.results if found]
        return told + [f"afterwards, {what}" for what in self.stay]


def main() -> int:
    options = _options()
    chosen = _chosen(options, ATTACKS.values())
    if options.list or not chosen:
        print("\n".join(ATTACKS))
        return 0 if options.list else 2
    begun = time.monotonic()
    deadline = begun + 60 * options.minutes
    sieges = []
    for of_nodes, attacks in (
        [(True, chosen)] if options.nodes else [(False, chosen), (True, _chosen(options, ON_NODES))]
    ):
        if attacks:
            sieges.append(asyncio.run(_run(attacks, options.calm, deadline, of_nodes=of_nodes)))
    minutes = (time.monotonic() - begun) / 60
    keep([each for siege in sieges for each in siege.results], sieges[0].calm)
    made = "\n\n".join(
        text(siege.results, siege.calm, siege.missing, FLEETS[siege.of_nodes]) for siege in sieges
    )
    if options.write_docs:
        into_the_page(made)
    print(made)
    count = sum(len(siege.results) for siege in sieges)
    print(f"attack: {count} attacks in {minutes:.1f} minutes", flush=True)
    for siege in sieges:
        for told in siege.failed:
            print(f"attack: {FLEETS[siege.of_nodes]}: {told}", file=sys.stderr)
    return 1 if any(siege.failed or siege.missing for siege in sieges) else 0


def _chosen(options: argparse.Namespace, attacks: Iterable[Attack]) -> list[Attack]:
    words = [word.casefold() for word in options.only] or [""]
    return [one for one in attacks if any(word in one.name.casefold() for word in words)]


async def _run(
    attacks: Sequence[Attack], calm_s: float, deadline: float, *, of_nodes: bool
) -> Siege:
    async with temporary_arena(of_nodes=of_nodes) as arena:
        calm = await arena.calm(calm_s)
        print(f"attack: calm, p50 {calm.p50:.0f} ms, p99 {calm.p99:.0f} ms", flush=True)
        siege = Siege(of_nodes, calm)
        async for result in run_all(arena, attacks, deadline):
            if isinstance(result, str):
                siege.missing.append(result)
                continue
            found = faults(result, ATTACKS[result.name], calm)
            siege.results.append((result, found))
            print(row(result, found), flush=True)
        # Their helpers are the same, and waiting for them once takes a minute.
        if not of_nodes:
            siege.stay = await arena.ended()
    return siege


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
        "--nodes", action="store_true", help="put nothing but nodes under attack, and that all"
    )
    parser.add_argument("--minutes", type=float, default=14.5, help="for all of them")
    parser.add_argument("--calm", type=float, default=8, help="seconds without attack, to compare")
    parser.add_argument("--write-docs", action="store_true", help="put it into docs/security.md")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
