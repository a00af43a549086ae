"""What all processes of a fleet have to agree on: into how many partitions the pads are divided,
the form of what they write, and in which cold store the pads lie that are not in Redis. `pf:config`
holds it.

It may be lost while processes run, with all of Redis or by somebody's hand. Then they put it back;
and a process that was started with another number of partitions in that moment ends, for the older
fleet stays.
"""

from typing import Final, NamedTuple, cast

from redis.exceptions import NoPermissionError, ResponseError

from padfleet.shared.log import scripts
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import CANARY, CONFIG

FORMAT: Final = 1
"""The form of what this release writes: keys, inbox entries, records and messages. It grows when an
earlier release could not go on beside this one; a process that meets a higher one ends."""

ELDERS_SPEAK: Final = 2.5
"""Seconds within which running processes put back what was lost: two of their looks, and more."""


class Disagreement(Exception):
    """This process must not be one of the fleet. The text says why and what to do."""


class PartitionMismatch(Disagreement):
    """This fleet was started with another number of partitions."""


class NewerFormat(Disagreement):
    """This fleet writes what this release does not know."""


class OtherColdStore(Disagreement):
    """Pads of this fleet lie where this process would not find them."""


class Agreed(NamedTuple):
    partitions: int
    format: int
    since: int  #: ms since 1970: when the fleet was begun
    begun: bool  #: just now, by this process
    cold: str = ""  #: the fleet's cold store, without its password; empty: it has none

    def check(self, configured: int, cold: str | None = None) -> None:
        """Raises `Disagreement` if a process with so many partitions cannot take part; `cold` is
        the store that it uses, empty for none. None: whatever the fleet has is right."""
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
    """Writes down what this process holds, where nothing is, or what is younger than `since`; and
    tells what is there. `cold` as for `Agreed.check`. Raises what `UNREACHABLE` lists."""
    held, form, begun_at, begun, store = await scripts.AGREE(
        redis.hot, [CONFIG], [partitions, FORMAT, "" if since is None else since, cold or ""]
    )
    return Agreed(int(held), int(form), int(begun_at), bool(begun), store.decode())


async def agreed_cold(redis: Redis) -> str:
    """The cold store of the fleet, without its password; empty: it has none. Raises what
    `UNREACHABLE` lists."""
    stored = cast("bytes | None", await redis.client.hget(CONFIG, "cold"))
    return stored.decode() if stored is not None else ""


async def agreed_since(redis: Redis) -> str:
    """By what the fleet is told from others: when it was begun. Raises what `UNREACHABLE` lists."""
    stored = cast("bytes | None", await redis.client.hget(CONFIG, "since"))
    return stored.decode() if stored is not None else ""


async def require_known_format(redis: Redis) -> None:
    """Raises `NewerFormat` if the fleet writes what this release does not know, and what redis-py
    raises."""
    _check_format(int(await redis.client.hget(CONFIG, "format") or 0))


def _check_format(stored: int) -> None:
    if stored > FORMAT:
        raise NewerFormat(
            f"this Redis holds a fleet whose data have the format {stored}; this release knows "
            f"{FORMAT}: update padfleet on this machine, and do not go back on others"
        )


async def is_followed(redis: Redis) -> bool:
    """Whether a worker of some fleet follows its canaries here: it holds subscriptions, which no
    loss of data takes away. False where asking is forbidden."""
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
