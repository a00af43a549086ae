"""This module has the leases, which say which writer writes to which partition.

A lease makes take-overs orderly, and a growing term makes them safe: commit.lua checks the term, so
a writer that was paused and believes that it still owns a partition cannot commit (I2).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace


class Lease(NamedTuple):
    partition: int
    term: int
    position: str  #: the inbox ID up to which everything is settled
    reign: str  #: that of the server that gave the lease
    untold: tuple[str, ...] = ()
    """The channels of the last commit, if it was held back and its writer died before it could
    publish it."""


async def acquire(
    redis: Redis,
    keyspace: Keyspace,
    partition: int,
    owner: str,
    lease_ms: int,
    *,
    has_been: bool = False,
) -> Lease | None:
    """Takes the lease, or returns None while another writer holds it.

    Arguments:
        has_been: whether the partition is known to have been somebody's, even if this process has
            heard of none of its reigns. If nothing is stored of it, its server was emptied.
    """
    known = redis.known_reign(partition) or ("unknown" if has_been else "")
    reply = await scripts.LEASE(
        redis.client,
        [keyspace.state(partition), keyspace.witnesses(partition)],
        ["acquire", owner, "", lease_ms, known],
    )
    if not int(reply[0]):
        return None
    term, position, reign, untold = reply
    await redis.heard_under(partition, reign.decode())
    return Lease(
        partition,
        int(term),
        position.decode(),
        reign.decode(),
        tuple(channel.decode() for channel in untold),
    )


async def renew(
    redis: Redis, keyspace: Keyspace, held: Sequence[Lease], lease_ms: int
) -> dict[int, bool | str]:
    """Renews leases for another `lease_ms`. Returns for each partition whether the lease is still
    ours and of the server's reign; a text instead says what is wrong with its key.

    On a cluster, all leases must be of one partition. Raises what `UNREACHABLE` lists.
    """
    args: list[scripts.Argument] = [lease_ms]
    for lease in held:
        args += (lease.term, lease.reign)
    keys = [keyspace.state(lease.partition) for lease in held]
    replies: list[int | bytes] = await scripts.RENEW(redis.hot, keys, args)
    return {
        lease.partition: reply.decode() if isinstance(reply, bytes) else bool(reply)
        for lease, reply in zip(held, replies, strict=True)
    }


async def release(redis: Redis, keyspace: Keyspace, lease: Lease, owner: str) -> None:
    """Gives the lease back, so that the next writer need not wait for its end."""
    args: list[scripts.Argument] = ["release", owner, lease.term, 0, ""]
    keys = [keyspace.state(lease.partition), keyspace.witnesses(lease.partition)]
    await scripts.LEASE(redis.client, keys, args)


def share(partitions: int, writers: Iterable[str], me: str) -> frozenset[int]:
    """Returns the partitions that fall to `me` by rendezvous hashing: when a writer comes or goes,
    only its own share moves."""
    return _share(partitions, tuple(sorted({*writers, me})), me)


@lru_cache(8)  # asked twice a second, and seldom of other writers than before
def _share(partitions: int, rivals: tuple[str, ...], me: str) -> frozenset[int]:
    def favourite(partition: int) -> str:
        def weight(writer: str) -> bytes:
            return blake2b(f"{partition}:{writer}".encode(), digest_size=8).digest()

        return max(rivals, key=weight)

    return frozenset(p for p in range(partitions) if favourite(p) == me)
