"""What the faults of all rooms need: what they strike, and how to mend it later."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.chaos.history import Rollback
from tests.world.faults.aftermath import Aftermath
from tests.world.faults.fault import Fault
from tests.world.fleet import Fleet, Program
from tests.world.host import Host
from tests.world.servers import Place
from tests.world.world import World


class Common:
    """What the faults of one run strike, and what they leave behind."""

    def __init__(
        self,
        world: World,
        fleet: Fleet,
        pads: list[str],
        as_people: Callable[[Any], asyncio.Task[Any]],
    ) -> None:
        """Takes what the faults strike; `pads` are those whose text is judged, and `as_people`
        starts something that people do, from a machine of their own."""
        self.world = world
        self.fleet = fleet
        self.servers = fleet.servers
        self.dice: random.Random = world.dice("faults")
        self.aftermath = Aftermath()
        self.until = 0.0  #: when the storm ends, by the loop's clock
        self.pads = pads
        self.as_people = as_people
        self.work_of_people: list[asyncio.Task[Any]] = []  #: that has to end before the storm does

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        self.world.loop.call_later(seconds, call, context=self.world.network.kernel)

    def lasts(self, seconds: float) -> None:
        """Has the storm last for at least so many seconds from now on."""
        self.until = max(self.until, self.world.loop.now + seconds)

    def cut(self, seconds: float, *links: tuple[str, str]) -> None:
        """Lets nothing pass between these hosts, from the first to the second of each pair."""
        network = self.world.network
        network.cut.update(links)

        def mend() -> None:
            network.cut.difference_update(links)
            network.release()

        self.later(seconds, mend)

    def cut_off(self, fault: Fault, other: str) -> None:
        """Lets nothing pass, either way, between another host and the program that it strikes."""
        host = self.host(fault)
        self.cut(fault.seconds, (host, other), (other, host))

    def freeze(self, host: Host, seconds: float) -> None:
        host.frozen = True
        self.later(seconds, lambda: setattr(host, "frozen", False))

    def slow_down(self, one: str, other: str, seconds: float, *, lasting: float) -> None:
        """Has whatever two hosts send each other come so many seconds later, for a while."""
        link, extra = frozenset((one, other)), self.world.network.extra
        extra[link] = seconds
        self.later(lasting, partial(extra.pop, link, None))

    def host(self, fault: Fault) -> str:
        """Returns the host of the program that the fault strikes; its machine may have been
        replaced."""
        return self.fleet.programs[fault.target].name

    def place(self, fault: Fault) -> Place:
        """Returns the server that the fault strikes."""
        return self.servers.place(fault.chance)

    def writers(self) -> list[Program]:
        """Returns the programs that write, in the order of their places."""
        programs = sorted(self.fleet.programs.items())
        return [each for name, each in programs if not name.startswith("worker")]

    def took_back(self) -> None:
        """Notes that history may have been taken back, to where it is now."""
        self.aftermath.losses += 1
        for pad, head in self.fleet.heads(self.pads).items():
            self.aftermath.rollbacks[pad].append(Rollback(head))
