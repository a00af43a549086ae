"""Runs the command `padfleet audit`."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from fnmatch import fnmatchcase
from typing import NamedTuple

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.audit import KEPT, AuditEntry, newest, since
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.settings.ages import age_of
from padfleet.shared.tool import add_redis_options, fleet_of, option_of, run_tool, shown

LOOK = 1.0
"""The number of seconds between two looks for new entries, with --follow."""


class AuditFilter(NamedTuple):
    """Which entries are wanted. Pure."""

    subject: str = "*"  #: a pattern for pads, groups or authors, as in a shell
    deed: str = ""  #: empty: any
    since: float = 0.0  #: Unix seconds; earlier deeds are left out

    def takes(self, entry: AuditEntry) -> bool:
        subjects = (entry.subject, str(entry.details.get("to", entry.subject)))
        return (
            any(fnmatchcase(name, self.subject) for name in subjects)
            and self.deed in ("", entry.deed)
            and entry.at / 1000 >= self.since
        )


def main(argv: Sequence[str]) -> int:
    """Prints the deeds. Returns 0, even if there are none."""
    return run_tool(_parser(), argv, _audit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet audit",
        description="Print what has been done to pads on the page /fleet/pads, by commands, and "
        "by the HTTP API: when, what, with which result, by whom, and from where. The oldest "
        "comes first.",
        epilog=f"The fleet keeps the last {KEPT:,} entries or a few more. Workers write each into "
        "their own log as well, as 'done to pads'.",
    )
    parser.add_argument(
        "--match",
        default="*",
        metavar="PATTERN",
        help="only pads, groups or authors with such names, such as 'team-*'",
    )
    parser.add_argument("--deed", default="", metavar="DEED", help="only this kind, such as delete")
    parser.add_argument(
        "--since",
        type=option_of(age_of),
        metavar="AGE",
        help="only what was done in the last 7d, 12h",
    )
    parser.add_argument(
        "-n", "--last", type=_count, default=KEPT, metavar="N", help="only the last N of them"
    )
    parser.add_argument(
        "--follow",
        action="store_true",
        help="then go on and print what is being done, until Ctrl+C",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    add_redis_options(parser)
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of entries")
    return int(text)


async def _audit(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    begins = 0.0 if given.since is None else time.time() - given.since
    wanted = AuditFilter(given.match, given.deed, begins)
    async with fleet_of(settings, with_cold=False) as (redis, _):
        entries, place = await _past(redis, wanted, given.last)
        for entry in entries:
            _say(entry, as_json=given.json)
        if given.follow:
            async with aclosing(_coming(redis, wanted, place)) as coming:
                async for entry in coming:
                    _say(entry, as_json=given.json)
    return 0


async def _past(redis: Redis, wanted: AuditFilter, last: int) -> tuple[list[AuditEntry], str]:
    """Returns the existing entries, oldest first, and the place of the newest of all."""
    found: list[AuditEntry] = []
    newest_place = "0-0"
    async with aclosing(newest(redis)) as entries:
        async for place, entry in entries:
            newest_place = place if newest_place == "0-0" else newest_place
            if entry.at / 1000 < wanted.since or len(found) >= last:
                break
            if wanted.takes(entry):
                found.append(entry)
    return found[::-1], newest_place


async def _coming(
    redis: Redis, wanted: AuditFilter, place: str
) -> AsyncGenerator[AuditEntry, None]:
    while True:
        async with aclosing(since(redis, place)) as entries:
            async for at, entry in entries:
                place = at
                if wanted.takes(entry):
                    yield entry
        await asyncio.sleep(LOOK)


def _say(entry: AuditEntry, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(entry.as_json(), ensure_ascii=False), flush=True)
        return
    doer = entry.doer
    details = ", ".join(f"{name} {value}" for name, value in entry.details.items() if value)
    what = f"{entry.deed} {entry.subject}" + (f" ({details})" if details else "")
    outcome = entry.outcome if not entry.why else f"{entry.outcome}: {entry.why}"
    who = f"{doer.who or 'somebody'} by {doer.let_in_by}, {doer.where}"
    print(shown(f"{entry.time}  {what}  {outcome}  {who}"), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
