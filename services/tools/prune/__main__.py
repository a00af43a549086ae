"""Runs the command `padfleet prune`."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.opening import cold_of
from padfleet.shared.cold.pruning import Pruned, Pruning
from padfleet.shared.deeds.noting import noted, this_command
from padfleet.shared.log.changes.edits import open_edits
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.settings.ages import prune_age_of
from padfleet.shared.tool import FAILED, add_redis_options, fleet_of, option_of, run_tool, shown

TIMEOUT = 10.0
"""How many seconds a writer may take to delete a pad."""


def main(argv: Sequence[str]) -> int:
    """Deletes the pads that nobody has used for long. Returns 0 when all of them are gone, 1 when
    some are not, and 2 when nothing was begun."""
    parser = _parser()
    given = parser.parse_args(argv)
    if given.export is not None and not given.dry_run:
        try:
            given.export.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            parser.error(f"--export {given.export}: it cannot be made: {error.strerror}")
    return run_tool(parser, argv, _prune)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet prune",
        description="Delete pads that nobody has used for long, from Redis and from the cold "
        "store, and print a line for each.",
        epilog="With a cold store, only pads in it are deleted, and a pad counts as used when it "
        "was opened or edited. Without one it is not known who has opened a pad, so only "
        "edits count. Deleted pads cannot be recovered without --export, whose files padfleet "
        "restore reads.",
    )
    parser.add_argument(
        "--unused",
        type=option_of(prune_age_of),
        required=True,
        metavar="AGE",
        help="how long they must have been unused: 365d, 12h",
    )
    parser.add_argument(
        "--match",
        default="*",
        metavar="PATTERN",
        help="only pads with such names, such as 'team-*'",
    )
    parser.add_argument(
        "--export",
        type=Path,
        metavar="DIR",
        help="back up each of them first, to a file of its own",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only say which pads would be deleted"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    add_redis_options(parser)
    return parser


async def _prune(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with (
        fleet_of(settings) as (redis, keyspace),
        open_edits(redis, keyspace, timeout=TIMEOUT) as edits,
    ):
        cold = cold_of(redis)
        pruning = Pruning(redis, keyspace, cold, edits, export=given.export, dry_run=given.dry_run)
        if given.dry_run:
            counts = await _run(pruning, given)
        else:
            doer, unused = this_command(), int(given.unused)
            async with noted(redis, doer, "prune", given.match, unused_s=unused) as details:
                counts = await _run(pruning, given)
                details |= counts
        if isinstance(cold, ObjectPads) and not given.dry_run:
            # What killed processes have left behind in the store belongs to nobody, and goes as
            # well.
            _ = await cold.sweep()
    said = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(counts.items()))
    print(f"padfleet prune: {said or 'nothing has been unused for so long'}", file=sys.stderr)
    return FAILED if counts.get("failed") else 0


async def _run(pruning: Pruning, given: argparse.Namespace) -> dict[str, int]:
    """Returns how many pads there were of each verdict."""
    counts: dict[str, int] = {}
    async with aclosing(pruning.run(given.unused, given.match)) as pads:
        async for one in pads:
            counts[one.verdict] = counts.get(one.verdict, 0) + 1
            _say(one, as_json=given.json)
    return counts


def _say(one: Pruned, *, as_json: bool) -> None:
    if one.verdict == "failed":
        print(f"padfleet prune: {shown(one.pad)}: {shown(one.why)}", file=sys.stderr)
    elif as_json:
        facts = one.facts._asdict() if one.facts is not None else {}
        print(json.dumps({"verdict": one.verdict, **facts}, ensure_ascii=False), flush=True)
    elif one.facts is not None:
        print(
            f"{one.verdict}  {one.facts.edited_at}  {one.facts.head:>8}  {one.facts.place}  "
            f"{shown(one.pad)}",
            flush=True,
        )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
