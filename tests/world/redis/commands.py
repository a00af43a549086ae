"""Lists the commands and options that the fleet uses, and no others, and runs one of them."""

from __future__ import annotations

from typing import Final

from tests.world.redis import keys, sorted_sets, streams, values
from tests.world.redis.call import DEFINED, Call, Reply, command
from tests.world.redis.store import CommandError

IMPLEMENTED_BY: Final = (keys, values, sorted_sets, streams)
COMMANDS: Final = DEFINED
"""The commands by name, with those of the modules above."""

DENY_OOM: Final = frozenset(["SET", "HSET", "HSETNX", "HINCRBY", "RPUSH", "XADD", "ZADD", "XSETID"])
"""The commands that are refused when memory is short."""


@command("TIME", 0)
def time(call: Call, _args: list[bytes]) -> list[bytes]:
    return [b"%d" % (call.now_ms // 1000), b"%d" % (call.now_ms % 1000 * 1000)]


@command("INFO", 0)
def info(call: Call, args: list[bytes]) -> bytes:
    return call.info(args)


@command("SPUBLISH", 2)
def spublish(call: Call, args: list[bytes]) -> int:
    call.published.append((args[0], args[1]))
    return call.listeners(args[0])


def run(call: Call, args: list[bytes]) -> Reply:
    """Runs one command, wherever it comes from. Raises CommandError."""
    name = args[0].decode("latin-1").upper()
    known = COMMANDS.get(name)
    if known is None:
        raise CommandError(f"ERR unknown command '{name}', with args beginning with: ")
    work, least, _ = known
    if len(args) - 1 < least:
        raise CommandError(f"ERR wrong number of arguments for '{name.lower()}' command")
    return work(call, args[1:])
