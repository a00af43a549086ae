"""Runs the command `padfleet verify`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

from padfleet.services.tools.verify.compare import Comparison, unmatched
from padfleet.services.tools.verify.faults import StoredFault
from padfleet.services.tools.verify.walk import verify_pad
from padfleet.shared.archive.folder import backups_in
from padfleet.shared.archive.frames import BadArchive
from padfleet.shared.archive.reading import read_archive
from padfleet.shared.cold.catalogue import wanted_pads
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.tool import FAILED, ToolProgress, add_redis_options, fleet_of, run_tool, shown


def main(argv: Sequence[str]) -> int:
    """Verifies pads, or a backup. Returns 0 when nothing is wrong, 1 when something is, and 2 when
    nothing was begun."""
    parser = _parser()
    given = parser.parse_args(argv)
    if given.backup is not None and given.backup_too is not None:
        parser.error(f"one backup at a time: {given.backup} or {given.backup_too}")
    return run_tool(parser, argv, _verify)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet verify",
        description="Read the whole history of pads, while the fleet runs, and report what is "
        "inconsistent. Without options, all pads are checked. Nothing is changed.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--pad", action="append", metavar="ID", help="this pad; may be repeated")
    which.add_argument("--all", action="store_true", help="all pads")
    parser.add_argument(
        "backup",
        nargs="?",
        type=Path,
        metavar="FILE|DIR",
        help="the same as --backup FILE|DIR",
    )
    parser.add_argument(
        "--backup",
        dest="backup_too",
        type=Path,
        metavar="FILE|DIR",
        help="check this file of padfleet backup, or all files in this directory, and whether "
        "their content is how the pads began; the pads themselves are then verified only with "
        "--pad or --all",
    )
    add_redis_options(parser)
    return parser


async def _verify(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    backup = given.backup or given.backup_too
    async with fleet_of(settings) as (redis, keyspace):
        run = _VerifyRun(redis, keyspace)
        if backup is not None:
            await run.backup(backup, set(given.pad) if given.pad else None)
        if given.pad or given.all or backup is None:
            pads = wanted_pads(redis, keyspace, given.pad)
            await run.pads(pads, must_exist=bool(given.pad))
    print(f"{run.right} right, {run.wrong} wrong")
    return FAILED if run.wrong else 0


class _VerifyRun:
    """One run of the command, and its results so far."""

    def __init__(self, redis: Redis, keyspace: Keyspace) -> None:
        self.keyspace = keyspace
        self.right = self.wrong = 0
        self._redis = redis
        self._progress = ToolProgress()

    async def pads(self, pads: AsyncIterator[str], *, must_exist: bool) -> None:
        async for pad in pads:
            progress = partial(self._progress.at, pad)
            found = await verify_pad(self._redis, self.keyspace, pad, progress)
            if found is not None:
                head, faults = found
                self._result(faults, f"{pad}: right up to revision {head}")
            elif must_exist:
                self._result([StoredFault(pad, -1, -1, "there is no such pad")], "")

    async def backup(self, path: Path, pads: set[str] | None) -> None:
        """Checks the file, or each one in the directory."""
        seen: set[str] = set()
        try:
            files = backups_in(path) or [path]
        except (OSError, ValueError) as error:
            self._result([StoredFault(str(path), -1, -1, str(error))], "")
            return
        whole = [await self._backup(file, pads, seen) for file in files]
        if all(whole):
            for fault in unmatched(pads or (), seen):
                self._result([fault], "")

    async def _backup(self, path: Path, pads: set[str] | None, seen: set[str]) -> bool:
        """Returns whether the file is whole, and adds the pads in it to `seen`."""
        comparison = Comparison(self._redis, self.keyspace, pads)
        try:
            with path.open("rb") as file:
                for entry in read_archive(file):
                    compared = await comparison.take(entry)
                    if compared is None:
                        continue
                    pad, head, fault = compared
                    seen.add(pad.pad)
                    right = f"{pad.pad}: the backup is its revisions 0 to {pad.head} of {head}"
                    self._result([fault] if fault else [], right)
        except (BadArchive, FileNotFoundError, IsADirectoryError, PermissionError) as error:
            self._result([StoredFault(str(path), -1, -1, str(error))], "")
            return False
        self._result([], f"{path}: whole")
        return True

    def _result(self, faults: Sequence[StoredFault], right: str) -> None:
        self.wrong += bool(faults)
        self.right += not faults
        self._progress.clear()
        for line in [str(fault) for fault in faults] or [right]:
            print(shown(line), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
