"""Mutations of our own code, to see whether the simulation finds what it should.

    python -m tests.world.mutations                  # all of them, and a table
    python -m tests.world --mutation "term not compared" --seeds 0-20

Each takes one check or one step away, in memory; no file is changed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]


class Mutation(NamedTuple):
    """What stands in a file once, and what is to stand there."""

    file: str
    old: str
    new: str


_COMMIT: Final = "shared/log/lua/commit.lua"
_TERM: Final = "if held[1] ~= ARGV[1] then return {'term', held[1] or ''} end"
_POSITION: Final = "if position ~= ARGV[2] then return {'position', position} end"

MUTATIONS: Final = {
    "term not compared": Mutation(_COMMIT, _TERM, ""),
    "position not compared": Mutation(_COMMIT, _POSITION, ""),
    "term and position not compared": Mutation(_COMMIT, f"{_TERM}\n", "held[2] = ARGV[2]\n"),
    "reign not compared": Mutation(
        _COMMIT, "if reign ~= ARGV[5] then return {'reign', reign} end", ""
    ),
    "head and chain not compared": Mutation(
        _COMMIT,
        "(head ~= ARGV[at + 1] or (found[2] or '') ~= ARGV[at + 2])",
        "false",
    ),
    "position not moved": Mutation(
        _COMMIT, "redis.call('HSET', state, 'position', new_position)", ""
    ),
    "head not moved": Mutation(
        _COMMIT,
        "for j = first, last, 2 do redis.call('HSET', meta, ARGV[j], ARGV[j + 1]) end",
        "",
    ),
    "a lease is taken from who has it": Mutation(
        "shared/log/lua/lease.lua",
        "if left > 0 and left <= length and held[2] ~= owner then",
        "if false then",
    ),
    "all servers are one": Mutation(
        "shared/log/lua/reign.lua",
        "return string.sub(string.match(info, 'run_id:(%x+)'), 1, 12)\n"
        "    .. string.sub(string.match(info, 'master_replid:(%x+)'), 1, 12)",
        "return 'aaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    "a repetition is not known": Mutation(
        "services/writer/pad.py", "if origin.seq <= last_seq:", "if origin.seq < 0:"
    ),
    "a gap is passed over": Mutation(
        "services/fanout/pads/feed.py",
        "return Gap(self.head + 1, revisions[-1].rev)",
        "self.head = rev - 1; self.chain = None; self._ring.clear()",
    ),
    "what is not answered is not put in again": Mutation(
        "shared/log/inbox.py", "again.append(item)", "pass"
    ),
}


def apply(name: str) -> None:
    """Before anything of padfleet is imported. Raises LookupError."""
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.world.mutations")
    parser.add_argument("--seeds", default="0-39", help="that are tried, until one finds it")
    parser.add_argument("--only", choices=sorted(MUTATIONS))
    args, rest = parser.parse_known_args()
    missed = 0
    for name in [args.only] if args.only else MUTATIONS:
        command = [sys.executable, "-m", "tests.world", "--mutation", name, "--until-found"]
        command += ["--no-shrink", "--seeds", args.seeds, *rest]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        tried = next((line for line in lines if " runs, " in line), done.stderr[-300:])
        found = next((line.strip() for line in lines if line.startswith("  pad-")), "")
        found = found or next((line.strip() for line in lines if line.startswith("  ")), "")
        missed += done.returncode == 0
        print(f"{name}: {tried.split(',')[0]}; {found[:150] or 'NOT FOUND'}", flush=True)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
