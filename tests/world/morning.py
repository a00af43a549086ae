"""Sets up a world in which a fleet stands, before people come and before chance is the seed's.

All runs of one layout have the same morning, so a campaign lives through it once, and plays each
run in a copy of that process: see `nursery`. Some seeds have their fleet begin in the midst of
people instead, and a morning of their own, which is over at once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry

from tests.world import servers
from tests.world.disguise import true_process_time
from tests.world.fleet import Fleet
from tests.world.guards import Guards
from tests.world.helpers import put_in_line
from tests.world.loop import Deadlock
from tests.world.size import Size
from tests.world.world import Listener, World

WITH_COLD: Final = 0.5
"""The share of the seeds that have a cold store."""

WITH_NODES: Final = 0.25
"""The share of the seeds that have nodes."""

EARLY: Final = 0.15
"""The share of the seeds whose people come while the fleet begins."""

LASTS: Final = 3.0
"""How many seconds a fleet has before people come."""


class Programs(NamedTuple):
    """How many programs of each kind a fleet has."""

    nodes: int
    workers: int
    writers: int


NODE_FLEETS: Final = (Programs(2, 0, 0), Programs(1, 1, 0), Programs(1, 1, 1), Programs(2, 0, 1))
"""The fleets with nodes. People have two programs to connect to in each, as elsewhere."""


@dataclass(frozen=True)
class Layout:
    """What is there in the morning."""

    kind: servers.Kind
    cold: bool
    programs: Programs
    early: str = ""  #: the seed, if its people come while the fleet begins


def layout_of(seed: str, size: Size) -> Layout:
    """Returns what the seed has, where the size leaves that to it."""
    dice = random.Random(f"{seed} layout")
    kind = dice.choice(servers.KINDS)
    cold = dice.random() < WITH_COLD
    early = dice.random() < EARLY
    # Dice of their own, so that all else is what it was before there were nodes. None of the seeds
    # by which something was found until then has any.
    dice = random.Random(f"{seed} which hosts")
    nodes = dice.random() < WITH_NODES
    with_nodes = dice.choice(NODE_FLEETS)
    return Layout(
        kind if size.servers is None else size.servers,
        cold if size.cold is None else size.cold,
        with_nodes
        if (nodes if size.nodes is None else size.nodes)
        else Programs(0, size.workers, size.writers),
        seed if early else "",
    )


class Morning:
    """A world with a fleet that is about to be used. There is one per process, which does nothing
    else afterwards."""

    def __init__(
        self, layout: Layout, size: Size, show: Callable[[str], None] | None = None
    ) -> None:
        """Lives through the morning; `show` is called with the lines of the trace."""
        began = true_process_time()
        # The time at which cycles are freed depends on the addresses of objects; besides, it takes
        # time.
        gc.disable()
        self.size = size
        self.layout = layout
        self.faults: list[str] = []  #: what has ended it
        self.world = world = World(layout.early or "morning", show)
        # Counters belong to a process, and here several programs share one: their counts are
        # useless, and each collector would be registered twice.
        CollectorRegistry.register = lambda *_: None  # type: ignore[method-assign]
        CollectorRegistry.unregister = lambda *_: None  # type: ignore[method-assign]
        put_in_line()
        self.listener = Listener(world)
        logging.getLogger().handlers[:] = [self.listener]
        logging.getLogger().setLevel(logging.INFO)
        with world:
            self.guards = Guards(world, hasty=size.hasty)
            self.listener.tell = self.guards.break_off
            self.run(self._begin())
        self.began = world.loop.now
        self.took = true_process_time() - began

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something to its end, or until something is wrong, if that is enough."""
        if self.faults or (self.size.hasty and self.guards.broken.done()):
            work.close()
            return
        try:
            self.world.loop.run_until_complete(_until_broken(work, self.guards))
        except Deadlock as error:
            self.faults.append(f"DEADLOCK {error}")
        except Exception as error:
            self.faults.append(f"CRASH {error!r}\n{traceback.format_exc()}")

    async def _begin(self) -> None:
        world, size, layout = self.world, self.size, self.layout
        loop = world.loop
        world.line(
            f"Redis is {layout.kind}, and there is {'a' if layout.cold else 'no'} cold store"
        )
        self.fleet = fleet = Fleet(
            world,
            self.guards.follow,
            kind=layout.kind,
            with_cold=layout.cold,
            snapshots=size.snapshots,
        )
        self.looking = [loop.create_task(self.guards.watch()), loop.create_task(self.guards.ask())]
        for _ in range(layout.programs.writers):
            fleet.add_writer()
        for number in range(layout.programs.nodes):
            fleet.add_node(f"node-{number + 1}")
        for number in range(layout.programs.workers):
            fleet.add_worker(f"worker-{number + 1}")
        if not layout.early:
            await asyncio.sleep(LASTS)


async def _until_broken(work: Coroutine[Any, Any, None], guards: Guards) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.wait([task, guards.broken], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
