"""Faults that strike only where they are named: several of the others at once, as chance seldom
brings about, or something that has to come together with much typing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from tests.world.faults.common import Common
from tests.world.faults.fault import Fault, Kinds
from tests.world.faults.servers import OneServer
from tests.world.network import WorldTransport

LEASE: Final = 3.0
"""How many seconds the lease of a partition lasts."""

LITTLE: Final = 2048
"""How many bytes fit into the buffers of somebody who does not read."""

UNREAD: Final = 1.0
"""How many seconds entries wait unread before a server loses them: what it can lose is younger."""

UNHEARD: Final = 2.5
"""For how many seconds a worker does not hear that writes have been lost: until others have written
more than that."""


class Named:
    """Strikes in ways that the seed does not choose by itself."""

    def __init__(self, common: Common, server: OneServer) -> None:
        self._common = common
        self._server = server

    def kinds(self) -> Kinds:
        return {
            "commit is late": self._commit_is_late,
            "people do not read": self._people_do_not_read,
            "redis loses entries": self._redis_loses_entries,
            "redis loses writes unheard": self._redis_loses_unheard,
        }

    def _commit_is_late(self, fault: Fault) -> None:
        """Holds up whatever a writer sends, among it a commit, until others have taken its leases;
        they are slow to settle anything under them."""
        common, servers = self._common, self._common.servers.names
        writers = [each.name for each in common.writers()]
        late = writers[int(fault.chance * len(writers))]
        took = LEASE + common.dice.uniform(0.0, 4.0)
        common.lasts(took + 1.0)
        common.cut(took, *((late, server) for server in servers))
        for writer in writers:
            if writer != late:
                for server in servers:
                    common.slow_down(writer, server, 1.0, lasting=took + 1.0)

    def _people_do_not_read(self, fault: Fault) -> None:
        """Has half of the people's connections read nothing, with small buffers, while the others
        type. What these are sent soon waits on the workers."""
        network = self._common.world.network
        transports: list[WorldTransport] = []
        for end in network.ends_of(network.find("people")):
            if end.transport is not None and self._common.dice.random() < 0.5:
                end.room = min(end.room, LITTLE)
                end.transport.pause_reading()
                transports.append(end.transport)

        def read_on() -> None:
            for transport in transports:
                transport.resume_reading()

        self._common.later(fault.seconds, read_on)

    def _redis_loses_entries(self, fault: Fault) -> None:
        """Restarts a server without its last second, in which no writer has read anything: entries
        are gone from the inboxes, and no history is taken back."""
        writers = [each.host for each in self._common.writers()]
        halted = [host for host in writers if host is not None and host.alive]
        for host in halted:
            host.frozen = True
        self._common.lasts(UNREAD + 1.0)
        short = replace(fault, seconds=0.1)
        self._common.later(UNREAD, partial(self._server.restart, short, 1.0))

        def wake() -> None:
            for host in halted:
                host.frozen = False

        self._common.later(UNREAD + 0.5, wake)

    def _redis_loses_unheard(self, fault: Fault) -> None:
        """Restarts a server without half of its last second while a worker is cut off from it,
        until others have written more than was lost."""
        common, servers = self._common, self._common.servers.names
        serving = sorted(name for name, each in common.fleet.programs.items() if each.serves)
        worker = common.fleet.programs[serving[int(fault.chance * len(serving))]].name
        common.lasts(UNHEARD + 1.0)
        both_ways = [link for server in servers for link in ((worker, server), (server, worker))]
        common.cut(UNHEARD, *both_ways)
        self._server.restart(replace(fault, seconds=0.1), 0.5)
