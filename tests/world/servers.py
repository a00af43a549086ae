"""How the servers of a fleet stand together: one alone, one that Sentinel names, or a cluster.

What breaks a server finds it here by a `Place`, whichever it is; programs find it by the URL.
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
"""Primaries of a cluster."""


@dataclass
class Place:
    """A server, and the host that it runs on just now."""

    host: Host
    server: Server


class Servers:
    """All of one fleet."""

    def __init__(self, world: World, kind: Kind, serves: Callable[[list[Server]], None]) -> None:
        """`serves` is told of those that count, whenever these are others or have other things in
        them."""
        self.kind = kind
        self.standby: Place | None = None  #: of a primary that Sentinel names
        self.cluster: Cluster | None = None
        self.sentinel = Sentinel("redis", REDIS_PORT)
        self._world = world
        self._serves = serves
        names = (
            [f"redis-{number + 1}" for number in range(NODES)] if kind == "cluster" else ["redis"]
        )
        self.places = [self._make(name) for name in names]  #: those that count
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
        """The names of the hosts that data is on."""
        names = [place.server.name for place in self.places]
        return names + ([self.standby.server.name] if self.standby is not None else [])

    @property
    def commands(self) -> int:
        return sum(server.commands for server in self.servers)

    def place(self, chance: float) -> Place:
        """One that counts, by a number from 0 to 1."""
        return self.places[min(int(chance * len(self.places)), len(self.places) - 1)]

    def holder(self, key: bytes) -> Server:
        """Who has this key, or would have it."""
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
        """Returns how many transactions it has lost, of a second's: a share of `lost`."""
        gone = place.server.restart(lost)
        place.host = self._world.network.add(place.server.name)
        self._serve(place)
        self._tell()
        return gone

    def wipe(self, place: Place) -> None:
        """As FLUSHALL."""
        place.server.wipe()
        self._tell()

    def replica(self, place: Place, number: int) -> Server:
        """Who may take the place of this one; it is as its primary is just now."""
        if self.standby is not None:
            return self.standby.server
        name = place.server.name
        replica = Server(self._world.loop, self._world.dice(f"{name} replica {number}"), name)
        replica.demote(place.server)
        return replica

    def fail_over(self, place: Place, replica: Server) -> int:
        """The replica is primary from now on. Returns how much it lacks. Of one alone and of one of
        a cluster, it has the name of the old one, which is dead; the primary that Sentinel names is
        another, and the old one may think what it likes until it is told (`demote`)."""
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
        """The primary that has just been replaced, and has not been told."""
        return self._former

    def demote_former(self) -> None:
        """It follows the new one."""
        old = self._former
        if not old.host.alive:
            old.host = self._world.network.add(old.server.name)
            old.server.restart(0.0)
            self._serve(old)
        old.server.replication_cut = False
        old.server.demote(self.places[0].server)
        self.standby = old
