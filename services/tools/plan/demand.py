"""Describes who is to be served, and with what, and checks it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

GIB = 1 << 30

LINGERING = 2.0
"""How many pads are in Redis for each one that is open, if there is a cold store: a pad that nobody
is on stays for another PADFLEET_COLD_AFTER (10 min). Where people stay that long, this doubles the
number."""


class BadDemand(ValueError):
    """The demand is invalid; the text says what is wrong and how it should be."""


@dataclass(frozen=True, slots=True)
class HotPad:
    """One pad that is much larger than the others; its people are among those of the demand."""

    sockets: int
    editors: int


@dataclass(frozen=True)  # its defaults are read from the class
class Demand:
    """The people to serve. `editors` are those who type at the same time, on all pads."""

    sockets: int
    pads: int  #: open at the same time
    editors: int
    rate: float  #: edits per second of each editor
    hot: HotPad | None = None
    skew: float = 0.5
    """How uneven the other pads are: the n-th largest has n to the power of minus this as many
    people as the largest. With 0, all have the same."""
    polling: float = 0.0  #: share of the sockets that poll
    revision_bytes: float = 0.0  #: size of a revision in a message; 0: as measured
    stored_pads: int = 0  #: that Redis holds; 0: as many as are open
    history: int = 2000  #: revisions of each of these
    all_pads: int = 0  #: pads, with those in a cold store; 0: there is no cold store
    compression: bool = True
    """Whether clients offer compression, as browsers do, and PADFLEET_COMPRESSION is on."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and not math.isfinite(value):
                raise BadDemand(f"--{field.name.replace('_', '-')} {value} is not a number")
        _at_least("sockets", self.sockets, 1)
        _at_least("pads", self.pads, 1)
        _at_least("editors", self.editors, 0)
        _at_least("rate", self.rate, 0)
        _at_least("skew", self.skew, 0)
        _at_least("revision-bytes", self.revision_bytes, 0)
        _at_least("stored-pads", self.stored_pads, 0)
        _at_least("history", self.history, 0)
        self._check_cold()
        if not 0 <= self.polling <= 1:
            raise BadDemand(f"--polling {self.polling:g} is a share of the sockets: 0 to 1")
        if self.skew > 3:
            raise BadDemand(f"--skew {self.skew:g}: more than 3 leaves all on one pad; use --hot-*")
        if self.editors > self.sockets:
            raise BadDemand(
                f"--editors {self.editors:,} are more than --sockets {self.sockets:,}: everybody "
                "who types has a socket"
            )
        if self.pads > self.sockets:
            raise BadDemand(
                f"{'--open' if self.all_pads else '--pads'} {self.pads:,} are more than --sockets "
                f"{self.sockets:,}: a pad that is open has somebody on it (of --pads, --open are "
                "those that are open)"
            )
        if self.hot is not None:
            self._check_hot(self.hot)

    def _check_cold(self) -> None:
        if not self.all_pads:
            return
        if self.all_pads < self.pads:
            raise BadDemand(f"--open {self.pads:,} are more than --pads {self.all_pads:,}")
        if self.stored_pads:
            raise BadDemand(
                "--stored-pads is for a Redis that holds all pads; with --open, those that are not "
                "open lie in a cold store"
            )

    def _check_hot(self, hot: HotPad) -> None:
        _at_least("hot-sockets", hot.sockets, 1)
        _at_least("hot-editors", hot.editors, 0)
        if hot.editors > hot.sockets:
            raise BadDemand("--hot-editors are more than --hot-sockets")
        if hot.sockets > self.sockets or hot.editors > self.editors:
            raise BadDemand(
                "the hot pad has more people than there are: --hot-sockets and --hot-editors are "
                "among --sockets and --editors"
            )
        if self.sockets - hot.sockets < self.pads - 1:
            raise BadDemand(f"--hot-sockets leaves too few for the other {self.pads - 1:,} pads")
        if self.editors - hot.editors > self.sockets - hot.sockets:
            raise BadDemand("--hot-sockets leaves fewer sockets than editors for the other pads")
        if self.pads == 1 and hot.sockets != self.sockets:
            raise BadDemand("with --pads 1 the one pad is the hot one: it has all --sockets")

    @property
    def pads_in_redis(self) -> int:
        """Returns the number of open pads; with a cold store, pads that were open a moment ago are
        included."""
        if not self.all_pads:
            return self.stored_pads or self.pads
        return min(self.all_pads, math.ceil(self.pads * LINGERING))

    @property
    def revisions_per_second(self) -> float:
        return self.editors * self.rate


@dataclass(frozen=True)  # its defaults are read from the class too
class Goal:
    """The requirements on the fleet, and the hardware that it is built of."""

    latency_s: float = 0.25  #: from commit to socket, 95th percentile, on the busiest pad
    headroom: float = 0.5  #: share of each resource that stays free, so that a part may fail
    rejoin_s: float = 60.0  #: for the sockets of a zone to be on the others
    zones: int = 3
    node_cores: int = 16
    node_memory: float = 32 * GIB
    node_network: float = 10e9 / 8  #: bytes a second, each way
    worker_memory: float = 1 * GIB
    redis_memory: float = 16 * GIB  #: of one Redis process
    replicas: int = 1  #: of each Redis shard
    gathered: bool = True  #: the balancer keeps a pad's people on few workers

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value):
                raise BadDemand(f"--{field.name.replace('_', '-')} {value} is not a number")
        if not 0 <= self.headroom < 1:
            raise BadDemand(f"--headroom {self.headroom:g} is a share: from 0 to below 1")
        for name in ("latency_s", "rejoin_s", "node_memory", "node_network", "worker_memory"):
            if getattr(self, name) <= 0:
                raise BadDemand(f"--{_flag(name)} has to be more than 0")
        if self.redis_memory <= 0:
            raise BadDemand("--redis-memory has to be more than 0")
        _at_least("zones", self.zones, 1)
        _at_least("node-cores", self.node_cores, 1)
        _at_least("replicas", self.replicas, 0)

    @property
    def usable(self) -> float:
        """Returns the share of each resource that the plan uses."""
        return 1 - self.headroom


def _flag(name: str) -> str:
    return name.removesuffix("_s").replace("_", "-")


def _at_least(flag: str, value: float, least: float) -> None:
    if value < least:
        raise BadDemand(f"--{flag} {value:g} has to be at least {least:g}")
