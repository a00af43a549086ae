"""Defines what the checks judge, as plain values that are read from Redis elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from padfleet.shared.fleet.view import FleetView
from padfleet.shared.log.connection.inspection import HalfMoved as HalfMoved
from padfleet.shared.log.connection.keeping import ServerReport
from padfleet.shared.settings.redis_url import Kind


@dataclass(frozen=True)
class ServerFacts(ServerReport):
    """A server that accepts writes."""

    scripting_error: str | None
    """Why a script did not run, or None."""
    sharded_pubsub_error: str | None
    """Why a message did not come back through a sharded channel, or None."""
    ping_ms: float
    """The median of a number of PINGs."""
    write_error: str | None = None
    """Why it refuses all writes, or None."""


@dataclass(frozen=True)
class ClusterFacts:
    """What the nodes of a cluster agree on."""

    state: str
    """The `cluster_state` in the answer to CLUSTER INFO."""
    slots_assigned: int
    slots_ok: int
    primaries: int
    half_moved: tuple[HalfMoved, ...] = ()
    padfleets: frozenset[int] = frozenset()
    """The slots that the fleet's partitions are in, if it is known into how many it is divided."""


@dataclass(frozen=True)
class Facts:
    """All the facts that were found."""

    kind: Kind
    """The kind of deployment that the URL names."""
    servers: tuple[ServerFacts, ...]
    cluster: ClusterFacts | None
    replicas: tuple[ServerReport, ...] = ()
    """The servers that may take over from the others."""
    fleet: FleetView | None = None
    """The fleet on this Redis, or None if there is no fleet yet or it cannot be looked at."""
    cold: str = ""
    """The fleet's cold store, without its password; empty if it has none, or this is unknown."""
