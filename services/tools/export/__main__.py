"""The command `padfleet export`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from padfleet.shared.cold.catalogue import wanted_pads
from padfleet.shared.easysync import to_units
from padfleet.shared.etherpad.writing import etherpad_file
from padfleet.shared.log.document import CorruptPad
from padfleet.shared.log.reader import open_reader
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.tool import FAILED, ToolProgress, add_redis_options, fleet_of, run_tool, shown


def main(argv: Sequence[str]) -> int:
    """Export pads. Returns 0 when all of them are in files, 1 when one is not, 2 when nothing was
    begun."""
    parser = _parser()
    given = parser.parse_args(argv)
    if not given.to.is_dir():
        parser.error(f"--to {given.to}: there is no such directory")
    return run_tool(parser, argv, _export)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet export",
        description="Write pads as .etherpad files, which an Etherpad can import into new pads: "
        "with history, chat, authors and saved revisions.",
    )
    parser.add_argument("--pad", action="append", metavar="ID", help="this pad; may be repeated")
    parser.add_argument("--to", required=True, type=Path, metavar="DIR", help="one that is there")
    add_redis_options(parser)
    return parser


async def _export(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    progress = ToolProgress()
    done = failed = 0
    async with fleet_of(settings) as (redis, keyspace):
        async for pad in wanted_pads(redis, keyspace, given.pad):
            path = file_of(given.to, pad)
            try:
                reader = await open_reader(redis, keyspace, pad)
                if reader is None:
                    if given.pad:
                        failed += 1
                        progress.say(f"{shown(pad)}: there is no such pad")
                    continue
                await _write(path, etherpad_file(reader, to_units(pad)))
            except CorruptPad as error:
                failed += 1
                progress.say(f"{shown(pad)}: {error}; padfleet verify --pad says more")
            else:
                done += 1
                progress.say(f"{shown(pad)}: {path.name}, up to revision {reader.meta.head}")
    progress.say(f"{done} pads exported, {failed} failed")
    return FAILED if failed else 0


def file_of(folder: Path, pad_id: str) -> Path:
    """By the pad's name; where a file system would take two names for the same, or one is too
    long for it, with a hash."""
    name = quote(pad_id, safe="")
    if name != name.lower() or len(name) > 100:
        name = f"{name[:100]}~{blake2b(pad_id.encode(), digest_size=6).hexdigest()}"
    return folder / f"{name}.etherpad"


async def _write(path: Path, pieces: AsyncIterator[str]) -> None:
    """The file gets its name when it is whole."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            async for piece in pieces:
                file.write(piece.encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
