"""Sets up the servers of a fleet: one alone, one that Sentinel names, or a cluster.

Faults find a server here by its `Place`, whatever the topology; programs find it by the URL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from tests.world.host import Host
from tests.world.redis.cluster import PORT as REDIS_PORT
from tests.world.redis.cluster import Cluster, slot_of
from tests.world.redis.sentinel import PORT as SENTINEL_PORT
from tests.world.redis.sentinel import SERVICE, Sentinel
from tests.world.redis.server import Server
from tests.world.redis.store import Value
from tests.world.world import World

Kind = Literal["single", "sentinel", "cluster"]
KINDS: Final[tuple[Kind, ...]] = ("single", "sentinel", "cluster")

NODES: Final = 3
"""The number of primaries of a cluster."""


@dataclass
class Place:
    """A server, and the host that it runs on at the moment."""

    host: Host
    server: Server


class Servers:
    """All servers of one fleet."""

    def __init__(self, world: World, kind: Kind, serves: Callable[[list[Server]], None]) -> None:
        """Sets up the servers; `serves` is called with those that count, whenever they change, or
        their content is replaced."""
        self.kind = kind
        self.standby: Place | None = None  #: the replica of a primary that Sentinel names
        self.cluster: Cluster | None = None
        self.sentinel = Sentinel("redis", REDIS_PORT)
        self._world = world
        self._serves = serves
        names = (
            [f"redis-{number + 1}" for number in range(NODES)] if kind == "cluster" else ["redis"]
        )
        self.places = [self._make(name) for name in names]  #: the servers that count
        match kind:
            case "cluster":
                self.cluster = Cluster([place.server for place in self.places])
                self.url = f"redis+cluster://{','.join(names)}"
            case "sentinel":
                self.standby = self._make("redis-b")
                self.standby.server.demote(self.places[0].server)
                self._listen(world.network.add("sentinel"), SENTINEL_PORT, self.sentinel.connection)
                self.url = f"redis+sentinel://sentinel/{SERVICE}"
            case "single":
                self.url = "redis://redis:6379"
        self._tell()

    # --- What is there ---------------------------------------------------------------------------

    @property
    def servers(self) -> list[Server]:
        return [place.server for place in self.places]

    @property
    def names(self) -> list[str]:
        """Returns the names of the hosts with data."""
        names = [place.server.name for place in self.places]
        return names + ([self.standby.server.name] if self.standby is not None else [])

    @property
    def commands(self) -> int:
        return sum(server.commands for server in self.servers)

    def place(self, chance: float) -> Place:
        """Returns one of the places that count, by a number from 0 to 1."""
        return self.places[min(int(chance * len(self.places)), len(self.places) - 1)]

    def holder(self, key: bytes) -> Server:
        """Returns the server that has this key, or would have it."""
        if self.cluster is None:
            return self.places[0].server
        slot = slot_of(key)
        return next(
            (server for server in self.servers if key in server.store.values),
            self.cluster.owner(slot),
        )

    def value(self, key: bytes) -> Value | None:
        return self.holder(key).store.values.get(key)

    # --- Their lives -----------------------------------------------------------------------------

    def _make(self, name: str) -> Place:
        server = Server(self._world.loop, self._world.dice(name), name)
        place = Place(self._world.network.add(name), server)
        self._serve(place)
        return place

    def _serve(self, place: Place) -> None:
        self._listen(place.host, REDIS_PORT, place.server.connection)

    def _listen(self, host: Host, port: int, make: Callable[[], asyncio.Protocol]) -> None:
        opening = self._world.loop.create_server(make, "0.0.0.0", port)
        self._opening = self._world.loop.create_task(opening, context=host.context.copy())

    def _tell(self) -> None:
        self._serves(self.servers)

    def kill(self, place: Place) -> None:
        self._world.network.kill(place.host)

    def start(self, place: Place, lost: float) -> int:
        """Starts a server that lost the share `lost` of the last second's transactions, and returns
        how many those are."""
        gone = place.server.restart(lost)
        place.host = self._world.network.add(place.server.name)
        self._serve(place)
        self._tell()
        return gone

    def wipe(self, place: Place) -> None:
        """Empties a server, as FLUSHALL does."""
        place.server.wipe()
        self._tell()

    def replica(self, place: Place, number: int) -> Server:
        """Returns the server that may take the place of this one; it has its primary's present
        content."""
        if self.standby is not None:
            return self.standby.server
        name = place.server.name
        replica = Server(self._world.loop, self._world.dice(f"{name} replica {number}"), name)
        replica.demote(place.server)
        return replica

    def fail_over(self, place: Place, replica: Server) -> int:
        """Makes the replica primary, and returns how many transactions it lacks. For a single
        server and for one of a cluster, it has the name of the old one, which is dead; the primary
        that Sentinel names is another host, and the old one may believe that it is primary until it
        is told otherwise (`demote`)."""
        lacks = replica.promote()
        if self.standby is not None:
            old, self.standby = Place(place.host, place.server), None
            place.host, place.server = self._world.network.find(replica.name), replica
            self.sentinel.primary = replica.name
            self._former = old
        else:
            self.kill(place)
            if self.cluster is not None:
                self.cluster.replace(place.server, replica)
            place.server = replica
            place.host = self._world.network.add(replica.name)
            self._serve(place)
        self._tell()
        return lacks

    @property
    def former(self) -> Place:
        """Returns the primary that has just been replaced, and has not been told."""
        return self._former

    def demote_former(self) -> None:
        """Makes the former primary follow the new one."""
        old = self._former
        if not old.host.alive:
            old.host = self._world.network.add(old.server.name)
            old.server.restart(0.0)
            self._serve(old)
        old.server.replication_cut = False
        old.server.demote(self.places[0].server)
        self.standby = old
