"""Plays many runs, each in a process of its own, and reports their results."""

from __future__ import annotations

import argparse
import json
import math
import os
import select
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from tests.world.disguise import true_monotonic, true_random_bytes
from tests.world.nursery import Nurseries, Run, Task
from tests.world.run import Outcome, simulate
from tests.world.servers import KINDS
from tests.world.size import Size

SHRINK_TRIES: Final = 200
"""The most runs that are spent on finding out which faults are needed."""


def run_all(tasks: Iterable[Task], size: Size, *, at_once: int) -> Iterator[tuple[Task, Outcome]]:
    """Yields the outcomes as they come. Each run is played by a copy of a process in which nothing
    has been played."""
    waiting = iter(tasks)
    nurseries = Nurseries(size)
    running: dict[int, Run] = {}
    try:
        more = True
        while more or running:
            while more and len(running) < at_once:
                task = next(waiting, None)
                if task is None:
                    more = False
                    break
                run = nurseries.play(task)
                running[run.pipe] = run
            if not running:
                return
            readable, _, _ = select.select(list(running), [], [])
            for pipe in readable:
                outcome = running[pipe].read()
                if outcome is not None:
                    run = running.pop(pipe)
                    yield run.task, outcome
    finally:
        for run in running.values():  # these are of no interest any more
            run.give_up()
        nurseries.close()


def shrink(task: Task, first: Outcome, size: Size, *, at_once: int) -> tuple[Task, Outcome]:
    """Returns the fewest faults found with which something is still wrong: they are left out one by
    one, as long as a finding of the same kind remains."""
    kinds = {_kind(finding) for finding in first.findings}
    kept = [int(line.split(": ")[1].split(".")[0]) for line in first.faults]
    best, outcome, tries = task, first, 0
    shorter = True
    while shorter and tries < SHRINK_TRIES:
        shorter = False
        candidates = [Task(task.seed, frozenset(kept) - {number}) for number in reversed(kept)]
        tries += len(candidates)
        for candidate, found in run_all(candidates, size, at_once=at_once):
            if candidate.only is not None and kinds & {_kind(each) for each in found.findings}:
                best, outcome, shorter = candidate, found, True
                kept = sorted(candidate.only)
                break
    return best, outcome


def _kind(finding: str) -> str:
    words = finding.split()
    return words[1] if words[0].startswith("pad-") else words[0]


def seeds_of(text: str) -> Iterator[str]:
    """Yields the seeds in texts such as `7`, `0-99` or `3,5,8-10`. Raises ValueError."""
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if dash and first.isdigit() and last.isdigit():
            yield from map(str, range(int(first), int(last) + 1))
        elif part:
            yield part.strip()
        else:
            raise ValueError(f"{text!r} names no seeds: say 7, or 0-99, or 3,5,8-10")


def _seeds_from(name: str) -> Iterator[str]:
    """Yields seeds that nobody has played yet, and that everybody can play again."""
    return (f"{name}-{number}" for number in count())


def _new_seeds(until: float) -> Iterator[str]:
    while true_monotonic() < until:
        yield true_random_bytes(6).hex()


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.world",
        description="Plays the fleet in simulated time with faults by a seed.",
    )
    parser.add_argument("--seed", help="plays this one, and says what happens")
    parser.add_argument("--seeds", help="plays these: 0-99, or 3,5,8-10")
    parser.add_argument("--begin", help="plays NAME-0, NAME-1, …: for as long as --cpu says")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long new seeds are tried")
    parser.add_argument("--cpu", type=float, default=math.inf, help="seconds of a core, for all")
    parser.add_argument("--only", help="the faults to strike, by their numbers: 2,5; '' for none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at once")
    parser.add_argument("--seconds", type=float, default=Size.seconds, help="of simulated time")
    parser.add_argument("--clients", type=int, default=Size.clients)
    parser.add_argument("--rate", type=float, default=Size.rate, help="edits a second of each")
    parser.add_argument("--scribes", type=int, default=Size.scribes, help="on each pad")
    parser.add_argument("--people", default="", help="further kinds of people, with commas")
    parser.add_argument("--out", type=Path, help="where failed runs are written to, one a line")
    parser.add_argument("--no-shrink", action="store_true", help="takes failed runs as they are")
    parser.add_argument("--until-found", action="store_true", help="ends with the first finding")
    parser.add_argument("--faults", default="", help="kinds of faults to choose from, with commas")
    parser.add_argument("--servers", choices=KINDS, help="how they stand together; else by seed")
    parser.add_argument("--cold", choices=("yes", "no"), help="a cold store; else by seed")
    parser.add_argument("--nodes", choices=("yes", "no"), help="nodes; else by seed")
    parser.add_argument(
        "--writers", type=int, default=Size.writers, help="where there are no nodes"
    )
    parser.add_argument("--snapshots", type=int, help="revisions between two; else as usual")
    parser.add_argument("--hasty", action="store_true", help="ends a run with its first finding")
    parser.add_argument("--tell-all", action="store_true", help="tells of runs without findings")
    parser.add_argument("--brief", action="store_true", help="ends a run when all has recovered")
    parser.add_argument("--mutation", help="of tests/world/mutants.py, which is in force")
    args = parser.parse_args(argv)
    size = Size(
        seconds=args.seconds,
        clients=args.clients,
        writers=args.writers,
        rate=args.rate,
        scribes=args.scribes,
        people=_parts(args.people),
        hasty=args.hasty,
        brief=args.brief,
        snapshots=args.snapshots,
        kinds=_parts(args.faults),
        servers=args.servers,
        nodes=None if args.nodes is None else args.nodes == "yes",
        cold=None if args.cold is None else args.cold == "yes",
    )
    if args.seed is not None:
        return _replay(args.seed, args.only, size)
    try:
        seeds: Iterable[str]
        if args.seeds is not None:
            seeds = list(seeds_of(args.seeds))
        elif args.begin is not None:
            if math.isinf(args.cpu):
                parser.error("--begin needs --cpu: it has no end of its own")
            seeds = _seeds_from(args.begin)
        else:
            seeds = _new_seeds(_end(args.minutes))
        return _campaign(map(Task, seeds), size, args)
    except ValueError as error:
        parser.error(str(error))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _end(minutes: float) -> float:
    return true_monotonic() + minutes * 60


def _replay(seed: str, only: str | None, size: Size) -> int:
    chosen = None if only is None else frozenset(int(part) for part in only.split(",") if part)
    outcome = simulate(seed, size, only=chosen, show=print)
    print(_summary(outcome))
    return bool(outcome.findings)


def _campaign(tasks: Iterable[Task], size: Size, args: argparse.Namespace) -> int:
    jobs: int = args.jobs
    out: Path | None = args.out
    began, played, failed, took = true_monotonic(), 0, [], 0.0
    simulated, revisions = 0.0, 0
    for task, outcome in run_all(tasks, size, at_once=jobs):
        played += 1
        took += outcome.took
        simulated += outcome.simulated
        revisions += outcome.revisions
        if outcome.findings:
            failed.append(task.seed)
            if not args.no_shrink and outcome.faults:
                task, outcome = shrink(task, outcome, size, at_once=jobs)
            print(_summary(outcome), flush=True)
            print(f"  again: make simulate-faults SEED={_again(task, size)}", flush=True)
            if out is not None:
                with out.open("a") as file:
                    file.write(json.dumps(outcome.as_json()) + "\n")
            if args.until_found:
                break
        elif args.tell_all:
            print(_summary(outcome), flush=True)
        if took > args.cpu:
            break
        _progress(played, len(failed), true_monotonic() - began)
    print(
        f"{played} runs, {len(failed)} with findings; {simulated:,.0f} s of simulated time, "
        f"{revisions:,} revisions, {took:.0f} s of processor time: "
        f"{60 * played / took if took else 0:.1f} runs a minute and core"
    )
    if failed:
        print("with findings: " + ", ".join(failed))
    return bool(failed)


def _progress(count: int, failed: int, seconds: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{count} runs, {failed} with findings, {seconds:.0f} s ", end="", file=sys.stderr)


def _again(task: Task, size: Size) -> str:
    """Returns the arguments with which the same run, of the same size, can be repeated."""
    usual = Size()
    words = []
    if task.only is not None:
        words += ["--only", f'"{",".join(map(str, sorted(task.only)))}"']
    if size.seconds != usual.seconds:
        words += ["--seconds", f"{size.seconds:g}"]
    if size.clients != usual.clients:
        words += ["--clients", str(size.clients)]
    if size.writers != usual.writers:
        words += ["--writers", str(size.writers)]
    if size.rate != usual.rate:
        words += ["--rate", f"{size.rate:g}"]
    if size.scribes != usual.scribes:
        words += ["--scribes", str(size.scribes)]
    if size.people:
        words += ["--people", ",".join(size.people)]
    if size.kinds:
        words += ["--faults", f'"{",".join(size.kinds)}"']
    if size.servers is not None:
        words += ["--servers", size.servers]
    if size.nodes is not None:
        words += ["--nodes", "yes" if size.nodes else "no"]
    if size.cold is not None:
        words += ["--cold", "yes" if size.cold else "no"]
    if size.snapshots is not None:
        words += ["--snapshots", str(size.snapshots)]
    if size.brief:
        words.append("--brief")
    return task.seed + (f" ARGS='{' '.join(words)}'" if words else "")


def _summary(outcome: Outcome) -> str:
    verdict = f"{len(outcome.findings)} findings" if outcome.findings else "nothing wrong"
    lines = [
        f"seed {outcome.seed}: {verdict} ({outcome.revisions} revisions, {outcome.accepted} "
        f"accepted, {outcome.reconnects} reconnects, {outcome.reloads} reloads, {outcome.frozen} "
        f"times frozen, {outcome.thawed} times thawed, last one served "
        f"after {outcome.back:.1f} s; {outcome.simulated:.0f} s simulated in {outcome.took:.1f} s; "
        f"trace {outcome.digest})"
    ]
    lines += [f"  fault {fault}" for fault in outcome.faults]
    lines += [f"  {finding}" for finding in outcome.findings]
    return "\n".join(lines)
