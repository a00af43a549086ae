"""Runs the command `padfleet top`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress

from padfleet.services.tools.top.screen import screen
from padfleet.services.tools.top.terminal import Terminal, borrowed
from padfleet.shared.fleet.collect import take_snapshot
from padfleet.shared.fleet.findings import Finding, findings
from padfleet.shared.fleet.serialize import as_json, sound
from padfleet.shared.fleet.view import FleetView
from padfleet.shared.fleet.viewing import view_of
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import RedisProcessSettings, mask
from padfleet.shared.tool import FAILED, add_redis_options, fleet_of, run_tool

INTERVAL = 2.0
"""The number of seconds between two looks, which is how often processes report."""

WIDEST = 160
"""Columns of what is printed: a ticket is not a screen."""

_EXIT_CODES = """exit codes:
  0  everybody is served (with --once and --json), or you have seen enough
  1  not everybody is served, or Redis does not answer
  2  wrong usage, or this Redis holds no fleet"""


def main(argv: Sequence[str]) -> int:
    """Shows the fleet. Returns what `_EXIT_CODES` says."""
    return run_tool(_parser(), argv, _top)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet top",
        description="Show a fleet live: whether people are served, what is stuck and where the "
        "load is, worst first. It only reads from Redis, and changes nothing. Press q to "
        "quit.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--once",
        action="store_true",
        help="print it once, as plain text; this is the default if there is no terminal",
    )
    how.add_argument("--json", action="store_true", help="print it once, as JSON")
    add_redis_options(parser)
    return parser


async def _top(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with fleet_of(settings, with_cold=False) as (redis, keyspace):
        if given.json or given.once or not (sys.stdin.isatty() and sys.stdout.isatty()):
            return await _once(redis, keyspace, as_text=not given.json)
        with borrowed() as terminal:
            await _live(redis, keyspace, terminal, mask(settings.redis_url))
        return 0


async def _once(redis: Redis, keyspace: Keyspace, *, as_text: bool) -> int:
    now = view_of(await take_snapshot(redis, keyspace))
    found = findings(now)
    if as_text:
        width = min(WIDEST, shutil.get_terminal_size((120, 0)).columns)
        text = "\n".join(screen(now, found, width=width))
    else:
        text = json.dumps(as_json(now, found), indent=2, ensure_ascii=False)
    # Whatever encoding the script that reads it has: a pad's name is no reason to fail.
    encoding = sys.stdout.encoding or "utf-8"
    print(sound(text).encode(encoding, "replace").decode(encoding))
    return FAILED if any(finding.level == "bad" for finding in found) else 0


async def _live(redis: Redis, keyspace: Keyspace, terminal: Terminal, where: str) -> None:
    colour = "NO_COLOR" not in os.environ
    now: FleetView | None = None
    found: list[Finding] = []
    trouble = ""
    while not terminal.quit.is_set():
        terminal.changed.clear()
        try:
            before, now = now, view_of(await take_snapshot(redis, keyspace))
            found, trouble = findings(now, before), ""
        except UNREACHABLE as error:
            # What was seen last stays on the screen, with a word that it is old.
            trouble = f"Redis does not answer: {str(error) or 'too late'}"
        _draw(terminal, now, found, trouble, where, colour=colour)
        waiting = [asyncio.ensure_future(e.wait()) for e in (terminal.quit, terminal.changed)]
        await asyncio.wait(waiting, timeout=INTERVAL, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _draw(
    terminal: Terminal,
    now: FleetView | None,
    found: Sequence[Finding],
    trouble: str,
    where: str,
    *,
    colour: bool,
) -> None:
    width = terminal.size.columns
    lines = [sound(line) for line in screen(now, found, width=width, colour=colour)] if now else []
    if trouble:
        lines.insert(0, sound(trouble)[:width])
    terminal.show(lines, f"q: end   {where}"[:width])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
