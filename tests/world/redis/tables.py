"""Says which commands are about data alone, and which are about more."""

from __future__ import annotations

from typing import Final

from tests.world.redis.commands import COMMANDS, DENY_OOM

CONNECTION: Final = frozenset(
    (
        *("PING", "SELECT", "CLIENT", "CONFIG", "SCRIPT", "FLUSHALL", "PUBSUB", "WAIT", "XREAD"),
        *("CLUSTER", "COMMAND", "ASKING", "READONLY", "EVAL", "EVALSHA"),
        *("MULTI", "EXEC", "DISCARD", "SSUBSCRIBE", "SUNSUBSCRIBE"),
    )
)
"""The commands that are not about data alone."""

PLAIN: Final = {
    spelt.encode(): (work, least, writes, name in DENY_OOM)
    for name, (work, least, writes) in COMMANDS.items()
    if name not in CONNECTION
    for spelt in (name, name.lower())
}
"""The commands about data alone, in their usual spellings: the function, the least number of
arguments, whether it writes, and whether it is refused when memory is short."""

PLAIN_OR_SCRIPT: Final = frozenset(PLAIN) | {b"EVALSHA"}
