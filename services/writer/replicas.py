"""Waits until replicas have a commit, where a fleet is set up so."""

import asyncio
import logging
from time import perf_counter

from redis.asyncio.connection import AbstractConnection

from services.writer import metrics
from shared.log import scripts
from shared.log.connect import UNREACHABLE, Redis
from shared.log.keys import Keyspace
from shared.log.leases import Lease

log = logging.getLogger(__name__)

WAIT_MS = 500
"""One wait. There is no limit to their number: a commit that the replicas do not have is told to
nobody, however long that takes."""


class Unconfirmed(Exception):
    """The commit is not on this server (any more): nobody has been told of it. Holds the verdict
    of confirm.lua."""


class Replicas:
    """WAIT concerns the connection it is sent on, which redis-py's pools and cluster client do not
    let one choose; so there is one here for each node."""

    def __init__(self, redis: Redis, keyspace: Keyspace, wanted: int) -> None:
        self.wanted = wanted
        self._redis = redis
        self._keyspace = keyspace
        self._connections: dict[str, AbstractConnection] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def have(self, lease: Lease, position: str) -> None:
        """Returns when they have the commit that moved the partition to `position`.

        Raises `Unconfirmed`, or what `UNREACHABLE` lists.
        """
        began = perf_counter()
        state = self._keyspace.state(lease.partition)
        while True:
            node = self._redis.node_for(state)
            async with self._locks.setdefault(node.name, asyncio.Lock()):
                connection = self._connections.get(node.name)
                try:
                    if connection is None:
                        connection = self._connections[node.name] = node.connection()
                        await connection.connect()
                    count = await self._ask(connection, state, lease, position)
                except BaseException:
                    # Half-read replies would be taken for those of the next question.
                    self._connections.pop(node.name, None)
                    if connection is not None:
                        await connection.disconnect(nowait=True)
                    await self._redis.refresh()
                    raise
            if count >= self.wanted:
                metrics.REPLICAS_SECONDS.observe(perf_counter() - began)
                return
            metrics.REPLICAS_LATE.inc()
            log.warning(
                "commit held back: too few replicas have it",
                extra={"partition": lease.partition, "have": count, "wanted": self.wanted},
            )

    async def _ask(
        self, connection: AbstractConnection, state: str, lease: Lease, position: str
    ) -> int:
        confirm = ("EVAL", scripts.CONFIRM.text, 1, state, lease.term, position, lease.reign)
        packed = connection.pack_commands([confirm, ("WAIT", self.wanted, WAIT_MS)])
        await connection.send_packed_command(packed, check_health=False)
        async with asyncio.timeout(2 * WAIT_MS / 1000 + 1):
            verdict, *details = await connection.read_response()
            count = await connection.read_response()
        if verdict != b"ok":
            raise Unconfirmed(f"{verdict.decode()} is now {b' '.join(details).decode()}")
        return int(count)

    async def close(self) -> None:
        for connection in list(self._connections.values()):
            try:
                await connection.disconnect()
            except UNREACHABLE:
                continue
