"""This module has what all processes of a fleet must agree on: the number of partitions, the format
of stored data, and the cold store. It is kept in `pf:config`.

That key may be lost while processes run, along with all of Redis or because somebody deleted it.
Running processes then put it back. A process that was started with another number of partitions at
that moment exits, since the older fleet wins.
"""

from typing import Final, NamedTuple, cast

from redis.exceptions import NoPermissionError, ResponseError

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import CANARY, CONFIG

FORMAT: Final = 1
"""The format of what this release writes: keys, inbox entries, records and messages. It grows when
an earlier release could not run together with this one; a process that meets a higher format exits.
"""

ELDERS_SPEAK: Final = 2.5
"""The seconds within which running processes put back what was lost: a little more than two of
their checks."""


class Disagreement(Exception):
    """Says that this process must not join the fleet. The text says why, and what to do."""


class PartitionMismatch(Disagreement):
    """The fleet was started with another number of partitions."""


class NewerFormat(Disagreement):
    """The fleet writes a format that this release does not know."""


class OtherColdStore(Disagreement):
    """The fleet keeps its cold pads where this process would not find them."""


class Agreed(NamedTuple):
    partitions: int
    format: int
    since: int  #: when the fleet was begun, in ms since 1970
    begun: bool  #: whether this process has just begun the fleet
    cold: str = ""  #: the fleet's cold store, without its password; empty if it has none

    def check(self, configured: int, cold: str | None = None) -> None:
        """Checks whether a process can take part in the fleet.

        Arguments:
            configured: the process's number of partitions.
            cold: the cold store that it uses, empty for none; None for whichever the fleet has.

        Raises `Disagreement` if it cannot.
        """
        _check_format(self.format)
        if self.partitions != configured:
            raise PartitionMismatch(
                f"this Redis holds a fleet of {self.partitions} partitions, but {configured} are "
                f"configured: set PADFLEET_PARTITIONS={self.partitions}, or use another Redis"
            )
        if cold is not None and self.cold != cold:
            raise OtherColdStore(
                f"pads of this fleet are kept in {self.cold}, and this process would look for them "
                f"{f'in {cold}' if cold else 'in Redis alone'}: set PADFLEET_COLD_URL as the other "
                "processes have it. If the store has moved as it is, HDEL pf:config cold first; "
                "PADFLEET_COLD_URL=none does without those pads"
            )


async def agree(
    redis: Redis, partitions: int, since: int | None = None, cold: str | None = None
) -> Agreed:
    """Stores what this process holds if nothing is stored, or only something younger than `since`.
    Returns what is stored afterwards. `cold` is as for `Agreed.check`. Raises what `UNREACHABLE`
    lists."""
    held, form, begun_at, begun, store = await scripts.AGREE(
        redis.hot, [CONFIG], [partitions, FORMAT, "" if since is None else since, cold or ""]
    )
    return Agreed(int(held), int(form), int(begun_at), bool(begun), store.decode())


async def agreed_cold(redis: Redis) -> str:
    """Returns the cold store of the fleet, without its password; empty if it has none. Raises what
    `UNREACHABLE` lists."""
    return await _agreed(redis, "cold")


async def agreed_since(redis: Redis) -> str:
    """Returns when the fleet was begun, which distinguishes it from others. Raises what
    `UNREACHABLE` lists."""
    return await _agreed(redis, "since")


async def _agreed(redis: Redis, name: str) -> str:
    stored = cast("bytes | None", await redis.client.hget(CONFIG, name))
    return stored.decode() if stored is not None else ""


async def require_known_format(redis: Redis) -> None:
    """Raises `NewerFormat` if the fleet's format is newer than this release, and what redis-py
    raises."""
    _check_format(int(await redis.client.hget(CONFIG, "format") or 0))


def _check_format(stored: int) -> None:
    if stored > FORMAT:
        raise NewerFormat(
            f"this Redis holds a fleet whose data have the format {stored}; this release knows "
            f"{FORMAT}: update padfleet on this machine, and do not go back on others"
        )


async def is_followed(redis: Redis) -> bool:
    """Returns whether a worker of some fleet follows its canaries here: it holds subscriptions,
    which survive any loss of data. Returns False if the server does not allow the question."""
    node = redis.node_for(CONFIG)
    connection = node.connection()
    try:
        await connection.connect()
        await connection.send_command("PUBSUB", "SHARDCHANNELS", f"pf:{{*}}:pad:{CANARY}*")
        return bool(await connection.read_response())
    except (NoPermissionError, ResponseError):
        return False
    finally:
        await connection.disconnect(nowait=True)
