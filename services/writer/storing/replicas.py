"""Waits until replicas have a commit, if a fleet is configured to."""

import logging
from time import perf_counter

from padfleet.services.writer import metrics
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.confirming import ConfirmingConnection
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.supervision.progress import progress

log = logging.getLogger(__name__)


class Replicas:
    def __init__(self, redis: Redis, keyspace: Keyspace, wanted: int) -> None:
        self.wanted = wanted
        self._redis = redis
        self._keyspace = keyspace
        self._lines: dict[str, ConfirmingConnection] = {}

    async def have(self, lease: Lease, position: str) -> None:
        """Returns when the replicas have the commit that moved the partition to `position`.

        Raises `Unconfirmed`, or what `UNREACHABLE` lists.
        """
        began = perf_counter()
        state = self._keyspace.state(lease.partition)
        while True:
            node = self._redis.node_for(state)
            line = self._lines.get(node.name)
            if line is None:
                line = self._lines[node.name] = ConfirmingConnection(node, self.wanted)
            try:
                count = await line.ask(state, lease, position)
            except UNREACHABLE:
                await self._redis.refresh()
                raise
            if count >= self.wanted:
                metrics.REPLICAS_SECONDS.observe(perf_counter() - began)
                return
            metrics.REPLICAS_LATE.inc()
            progress()
            log.warning(
                "commit held back: too few replicas have it",
                extra={"partition": lease.partition, "have": count, "wanted": self.wanted},
            )

    async def close(self) -> None:
        for line in list(self._lines.values()):
            await line.close()
