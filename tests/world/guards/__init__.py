"""Checks what must be true at every moment, while a run goes on.

`ledger` checks each commit and each lease against I1 and I2, on the side of the server; `touched`,
`histories`, `partitions`, `people`, `stored` and `announcements` are its parts. `direct` checks
what nodes commit without an inbox; `rooms` what workers hold and send, against I3 to I6 and I8;
`subscriptions` that they read what they may have missed, and `frames` that people can read it;
`readiness` compares what programs report about themselves with who is served (I10); `growth` checks
that nothing grows without bound, and that no task dies unseen. At the end, `tests.chaos.history`
judges.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tests.world.guards.direct import DirectGuard
from tests.world.guards.frames import FramesGuard
from tests.world.guards.growth import TaskGuard, too_much
from tests.world.guards.ledger import Ledger
from tests.world.guards.readiness import INTERVAL, ReadinessGuard
from tests.world.guards.rooms import RoomsGuard
from tests.world.guards.subscriptions import SubscriptionsGuard

if TYPE_CHECKING:
    from tests.chaos.history import Typists
    from tests.world.redis.server import Server
    from tests.world.world import World

LOOK: Final = 0.5
"""How many seconds pass between two looks at what workers have sent, and at how people are
served."""

MOST_FINDINGS: Final = 20
"""How many findings are written down for one run: where one thing is wrong, many are."""


class Guards:
    """All guards of one run. Their findings are in `findings`, each once."""

    def __init__(self, world: World, *, hasty: bool = False) -> None:
        """Sets up the guards. If `hasty`, the first finding sets `broken`."""
        self.findings: dict[str, None] = {}
        self.broken: asyncio.Future[None] = world.loop.create_future()
        self.typists: Typists | None = None
        self._world = world
        self._hasty = hasty
        self.ledger = Ledger(self.found)
        self.direct = DirectGuard(self.found, self.ledger, world.loop)
        self.rooms = RoomsGuard(self.found, self.ledger.histories)
        self.frames = FramesGuard(self.found)
        self.subscriptions = SubscriptionsGuard(
            self.found, self.ledger.histories, world.loop, world.network
        )
        self.readiness = ReadinessGuard(
            self.found, self.ledger.partitions, world.network.answers_at
        )
        self.tasks = TaskGuard(self.found, world.loop)
        self._servers: list[Server] = []
        self._watching: set[asyncio.Task[None]] = set()
        self.stopped = False

    def found(self, text: str) -> None:
        if len(self.findings) < MOST_FINDINGS and text not in self.findings:
            self.findings[text] = None
            self._world.line(f"FOUND {text}")
        self.break_off()

    def break_off(self) -> None:
        if self._hasty and not self.broken.done():
            self.broken.set_result(None)

    def follow(self, servers: list[Server]) -> None:
        """Takes the servers that count now, with their content."""
        self._servers = servers
        self.ledger.follow(servers)

    async def watch(self) -> None:
        """Looks around for as long as it runs; it has to run outside of all hosts."""
        loop = self._world.loop
        while not self.stopped:
            await asyncio.sleep(LOOK)
            now = loop.now
            self.rooms.look(now, self._servers, self.typists)
            self.subscriptions.look(now, self._servers)
            self.tasks.look(now)
            self.direct.look()
            if self.typists is not None:
                self.readiness.look(now, self.typists)

    async def ask(self) -> None:
        """Asks all programs whether they are ready, again and again."""
        loop = self._world.loop
        while not self.stopped:
            await asyncio.sleep(INTERVAL)
            for host in self.readiness.hosts():
                asking = self.readiness.ask(host, loop.time)
                task = loop.create_task(asking, context=host.context.copy())
                self._watching.add(task)
                task.add_done_callback(self._watching.discard)

    def at_the_end(self, clients: int) -> None:
        """Checks sizes at a quiet moment, when everybody is still there."""
        hosts = [host for host in self._world.loop.hosts if host.runs]
        for text in too_much(
            self.tasks, self._world.network, self._servers, hosts=hosts, clients=clients
        ):
            self.found(text)
