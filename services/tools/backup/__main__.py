"""Runs the command `padfleet backup`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from padfleet.services.tools.backup.unchanged import already_there
from padfleet.shared.archive.entries import ArchivedTokens, Authors, Entry, PadHead
from padfleet.shared.archive.folder import file_of, means_folder
from padfleet.shared.archive.taking import PadUnreadable, take_pad
from padfleet.shared.archive.writing import ArchiveWriter, NotWritten, new_archive
from padfleet.shared.cold.catalogue import wanted_pads
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.inventory import tokens
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.tool import FAILED, ToolProgress, add_redis_options, fleet_of, run_tool, shown


def main(argv: Sequence[str]) -> int:
    """Backs up the pads. Returns 0 when all of them are in the backup, 1 when one is not, and 2
    when nothing was begun."""
    parser = _parser()
    given = parser.parse_args(argv)
    if given.to == "-":
        parser.error(
            "--to -: a backup cannot go to standard output, where nobody would see that it is "
            "incomplete; name a file"
        )
    if not means_folder(given.to):
        return run_tool(parser, argv, _to_file)
    if given.tokens:
        parser.error("--tokens needs a FILE: they belong to no pad")
    try:
        Path(given.to).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--to {given.to}: the directory cannot be made: {error.strerror}")
    return run_tool(parser, argv, _to_folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet backup",
        description="Write pads to files while the fleet runs: their whole history, their chat, "
        "and the names and colours of their authors.",
    )
    parser.add_argument("--pad", action="append", metavar="ID", help="this pad; may be repeated")
    parser.add_argument(
        "--to",
        required=True,
        metavar="FILE|DIR",
        help="one file for all pads, or a directory for one file each, where files of pads that "
        "have not changed are left as they are. If the path ends with a slash, the directory "
        "is created",
    )
    parser.add_argument(
        "--tokens",
        action="store_true",
        help="include what its authors are recognised by (as hashes); only into a FILE",
    )
    add_redis_options(parser)
    return parser


async def _to_file(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with _run(settings, given) as (run, pads):
        run.progress.say(f"into one file, {given.to}; for one file each, name a directory, DIR/")
        await run.to_file(Path(given.to), pads, with_tokens=given.tokens)
    return FAILED if run.failed else 0


async def _to_folder(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with _run(settings, given) as (run, pads):
        await run.to_folder(Path(given.to), pads)
    return FAILED if run.failed else 0


@asynccontextmanager
async def _run(
    settings: RedisProcessSettings, given: argparse.Namespace
) -> AsyncIterator[tuple[_BackupRun, AsyncIterator[str]]]:
    async with fleet_of(settings) as (redis, keyspace):
        run = _BackupRun(redis, keyspace, must_exist=bool(given.pad))
        try:
            yield run, wanted_pads(redis, keyspace, given.pad)
        except NotWritten as error:
            run.failed += 1
            run.progress.say(f"padfleet backup: {error}")
    run.progress.say(f"{run.done} pads backed up, {run.unchanged} unchanged, {run.failed} failed")


class _BackupRun:
    """One run of the command, and its results so far."""

    def __init__(self, redis: Redis, keyspace: Keyspace, *, must_exist: bool) -> None:
        self.keyspace = keyspace
        self.progress = ToolProgress()
        self.done = self.unchanged = self.failed = 0
        self._redis = redis
        self._must_exist = must_exist

    async def to_file(self, path: Path, pads: AsyncIterator[str], *, with_tokens: bool) -> None:
        authors: set[str] = set()
        with new_archive(path) as archive:
            async for pad in pads:

                def write(entry: Entry) -> None:
                    archive.write(entry)
                    if with_tokens and isinstance(entry, Authors):
                        authors.update(author for author, _ in entry.authors)

                try:
                    self._count(pad, await self._take(pad, write))
                except PadUnreadable as error:
                    self._fail(str(error))
            if with_tokens:
                await self._tokens(archive, authors)

    async def to_folder(self, folder: Path, pads: AsyncIterator[str]) -> None:
        async for pad in pads:
            path = file_of(folder, pad)
            if await already_there(self._redis, self.keyspace, pad, path):
                self.unchanged += 1
                continue
            try:
                with new_archive(path) as archive:
                    head = await self._take(pad, archive.write)
                    if head is None:
                        raise _Gone
                self._count(pad, head)
            except PadUnreadable as error:
                self._fail(str(error))
            except _Gone:
                self._count(pad, None)

    async def _take(self, pad: str, write: Callable[[Entry], None]) -> PadHead | None:
        def progress(rev: int, head: int) -> None:
            self.progress.at(pad, rev, head)

        return await take_pad(self._redis, self.keyspace, pad, write, progress)

    async def _tokens(self, archive: ArchiveWriter, authors: set[str]) -> None:
        async with aclosing(tokens(self._redis)) as pages:
            async for page in pages:
                archive.write(
                    ArchivedTokens([(name, author) for name, author in page if author in authors])
                )

    def _count(self, pad: str, head: PadHead | None) -> None:
        if head is not None:
            self.done += 1
            self.progress.say(f"{shown(pad)}: up to revision {head.head}")
        elif self._must_exist:
            self._fail(f"{shown(pad)}: there is no such pad")

    def _fail(self, why: str) -> None:
        self.failed += 1
        self.progress.say(why)


class _Gone(Exception):
    """The pad no longer exists, so there must be no file of it either."""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
