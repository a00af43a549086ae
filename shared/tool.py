"""This module runs a command that works on a fleet's Redis and then ends. It handles the settings
and the exit code."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

from redis.exceptions import ResponseError

from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.opening import attach
from padfleet.shared.cold.thawing import Thawing
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis, open_redis
from padfleet.shared.log.fleet.agreement import Disagreement, agreed_cold
from padfleet.shared.log.fleet.inventory import NoFleet, stored_keyspace
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.pads import settle_partitions
from padfleet.shared.logs import configure
from padfleet.shared.settings import RedisProcessSettings, load, mask
from padfleet.shared.settings.cold_url import agreed_name, url_for_tools

T = TypeVar("T")

FAILED = 1
NOT_DONE = 2
"""What was asked could not even be started. As for wrong usage, nothing has happened."""


_LONGEST_LINE = 4_000


class ColdStoreUnnamed(Disagreement):
    """The fleet has a cold store that the settings do not name. Without it, pads in it would be
    treated as not existing."""


def add_redis_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the fleet's Redis")
    group.add_argument(
        "--redis-url", metavar="URL", help="its address [PADFLEET_REDIS_URL, else REDIS_URL]"
    )


def option_of(read: Callable[[str], T]) -> Callable[[str], T]:
    """Makes `read` usable as the `type` of an option: its message about a text that it refuses is
    shown unchanged."""

    def option(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return option


def run_tool(
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    work: Callable[[RedisProcessSettings, argparse.Namespace], Coroutine[Any, Any, int]],
) -> int:
    """Runs `work` with the settings and what the parser found; returns the exit code."""
    given = parser.parse_args(argv)
    flags = [] if given.redis_url is None else ["--redis-url", given.redis_url]
    settings = load(RedisProcessSettings, parser.prog, flags, os.environ)
    configure("warning", settings.log_format, parser.prog.rpartition(" ")[2])
    where = mask(settings.redis_url)
    try:
        return asyncio.run(work(settings, given))
    except BrokenPipeError:
        raise  # of the output: the program deals with it
    except (NoFleet, Disagreement) as error:
        print(f"{parser.prog}: {where}: {error}", file=sys.stderr)
        return NOT_DONE
    except StoreAway as error:
        print(f"{parser.prog}: the cold store: {error}", file=sys.stderr)
        return FAILED
    except UNREACHABLE as error:
        if isinstance(error, OSError) and error.filename is not None:
            print(f"{parser.prog}: {error.filename}: {error.strerror}", file=sys.stderr)
            return FAILED  # of a file that was named, and not caused by Redis
        print(f"{parser.prog}: cannot use {where}: {error}", file=sys.stderr)
        return FAILED
    except ResponseError as error:
        print(f"{parser.prog}: {where} refuses: {error}", file=sys.stderr)
        return FAILED


@asynccontextmanager
async def fleet_of(
    settings: RedisProcessSettings, *, begin: bool = False, with_cold: bool = True
) -> AsyncIterator[tuple[Redis, Keyspace]]:
    """Yields the Redis that the settings name, and the keyspace of the fleet that it holds. Pads in
    the cold store are brought back when they are read in the usual way: the store is the one that
    the settings name, or else the one that the fleet says that it has. (`with_cold` is False for
    callers that need no pads, and work without the store.)

    With `begin`, a Redis that has held no fleet yet gets the partitions of the settings. Raises
    `NoFleet` otherwise, `StoreAway`, `ColdStoreUnnamed`, and what else `UNREACHABLE` lists.
    """
    redis = open_redis(settings.redis_url)
    cold = None
    try:
        await redis.start()
        try:
            keyspace = await stored_keyspace(redis)
        except NoFleet:
            if not begin:
                raise
            await settle_partitions(redis, settings.partitions)
            keyspace = Keyspace(settings.partitions)
        if with_cold:
            cold = await _attached(redis, keyspace, settings.cold_url)
        yield redis, keyspace
    finally:
        if cold is not None:
            await cold.cold.aclose()
        await redis.close()


async def _attached(redis: Redis, keyspace: Keyspace, url: str) -> Thawing | None:
    fleets = await agreed_cold(redis)
    try:
        url = url_for_tools(url, fleets)
    except ValueError as error:
        raise ColdStoreUnnamed(str(error)) from error
    try:
        return attach(redis, keyspace, url, known=agreed_name(url) == fleets)
    except ValueError as error:
        raise StoreAway(f"PADFLEET_COLD_URL: {error}") from error


class ToolProgress:
    """Shows one line on standard error that is overwritten, on a terminal; elsewhere it shows
    nothing, since each step is reported when it is done."""

    INTERVAL = 0.2

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._next = 0.0

    def at(self, pad: str, rev: int, head: int) -> None:
        now = asyncio.get_running_loop().time()
        if self._shown and now >= self._next:
            self._next = now + self.INTERVAL
            print(f"\r\x1b[K{shown(pad)}: {rev} of {head}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Prints a line, which may name what a file or a server says."""
        self.clear()
        line = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}…"
        print(shown(line), file=sys.stderr, flush=True)


def refuse_new_id(parser: argparse.ArgumentParser, new_id: str) -> NoReturn:
    """Ends the command, since nobody could open a pad that is brought `--as` this."""
    parser.error(
        f"--as {new_id!r}: nobody could open it. 1 to 50 characters without spaces, colons and "
        "dollar signs, and not r. at the beginning"
    )


def shown(name: str) -> str:
    """Returns a pad's name for a terminal, without anything that would control the terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in name)
