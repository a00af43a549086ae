"""Sets up a fleet with people typing on it, for one fault to strike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from padfleet.shared.log.keys import Keyspace
from tests.chaos.bucket import Bucket
from tests.chaos.group import Group, Promotion
from tests.chaos.history import Rollback, Stay, Typists
from tests.chaos.namespaces import Host, Network
from tests.chaos.proxy import TcpProxy
from tests.chaos.skewed import WallClock
from tests.chaos.watchers import Watchers
from tests.eventually import eventually
from tests.fleet import Fleet, Member

P = ParamSpec("P")
T = TypeVar("T")

PARTITIONS: Final = 8

SETTINGS: Final = {
    "PADFLEET_PARTITIONS": str(PARTITIONS),
    # With these, an abandoned socket is noticed within the run.
    "PADFLEET_PING_INTERVAL_MS": "2000",
    "PADFLEET_PING_TIMEOUT_MS": "2000",
    "PADFLEET_DRAIN_MS": "2000",
}


@dataclass(frozen=True)
class Size:
    name: str
    clients: int
    pads: int
    rate: float  #: edits a second of each client
    revisions: int  #: by how many each pad has to get on before the fault, and after it
    watchers: int  #: in a crowd, for each client that types
    half_moved_s: float  #: how long a resharding of all slots stops half-way
    settings: Mapping[str, str] = field(default_factory=dict)


# These values give up sooner, which makes a run shorter; nothing is measured there.
SHORT: Final = Size(
    "short",
    clients=8,
    pads=2,
    rate=2.0,
    revisions=5,
    watchers=10,
    half_moved_s=4.0,
    settings={
        "PADFLEET_PING_INTERVAL_MS": "1000",
        "PADFLEET_PING_TIMEOUT_MS": "1000",
        "PADFLEET_LEASE_MS": "1000",
        "PADFLEET_DRAIN_MS": "500",
    },
)
FULL: Final = Size(
    "full", clients=100, pads=6, rate=0.5, revisions=20, watchers=50, half_moved_s=15.0
)


@dataclass
class Scene:
    """The scene of a fault. The fault says when it `breaks` things, and when they are `mended`."""

    group: Group
    fleet: Fleet
    folder: Path
    size: Size
    resources: ExitStack  #: closed when all is over, last in first out
    rollback: Rollback | None = None
    """Set by a fault that takes revisions back: clients that had seen them are told to reload."""
    checks: list[Callable[[], object]] = field(default_factory=list)
    """Called at the end, while all processes still run. They raise AssertionError if something is
    wrong."""
    promotion: Promotion | None = None
    broken_at: float = 0.0
    mended_at: float = 0.0
    notes: dict[str, float] = field(default_factory=dict)  #: figures for the result
    urls: list[str] = field(default_factory=list)  #: where clients connect, if not to the workers
    proxies: dict[str, TcpProxy] = field(default_factory=dict)  #: by what they are between
    network: tuple[Network, Host] | None = None  #: with the machine that can be cut off
    clocks: dict[str, WallClock] = field(default_factory=dict)  #: those that are not the machine's
    watchers: Watchers | None = None
    bucket: Bucket | None = None  #: where pads are that nobody is on
    _typists: Typists | None = None

    @property
    def pads(self) -> list[str]:
        return [f"chaos-{number}" for number in range(self.size.pads)]

    @property
    def typists(self) -> Typists:
        assert self._typists is not None, "nobody types yet"
        return self._typists

    @property
    def worker(self) -> Member:
        """Returns the worker that the fault strikes."""
        return self.fleet.workers[0]

    @property
    def writer(self) -> Member:
        """Returns the writer that the fault strikes."""
        return self.fleet.writers[0]

    def breaks(self) -> None:
        """Notes that people wait from now on."""
        self.broken_at = time.monotonic()

    def mended(self) -> None:
        """Notes that the broken part is there again, or another one has taken its place. The last
        call counts."""
        self.mended_at = time.monotonic()

    def key_of(self, pad: str) -> str:
        """Returns a key of the pad, which says where in a group of servers it lives."""
        return Keyspace(PARTITIONS).pad(pad).channel

    async def in_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that waits in a thread, so that the typists need not wait with it."""
        return await asyncio.to_thread(call, *args, **kwargs)

    async def typed(self, pads: Sequence[str] = (), *, timeout: float = 60.0) -> None:
        """Waits until every pad, or each of these, has got on."""
        furthest = self.typists.furthest
        goal = {pad: furthest(pad) + self.size.revisions for pad in pads or self.pads}
        await eventually(
            lambda: all(furthest(pad) >= rev for pad, rev in goal.items()),
            f"{self.size.revisions} more revisions on each pad",
            timeout=timeout,
        )

    @asynccontextmanager
    async def people(self, *, times: int = 1, stay: Stay | None = None) -> AsyncIterator[Typists]:
        """Runs `times` as many people as the size says, who each type so much less; `stay` connects
        them."""
        async with await Typists.start(
            self.urls or self.fleet.urls,
            self.pads,
            clients=self.size.clients * times,
            rate=self.size.rate / times,
            # This is shorter than a page's 1 to 5 s: it is to show how long the fleet takes, not
            # how patient a page is.
            pause=(0.2, 1.0),
            stay=stay,
        ) as self._typists:
            yield self._typists
