"""Faults that strike connections, and the people at one end of them."""

from __future__ import annotations

from tests.world.faults.common import Common
from tests.world.faults.fault import Fault, Kinds


class Links:
    """Strikes what lies between programs, servers and people."""

    def __init__(self, common: Common) -> None:
        self._common = common

    def kinds(self) -> Kinds:
        return {
            "cut off from redis": self._cut_off,
            "deaf to redis": self._deaf,
            "cut off from people": self._cut_off_people,
            "slow link to redis": self._slow_link,
            "connections reset": self._reset,
            "people stand still": self._people_stand_still,
        }

    def _servers_of(self, fault: Fault) -> list[str]:
        """Returns the servers that the fault strikes: all of them, or one of several."""
        names = self._common.servers.names
        return names if fault.chance < 0.5 else [names[int(fault.chance * len(names))]]

    def _cut_off(self, fault: Fault) -> None:
        for name in self._servers_of(fault):
            self._common.cut_off(fault, name)

    def _deaf(self, fault: Fault) -> None:
        for name in self._servers_of(fault):
            self._common.cut(fault.seconds, (name, self._common.host(fault)))

    def _cut_off_people(self, fault: Fault) -> None:
        self._common.cut_off(fault, "people")

    def _slow_link(self, fault: Fault) -> None:
        for name in self._servers_of(fault):
            host = self._common.host(fault)
            self._common.slow_down(host, name, fault.chance, lasting=fault.seconds)

    def _reset(self, fault: Fault) -> None:
        host = self._common.fleet.programs[fault.target].host
        if host is None or not host.alive:
            return
        for end in self._common.world.network.ends_of(host):
            if not end.closed and self._common.dice.random() < fault.chance:
                end.reset()

    def _people_stand_still(self, fault: Fault) -> None:
        """Freezes the people. What they are sent waits, until their buffers are full."""
        self._common.freeze(self._common.world.network.find("people"), fault.seconds)
