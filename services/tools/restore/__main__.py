"""Runs the command `padfleet restore`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from padfleet.services.tools.restore.put import Restorer
from padfleet.shared.archive.entries import PadHead
from padfleet.shared.archive.folder import backups_in
from padfleet.shared.archive.frames import BadArchive
from padfleet.shared.archive.reading import check_archive, read_archive
from padfleet.shared.bounds import is_new_pad_id
from padfleet.shared.deeds.noting import noted, this_command
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.reader import open_reader
from padfleet.shared.log.pad.staging import InstalledHistory, PadExists, ServerMoved
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.tool import (
    FAILED,
    NOT_DONE,
    ToolProgress,
    add_redis_options,
    fleet_of,
    refuse_new_id,
    run_tool,
    shown,
)


def main(argv: Sequence[str]) -> int:
    """Restores the pads of a backup. Returns 0 when all pads that were asked for are there, 1 when
    one is not, and 2 when nothing was begun."""
    parser = _parser()
    new_id = parser.parse_args(argv).new_id
    if new_id is not None and ("$" in new_id or not is_new_pad_id(new_id)):
        refuse_new_id(parser, new_id)
    return run_tool(parser, argv, _restore)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet restore",
        description="Restore pads from what padfleet backup has written, while the fleet runs. A "
        "file is read to its end before anything is changed; nothing is restored from a "
        "damaged one.",
        epilog="If no fleet has used this Redis before, PADFLEET_PARTITIONS says how many "
        "partitions it gets; the fleet has to be started with the same number.",
    )
    parser.add_argument(
        "backup",
        type=Path,
        metavar="FILE|DIR",
        help="what padfleet backup has written. From a directory, pads that are here with the same "
        "history are skipped, so the same command continues a run that was interrupted",
    )
    parser.add_argument("--pad", metavar="ID", help="only this pad of the backup")
    parser.add_argument(
        "--as", dest="new_id", metavar="NEWID", help="restore it under another name"
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="replace a pad that exists, whose own history is lost; people on it are told to "
        "reload",
    )
    add_redis_options(parser)
    return parser


async def _restore(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    path: Path = given.backup
    try:
        files = backups_in(path)
        wanted = _wanted(given, path) if files is None else []
    except (BadArchive, OSError, ValueError) as error:
        return _refuse(str(error))
    async with fleet_of(settings, begin=True) as (redis, keyspace):
        run = _RestoreRun(redis, keyspace, given)
        named = given.new_id or given.pad or "*"
        doer, replace = this_command(), given.replace
        async with noted(redis, doer, "restore", named, of=str(path), replace=replace) as details:
            code = await (run.file(path, wanted) if files is None else run.folder(files))
            details |= run.counts
        return code


def _wanted(given: argparse.Namespace, path: Path) -> list[PadHead]:
    """Returns the pads of the file that are asked for. It reads the file to its end, so that
    nothing is done with a damaged one. Raises ValueError, which says what is wrong."""
    try:
        pads = check_archive(path)
    except (BadArchive, OSError) as error:
        raise ValueError(f"{path}: {error}") from error
    wanted = [pad for pad in pads if given.pad in (None, pad.pad)]
    names = _listed([pad.pad for pad in pads])
    if given.pad is not None and not wanted:
        raise ValueError(f"{path} has no pad {given.pad!r}; it has {names}")
    if given.new_id is not None and len(wanted) != 1:
        raise ValueError(f"--as needs one pad; name it with --pad: {names}")
    return wanted


class _RestoreRun:
    """One run of the command, and its results so far."""

    def __init__(self, redis: Redis, keyspace: Keyspace, given: argparse.Namespace) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._given = given
        self._progress = ToolProgress()
        self._done = self._there = self._failed = 0

    async def file(self, path: Path, wanted: Sequence[PadHead]) -> int:
        """Restores all of these pads, or none of them if one would replace a pad that must stay.
        Returns the exit code."""
        if not self._given.replace and (names := await self._restorer().in_the_way(wanted)):
            return _refuse(
                f"there is already {_listed(names)}; --replace puts what is in {path} in its place"
            )
        return 0 if await self._put(path, wanted) else FAILED

    async def folder(self, files: Sequence[Path]) -> int:
        """Restores one file after the other. A fault in one file does not affect the others, and
        pads that are here as they are in the backup are skipped, so a run that broke off can be
        continued. Returns the exit code."""
        for number, path in enumerate(files, 1):
            self._progress.at(path.name, number, len(files))
            try:
                wanted = [pad for pad in check_archive(path) if self._given.pad in (None, pad.pad)]
            except (BadArchive, OSError) as error:
                self._fail(f"{path}: {error}")
                continue
            if self._given.new_id is not None and len(wanted) > 1:
                self._fail(f"{path}: --as needs one pad, and there are {len(wanted)}")
                continue
            missing = [pad for pad in wanted if not await self._is_here(pad)]
            self._there += len(wanted) - len(missing)
            if not missing:
                continue
            names = await self._restorer().in_the_way(missing)
            if names and not self._given.replace:
                self._fail(
                    f"{path}: there is already {_listed(names)} with another history; "
                    "--replace puts the one of the backup in its place"
                )
                continue
            self._failed += not await self._put(path, missing)
        self._progress.say(
            f"{self._done} pads restored, {self._there} here already, {self._failed} files failed"
        )
        if self._given.pad is not None and not (self._done or self._there or self._failed):
            return _refuse(f"none of these files has a pad {self._given.pad!r}")
        return FAILED if self._failed else 0

    @property
    def counts(self) -> dict[str, int]:
        """The results so far, for the audit log."""
        return {"restored": self._done, "here_already": self._there, "failed": self._failed}

    async def _is_here(self, pad: PadHead) -> bool:
        """Returns whether a pad of this name exists with exactly this history, up to the same
        revision."""
        name = self._given.new_id or pad.pad
        reader = await open_reader(self._redis, self._keyspace, name, brief=True)
        return reader is not None and (reader.meta.head, reader.meta.chain) == (pad.head, pad.chain)

    async def _put(self, path: Path, pads: Sequence[PadHead]) -> bool:
        """Restores these pads of the file. If not all of them could be restored, it says why and
        returns False."""
        try:
            with path.open("rb") as file:
                await self._restorer([pad.pad for pad in pads]).take(read_archive(file))
        except PadExists as error:
            self._progress.say(f"padfleet restore: {error}: somebody has made it meanwhile")
        except (ServerMoved, CorruptPad, BadArchive) as error:
            self._progress.say(f"padfleet restore: {error}")
        else:
            return True
        return False

    def _restorer(self, only: Collection[str] | None = None) -> Restorer:
        return Restorer(
            self._redis,
            self._keyspace,
            only=only,
            new_id=self._given.new_id,
            replace=self._given.replace,
            restored=self._restored,
            progress=self._progress.at,
        )

    def _restored(self, name: str, pad: PadHead, installed: InstalledHistory) -> None:
        self._done += 1
        how = "replaced" if installed.replaced else "restored"
        self._progress.say(f"{shown(name)}: {how}, at revision {pad.head}, epoch {installed.epoch}")

    def _fail(self, why: str) -> None:
        self._failed += 1
        self._progress.say(why)


def _listed(names: Sequence[str]) -> str:
    some = ", ".join(map(repr, names[:10])) or "none"
    return some + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _refuse(why: str) -> int:
    print(f"padfleet restore: {why}", file=sys.stderr)
    return NOT_DONE


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
