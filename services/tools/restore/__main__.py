"""The command `padfleet restore`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from padfleet.services.tools.restore.put import Restorer
from padfleet.shared.archive.entries import PadHead
from padfleet.shared.archive.frames import BadArchive
from padfleet.shared.archive.reading import check_archive, read_archive
from padfleet.shared.bounds import is_new_pad_id
from padfleet.shared.log.connect import open_redis
from padfleet.shared.log.document import CorruptPad
from padfleet.shared.log.inventory import NoFleet, stored_keyspace
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pads import settle_partitions
from padfleet.shared.log.staging import Installed, Moved, PadExists
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.tool import FAILED, NOT_DONE, ToolProgress, add_redis_options, run_tool, shown


def main(argv: Sequence[str]) -> int:
    """Restore the pads of a file. Returns 0 when all that were asked for are there, 1 when not, 2
    when nothing was begun."""
    parser = _parser()
    new_id = parser.parse_args(argv).new_id
    if new_id is not None and ("$" in new_id or not is_new_pad_id(new_id)):
        parser.error(
            f"--as {new_id!r}: nobody could open it. 1 to 50 characters without spaces, colons and "
            "dollar signs, and not r. at the beginning"
        )
    return run_tool(parser, argv, _restore)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet restore",
        description="Bring pads back from a file of padfleet backup, while the fleet runs. The "
        "file is read to its end before anything is done: what is damaged is not restored from.",
        epilog="Into a Redis that has held no fleet yet, PADFLEET_PARTITIONS says how many "
        "partitions it gets; it has to be what the fleet is then started with.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--pad", metavar="ID", help="only this pad of the file")
    parser.add_argument("--as", dest="new_id", metavar="NEWID", help="under another name")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="put it in the place of a pad that exists, whose own history is then gone; whoever is "
        "on it is told to reload",
    )
    add_redis_options(parser)
    return parser


async def _restore(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    path: Path = given.file
    progress = ToolProgress()
    try:
        pads = check_archive(path)
    except (BadArchive, OSError) as error:
        return _refuse(f"{path}: {error}")
    wanted = [pad for pad in pads if given.pad in (None, pad.pad)]
    if given.pad is not None and not wanted:
        return _refuse(f"{path} has no pad {given.pad!r}; it has {_listed([p.pad for p in pads])}")
    if given.new_id is not None and len(wanted) != 1:
        return _refuse(f"--as needs one pad; name it with --pad: {_listed([p.pad for p in pads])}")

    def restored(name: str, pad: PadHead, installed: Installed) -> None:
        how = "replaced" if installed.replaced else "restored"
        progress.say(f"{shown(name)}: {how}, at revision {pad.head}, epoch {installed.epoch}")

    redis = open_redis(settings.redis_url)
    try:
        await redis.start()
        try:
            keyspace = await stored_keyspace(redis)
        except NoFleet:
            await settle_partitions(redis, settings.partitions)
            keyspace = Keyspace(settings.partitions)
        restorer = Restorer(
            redis,
            keyspace,
            pad=given.pad,
            new_id=given.new_id,
            replace=given.replace,
            restored=restored,
            progress=progress.at,
        )
        if not given.replace and (names := await restorer.in_the_way(wanted)):
            return _refuse(
                f"there is already {_listed(names)}; --replace puts what is in {path} in its place"
            )
        with path.open("rb") as file:
            await restorer.take(read_archive(file))
    except PadExists as error:
        progress.say(f"padfleet restore: {error}: somebody has made it meanwhile")
        return FAILED
    except (Moved, CorruptPad, BadArchive) as error:
        progress.say(f"padfleet restore: {error}")
        return FAILED
    finally:
        await redis.close()
    return 0


def _listed(names: Sequence[str]) -> str:
    some = ", ".join(map(repr, names[:10])) or "none"
    return some + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _refuse(why: str) -> int:
    print(f"padfleet restore: {why}", file=sys.stderr)
    return NOT_DONE


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
