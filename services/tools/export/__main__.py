"""Runs the command `padfleet export`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from padfleet.services.tools.export.etherpad import (
    PadState,
    Standing,
    WebTarget,
    standing,
)
from padfleet.shared.cold.catalogue import wanted_pads
from padfleet.shared.easysync import to_units
from padfleet.shared.etherpad.credentials import add_api_options, credentials_of
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import SourceFailed
from padfleet.shared.etherpad.writing import etherpad_file
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.reader import PadReader, open_reader
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.tool import FAILED, ToolProgress, add_redis_options, fleet_of, run_tool, shown


def main(argv: Sequence[str]) -> int:
    """Exports pads. Returns 0 when all of them are in files, 1 when one is not, and 2 when nothing
    was begun."""
    parser = _parser()
    given = parser.parse_args(argv)
    if _is_url(given.to):
        return run_tool(parser, argv, _give_back)
    if not Path(given.to).is_dir():
        parser.error(f"--to {given.to}: there is no such directory")
    if given.replace:
        parser.error("--replace is for an Etherpad; files are always written anew")
    return run_tool(parser, argv, _export)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet export",
        description="Write pads as .etherpad files, which an Etherpad can import into new pads: "
        "with history, chat, authors and saved revisions. Or write them back to a running "
        "Etherpad: pads that it does not have, and those of which it has the beginning.",
    )
    parser.add_argument("--pad", action="append", metavar="ID", help="this pad; may be repeated")
    parser.add_argument(
        "--to",
        required=True,
        metavar="WHERE",
        help="an existing directory, or http(s)://… of an Etherpad",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="overwrite pads of the Etherpad that have been changed there; those changes are lost",
    )
    add_api_options(parser)
    add_redis_options(parser)
    return parser


def _is_url(where: str) -> bool:
    return where.startswith(("http://", "https://"))


async def _give_back(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    progress = ToolProgress()
    done = same = failed = 0
    try:
        async with (
            WebTarget.open(given.to, credentials_of(given)) as target,
            fleet_of(settings) as (redis, keyspace),
        ):
            await target.pads()  # checks that it is there, and accepts the key
            async for pad in wanted_pads(redis, keyspace, given.pad):
                try:
                    reader = await open_reader(redis, keyspace, pad)
                    if reader is None:
                        raise BadRecord("there is no such pad")
                    what = await _give_one(reader, pad, target, replace=given.replace)
                except (CorruptPad, BadRecord) as error:
                    failed += 1
                    progress.say(f"{shown(pad)}: {error}")
                else:
                    done += what != "same"
                    same += what == "same"
                    if what != "same":
                        progress.say(f"{shown(pad)}: up to revision {reader.meta.head}")
    except (BadRecord, SourceFailed) as error:
        progress.say(f"padfleet export: {error}")
        return FAILED
    progress.say(f"{done} pads given back, {same} were there already, {failed} failed")
    return FAILED if failed else 0


async def _give_one(reader: PadReader, pad: str, target: WebTarget, *, replace: bool) -> Standing:
    """Gives a pad to the Etherpad, and returns how it stood there. Raises `BadRecord` with the
    reason why it was not given."""
    there = await target.all_of(pad)
    time_of_theirs = None
    if there is not None and there.head <= reader.meta.head:
        async for page in reader.pages(there.head, there.head):
            time_of_theirs = page[-1].time
    chats = (await reader.facts()).chat_head + 1
    here = PadState(reader.meta.head, reader.meta.time, chats, len(await reader.saved()))
    found = standing(there, here, time_of_theirs)
    if found == "same":
        return found
    if found == "gone on" and not replace:
        raise BadRecord(
            "the Etherpad's pad has changes that this one lacks; --replace overwrites it"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pad.etherpad"
        await _write(file, etherpad_file(reader, to_units(pad)))
        await (target.put_new if found == "missing" else target.put_over)(pad, file)
    return found


async def _export(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    progress = ToolProgress()
    done = failed = 0
    async with fleet_of(settings) as (redis, keyspace):
        async for pad in wanted_pads(redis, keyspace, given.pad):
            path = file_of(Path(given.to), pad)
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
    """Returns the path of a pad's file, which has its name; if a file system would treat two names
    as the same, or one is too long for it, the name includes a hash."""
    name = quote(pad_id, safe="")
    if name != name.lower() or len(name) > 100:
        name = f"{name[:100]}~{blake2b(pad_id.encode(), digest_size=6).hexdigest()}"
    return folder / f"{name}.etherpad"


async def _write(path: Path, pieces: AsyncIterator[str]) -> None:
    """Writes the file, which gets its name only when it is complete."""
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
