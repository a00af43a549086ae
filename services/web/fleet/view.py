"""Takes the looks at the fleet that viewers share."""

import asyncio
import time
from typing import Any

from padfleet.shared.fleet.collect import take_snapshot
from padfleet.shared.fleet.findings import findings
from padfleet.shared.fleet.serialize import as_json
from padfleet.shared.fleet.view import FleetView
from padfleet.shared.fleet.viewing import view_of
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace

FRESH = 1.0
"""How many seconds all viewers share one look, so that ten operators cost no more than one."""


class FleetWatch:
    """Looks at the fleet only while somebody asks. Nothing has to be kept for the charts, since the
    processes report their last minutes themselves."""

    def __init__(self, redis: Redis, keyspace: Keyspace) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._turn = asyncio.Lock()
        self._taken = float("-inf")
        self._last: FleetView | None = None
        self._json: dict[str, Any] = {}

    async def as_json(self) -> dict[str, Any]:
        """Returns the fleet in the form of which JSON is made. Raises what `UNREACHABLE` lists."""
        async with self._turn:
            if time.monotonic() - self._taken >= FRESH:
                now = view_of(await take_snapshot(self._redis, self._keyspace))
                self._json = as_json(now, findings(now, self._last))
                self._last, self._taken = now, time.monotonic()
            return self._json
