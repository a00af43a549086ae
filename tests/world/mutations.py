"""Takes one check or one step out of our own code at a time, and looks for the seed that shows it.

    make simulate-faults MUTATIONS=all             # all of mutants.py, and the table of the docs
    make simulate-faults MUTATIONS='term not compared,head not moved'
    python -m tests.world --mutation 'term not compared' --seed 3 --hasty     # one of them, once

No file of the program is changed: the mutation is made when the file is imported.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import re
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Final

from tests.world.mutants import MUTATIONS, Mutation

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs" / "reliability.md"
BEGIN: Final = "<!-- mutations: made by make simulate-faults MUTATIONS=all -->"
END: Final = "<!-- end of mutations -->"

MOST_SEEDS: Final = 2000
"""How many seeds a mutation may need to be found."""

SECONDS: Final = "20"
CLIENTS: Final = "6"
"""The size of the runs, which are small: a missing check shows soon, or with another seed."""

_LIBRARIES: Final = ("aiohttp", "aiohttp.web", "redis.asyncio", "socketio", "lupa.lua51", "hiredis")
"""The libraries that are imported once for all runs; nothing of ours is in them."""


def apply(name: str) -> None:
    """Puts a mutation in force. It has to be called before anything of padfleet is imported. Raises
    LookupError."""
    mutation = MUTATIONS[name]
    path = (ROOT / mutation.file).resolve()
    text = path.read_text("utf-8")
    if text.count(mutation.old) != 1:
        raise LookupError(f"{mutation.file} has changed: {name!r} finds nothing, or too much")
    mutated = text.replace(mutation.old, mutation.new)
    true_code, true_text = SourceFileLoader.get_code, Path.read_text

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        if Path(self.path).resolve() == path:
            code: CodeType = compile(mutated, self.path, "exec")
            return code
        return true_code(self, fullname)

    def read_text(self: Path, *args: Any, **options: Any) -> str:
        return mutated if self.resolve() == path else true_text(self, *args, **options)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
    Path.read_text = read_text  # type: ignore[method-assign]


# --- Looking for them ----------------------------------------------------------------------------


def hunt(argv: Sequence[str]) -> int:
    """Hunts all mutations that are named, each in a process of its own. The exit code says whether
    one was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.world --mutations")
    parser.add_argument("--mutations", required=True, help="all, or their names, with commas")
    parser.add_argument("--most", type=int, default=MOST_SEEDS, help="seeds that are tried of each")
    parser.add_argument("--first", type=int, default=0, help="the first one, to go on from there")
    parser.add_argument("--seconds", default=SECONDS)
    parser.add_argument("--clients", default=CLIENTS)
    parser.add_argument("--jobs", default=str(os.cpu_count() or 1))
    parser.add_argument("--docs", type=Path, default=DOCS, help="whose table is brought up to date")
    args = parser.parse_args(argv)
    names = list(MUTATIONS) if args.mutations == "all" else args.mutations.split(",")
    if unknown := [name for name in names if name not in MUTATIONS]:
        parser.error(f"no mutations of ours: {', '.join(unknown)}")
    for library in _LIBRARIES:
        importlib.import_module(library)
    missed = 0
    for name in names:
        if MUTATIONS[name].doubled:
            note(args.docs, name, 0, "")
            continue
        seeds, finding = _hunt_one(name, args)
        missed += not finding
        print(f"{name}: {seeds} seeds: {finding or 'NOT FOUND'}", flush=True)
        note(args.docs, name, seeds, finding)
    return bool(missed)


def _hunt_one(name: str, args: argparse.Namespace) -> tuple[int, str]:
    """Returns how many seeds it took, and what was found, or an empty text. A finding that the same
    seed also shows without the mutation does not count."""
    first = args.first
    while first < args.most:
        lines = _play(f"{first}-{args.most - 1}", MUTATIONS[name], args, name)
        found = findings(lines)
        seeds = [line.split(": ")[1] for line in lines if line.startswith("with findings: ")]
        if not found or not seeds:
            break
        seed = int(seeds[0].split(",")[0])
        if not any(
            line.startswith("with findings") for line in _play(str(seed), MUTATIONS[name], args)
        ):
            return seed + 1, found[0]
        print(f"{name}: seed {seed} finds something without it, too: {found[0]}", flush=True)
        first = seed + 1
    return args.most, ""


def _play(seeds: str, mutation: Mutation, args: argparse.Namespace, name: str = "") -> list[str]:
    """Plays a campaign that ends with the first finding, in a process of its own, and returns its
    output. `name` is that of the mutation, if one is to be in force."""
    mine, its = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(mine)
            os.dup2(its, 1)
            # Python throws new dice in each child, and some modules throw them when they are
            # imported: without this, a seed would not be the same run twice.
            random.seed(0)
            if name:
                apply(name)
            from tests.world.campaign import main

            command = ["--seeds", seeds, "--until-found", "--hasty", "--no-shrink"]
            command += ["--seconds", args.seconds, "--clients", args.clients]
            command += ["--jobs", args.jobs, "--cold", "no", "--nodes", "no"]
            if mutation.faults:
                command += ["--faults", ",".join(mutation.faults)]
            command += mutation.play
            main(command)
            sys.stdout.flush()
        finally:
            os._exit(0)
    os.close(its)
    with os.fdopen(mine, encoding="utf-8", errors="replace") as pipe:
        lines = pipe.read().splitlines()
    os.waitpid(pid, 0)
    return lines


NO_FINDINGS: Final = (" ", "fault ", "again:", "File ", "Traceback")


def findings(lines: Iterable[str]) -> list[str]:
    """Returns the findings from the output of runs, in which they are indented below each run."""
    below = [line[2:] for line in lines if line.startswith("  ")]
    return [text for text in below if text and not text.startswith(NO_FINDINGS)]


# --- The table -----------------------------------------------------------------------------------


def note(docs: Path, name: str, seeds: int, finding: str) -> None:
    """Puts one row into the table of the docs, in the order of the list."""
    text = docs.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {
        found[1]: line
        for line in table.splitlines()
        if (found := re.match(r"\| ([^|]+?) \| (?:\d+|–) \|", line)) is not None
    }
    if doubled := MUTATIONS[name].doubled:
        rows[name] = f"| {name} | – | cannot be found: {doubled} |"
    else:
        rows[name] = f"| {name} | {seeds} | {_told(finding) if finding else 'not found'} |"
    kept = [rows[each] for each in MUTATIONS if each in rows]
    lines = ["", "| what is taken out | seeds | what was found first |", "|---|--:|---|", *kept, ""]
    docs.write_text(before + BEGIN + "\n".join(lines) + END + after, "utf-8")


def _told(finding: str) -> str:
    """Returns a finding in a form that fits into a table."""
    plain = finding.replace("|", "/").replace("`", "'").replace("<", "‹").replace(">", "›")
    return plain if len(plain) <= 110 else plain[:109].rsplit(" ", 1)[0] + " …"
