"""Runs the command `padfleet shout`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from padfleet.shared.batches import batches
from padfleet.shared.deeds.noting import noted, this_command
from padfleet.shared.easysync import to_units
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import pads_with_sessions
from padfleet.shared.log.fleet.inventory import pad_ids
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.announcements import relay
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.tool import add_redis_options, fleet_of, run_tool

PAGE = 500
"""How many pads are asked for in one round trip."""

MOST_TEXT = 2_000


def main(argv: Sequence[str]) -> int:
    """Shows people a notice. Returns 0, even if nobody was there."""
    parser = _parser()
    text = parser.parse_args(argv).text
    if not text.strip() or len(text) > MOST_TEXT:
        parser.error(f"TEXT: 1 to {MOST_TEXT} characters, not all of them spaces")
    return run_tool(parser, argv, _shout)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet shout",
        description="Show a notice to everybody who has a pad open, on all workers: Etherpad's "
        "page shows it across the screen. People who come later do not see it.",
    )
    parser.add_argument("text", metavar="TEXT")
    parser.add_argument("--pad", metavar="ID", help="only to people on this pad")
    parser.add_argument("--sticky", action="store_true", help="it stays until it is dismissed")
    add_redis_options(parser)
    return parser


async def _shout(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    message = {
        "type": "COLLABROOM",
        "data": {
            "type": "shoutMessage",
            "payload": {
                "message": {"message": to_units(given.text), "sticky": given.sticky},
                "timestamp": int(time.time() * 1000),
            },
        },
    }
    async with fleet_of(settings, with_cold=False) as (redis, keyspace):
        pads = users = 0
        doer, subject = this_command(), given.pad or "*"
        async with noted(redis, doer, "shout", subject, text=given.text) as details:
            async with aclosing(_open_pads(redis, keyspace, given.pad)) as found:
                async for pad_id, here in found:
                    await relay(redis, keyspace.pad(pad_id), message, event="shout")
                    pads, users = pads + 1, users + here
            details |= {"pads": pads, "sessions": users}
    print(f"told {users} sessions on {pads} pads")
    return 0


async def _open_pads(
    redis: Redis, keyspace: Keyspace, only: str | None
) -> AsyncGenerator[tuple[str, int], None]:
    """Yields the pads that somebody is on, and how many sessions each has."""
    if only is not None:
        for item in await pads_with_sessions(redis, keyspace, [only]):
            yield item
        return
    async with aclosing(pad_ids(redis, keyspace)) as found:
        async for page in batches(found, PAGE):
            for item in await pads_with_sessions(redis, keyspace, page):
                yield item


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
