"""Runs the command `padfleet import`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence

from padfleet.services.tools.importing.beside import bring_beside
from padfleet.services.tools.importing.run import Importer, ImportTally
from padfleet.services.tools.importing.sources import (
    SUFFIX,
    BadSource,
    Database,
    Source,
    open_source,
    sources_of,
)
from padfleet.services.tools.importing.sql import NoDriver
from padfleet.shared.bounds import is_new_pad_id
from padfleet.shared.deeds.noting import noted, this_command
from padfleet.shared.etherpad.credentials import add_api_options, credentials_of
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import SourceFailed
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import RedisProcessSettings, mask
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
    """Imports pads. Returns 0 when all that were asked for are there, 1 when one is not, and 2 when
    nothing was begun."""
    parser = _parser()
    given = parser.parse_args(argv)
    if given.new_id is not None and not is_new_pad_id(given.new_id):
        refuse_new_id(parser, given.new_id)
    if given.new_id is not None and len(_sources(given)) > 1:
        parser.error("--as needs a single pad, and there are several files")
    return run_tool(parser, argv, _import)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet import",
        description="Import pads from an Etherpad, with history, chat, authors and saved "
        "revisions, while the fleet runs. To continue a run that was interrupted, give the "
        "same command again.",
        epilog="From a database, author tokens, groups, sessions and mappers are imported as well, "
        "unless --pad is given. If no fleet has used this Redis before, PADFLEET_PARTITIONS "
        "says how many partitions it gets.",
    )
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="a dirty.db; a SQLite file; .etherpad files, or a directory of them; http(s)://… of "
        "an Etherpad; or where its database is: redis://…, postgresql://user:password@host/name, "
        "mysql://…, mongodb://…, couchdb://…",
    )
    parser.add_argument("--pad", action="append", metavar="ID", help="this pad; may be repeated")
    parser.add_argument("--as", dest="new_id", metavar="NEWID", help="import it under another name")
    add_api_options(parser)
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--update",
        dest="existing",
        action="store_const",
        const="update",
        help="import pads again that an earlier run has imported, if they have changed there since "
        "and have not been touched here",
    )
    group.add_argument(
        "--replace",
        dest="existing",
        action="store_const",
        const="replace",
        help="replace pads that exist here, whose own history is lost",
    )
    parser.add_argument(
        "--salvage",
        action="store_true",
        help="if the history of a pad is inconsistent, import at least its present text",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say how many pads there are")
    parser.set_defaults(existing="skip")
    add_redis_options(parser)
    return parser


async def _import(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    progress = ToolProgress()
    tally = ImportTally()
    given.source = _sources(given)
    if given.dry_run:  # a dry run creates no fleet either
        unread = await _each(given, progress, lambda where: _count(where, given, tally, progress))
        failed = bool(tally.failed or tally.unreadable)
    else:
        async with fleet_of(settings, begin=True) as (redis, keyspace):
            unread = await _each(
                given, progress, lambda where: _take(redis, keyspace, where, given, tally, progress)
            )
        if tally.brought or unread < len(given.source):
            progress.say(_result(tally, unread))
        failed = bool(tally.failed or tally.in_the_way or tally.unreadable)
    if unread == len(given.source) and not tally.brought:
        return NOT_DONE
    return FAILED if failed or unread else 0


def _named(where: str) -> str:
    """Returns an address without the password that it may contain."""
    return mask(where) if "://" in where else where


def _sources(given: argparse.Namespace) -> list[str]:
    return [found for where in given.source for found in sources_of(where)]


async def _each(
    given: argparse.Namespace, progress: ToolProgress, work: Callable[[str], Awaitable[None]]
) -> int:
    """Runs `work` on one source after the other; returns how many of them could not be read
    completely. A fault in one source does not affect the others."""
    unread = 0
    for where in given.source:
        try:
            await work(where)
        except (BadSource, NoDriver, BadRecord, SourceFailed) as error:
            unread += 1
            # Faults in a file do not name it, and those of one source among several may not.
            is_named = len(given.source) == 1 and not isinstance(error, BadRecord)
            progress.say(f"padfleet import: {'' if is_named else f'{_named(where)}: '}{error}")
        except OSError as error:
            if error.filename is None:
                raise  # of a connection
            unread += 1
            progress.say(f"padfleet import: {error.filename}: {error.strerror}")
    return unread


def _result(tally: ImportTally, unread: int) -> str:
    said = (
        f"{tally.brought} pads brought, {tally.unchanged} unchanged, "
        f"{len(tally.in_the_way)} in the way, {len(tally.failed)} failed"
    )
    if tally.salvaged:
        said += f", {len(tally.salvaged)} as text only"
    if tally.unreadable:
        said += f"; {tally.unreadable} records cannot be read and were left out"
    if unread:
        said += f"; {unread} of the sources could not be read, or not to the end"
    return said


async def _count(
    where: str, given: argparse.Namespace, tally: ImportTally, progress: ToolProgress
) -> None:
    """Counts how many pads of one source would be imported."""
    async with open_source(where, credentials_of(given)) as source:
        _tell_broken(source, where, tally, progress)
        pads = await _wanted(source, where, given, tally, progress)
    progress.say(f"{_named(where)}: {len(pads)} pads")


async def _take(
    redis: Redis,
    keyspace: Keyspace,
    where: str,
    given: argparse.Namespace,
    tally: ImportTally,
    progress: ToolProgress,
) -> None:
    """Imports all that is wanted from one source."""
    async with open_source(where, credentials_of(given)) as source:
        _tell_broken(source, where, tally, progress)
        pads = await _wanted(source, where, given, tally, progress)
        importer = Importer(
            redis,
            keyspace,
            source,
            tally,
            existing=given.existing,
            salvage=given.salvage,
            progress=progress,
        )
        named = given.new_id or (pads[0] if len(pads) == 1 else "*")
        of = _named(where)
        before = tally.brought
        async with noted(redis, this_command(), "import", named, of=of) as details:
            details["replace"] = given.existing == "replace"
            try:
                await importer.run(pads, as_id=given.new_id)
            finally:
                details["brought"] = tally.brought - before
        if isinstance(source, Database) and source.whole and not given.pad:
            counts = await bring_beside(redis, source.all)
            beside = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
            said = f"also {beside}" if beside else "nothing beside the pads"
            progress.say(said + importer.left_out())


def _tell_broken(source: Source, where: str, tally: ImportTally, progress: ToolProgress) -> None:
    """Reports the records of the source that are not valid, no matter which pad they belong to."""
    if isinstance(source, Database) and (said := source.broken.said()):
        tally.unreadable += source.broken.count
        progress.say(f"{where}: {said}")


async def _wanted(
    source: Source,
    where: str,
    given: argparse.Namespace,
    tally: ImportTally,
    progress: ToolProgress,
) -> list[str]:
    """Returns the pads of a source that are asked for; those that it lacks are reported as
    failed."""
    pads = await source.pads()
    if not pads and where.endswith(SUFFIX):
        raise BadRecord(f"there is no pad in it: is it an {SUFFIX} file?")
    known = set(pads)
    wanted = list(dict.fromkeys(given.pad or pads))
    if given.new_id is not None and len(wanted) != 1:
        raise BadSource(f"--as needs one pad, and there are {len(wanted)}: name it with --pad")
    for pad in wanted:
        if pad not in known:
            tally.failed.append(pad)
            progress.say(f"{shown(pad)}: there is no such pad")
    return [pad for pad in wanted if pad in known]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
