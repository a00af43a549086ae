"""Chooses the faults of a run, and has them strike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.world.faults.cold import ColdStore
from tests.world.faults.common import Common
from tests.world.faults.damage import ByHand
from tests.world.faults.failover import Failover
from tests.world.faults.fault import Fault, Kinds
from tests.world.faults.links import Links
from tests.world.faults.named import Named
from tests.world.faults.programs import Programs
from tests.world.faults.servers import OneServer
from tests.world.faults.slots import SlotMoves
from tests.world.fleet import Fleet
from tests.world.world import World

OF_NO_PROGRAM: Final = ("redis", "replica", "people", "slot", "fleet", "cold store")
"""The beginnings of the kinds of faults that do not strike a program."""


class Storm:
    """All faults of one run."""

    def __init__(
        self,
        world: World,
        fleet: Fleet,
        pads: list[str],
        seconds: float,
        chosen: Sequence[str] = (),
        *,
        as_people: Callable[[Any], asyncio.Task[Any]],
        brief: bool = False,
    ) -> None:
        """Takes what the faults strike.

        Arguments:
            pads: those whose text is judged.
            as_people: starts something that people do, from a machine of their own.
            chosen: the kinds of faults to choose from; if there are none, the seed chooses.
            brief: whether no fault lasts for more than some five seconds.

        Raises ValueError for an unknown kind.
        """
        self.struck: list[str] = []
        self._common = Common(world, fleet, pads, as_people)
        self.aftermath = self._common.aftermath
        self.slots = SlotMoves(self._common)
        self.programs = Programs(self._common)
        self.by_hand = ByHand(self._common)
        server = OneServer(self._common, self.slots)
        self._seconds = seconds
        self._kinds: Kinds = {
            **self.programs.kinds(),
            **Links(self._common).kinds(),
            **server.kinds(),
            **Failover(self._common, self.slots).kinds(),
            **self.by_hand.kinds(),
        }
        if fleet.servers.cluster is not None:
            self._kinds |= self.slots.kinds()
        if fleet.cold is not None:
            self._kinds |= ColdStore(self._common).kinds()
        all_kinds = self._kinds | Named(self._common, server).kinds() | self.slots.kinds()
        if unknown := set(chosen) - all_kinds.keys():
            raise ValueError(f"no kinds of faults: {', '.join(sorted(unknown))}")
        self._of_chance = sorted(self._kinds)
        self._kinds = all_kinds
        self._chosen = sorted(chosen)
        lasting = [0.3, 3.0, 8.0] if chosen else [0.05, 0.3, 1.0, 3.0, 8.0]
        self._lasting = lasting[:-1] if brief else lasting

    def plan(self) -> list[Fault]:
        """Returns the faults of the run. Some runs are calm, some absurd, and most have only a few
        kinds of faults."""
        dice = self._common.dice
        count = dice.choice((0, 1, 2, 3, 4, 6, 8, 12, 20))
        chosen = dice.sample(self._of_chance, dice.randint(1, len(self._of_chance)))
        if self._chosen:
            count, chosen = max(count, 3), self._chosen
        targets = sorted(self._common.fleet.programs)
        moments = sorted(dice.uniform(0, self._seconds) for _ in range(count))
        found = []
        for number, at in enumerate(moments):
            kind = dice.choice(chosen)
            target = "" if kind.startswith(OF_NO_PROGRAM) else dice.choice(targets)
            seconds = dice.choice(self._lasting) * dice.uniform(0.5, 1.5)
            found.append(Fault(number, at, kind, target, seconds, dice.random()))
        return found

    async def strike(self, plan: list[Fault], only: frozenset[int] | None) -> None:
        """Returns when all faults are over, and everything is mended."""
        common, loop = self._common, self._common.world.loop
        began = loop.now
        until = common.until = began + self._seconds
        for fault in plan:
            if only is not None and fault.number not in only:
                continue
            await asyncio.sleep(max(0.0, began + fault.at - loop.now))
            common.world.line(f"FAULT {fault}")
            self.struck.append(f"{fault.at:.2f} s: {fault}")
            self._kinds[fault.kind](fault)
            until = max(until, loop.now + fault.seconds, common.until)
        await asyncio.sleep(max(0.0, until - loop.now) + 0.01)
        for work in common.work_of_people:
            await work
        self.by_hand.take_format_back()  # the fail-over may have lost that it was taken back
