"""Faults that strike the cold store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from padfleet.shared.log.connection.connect import UNREACHABLE, open_redis
from padfleet.shared.log.pad.moving import accept_all
from tests.world.cold import NAME as COLD
from tests.world.faults.common import Common
from tests.world.faults.fault import Fault, Kinds


class ColdStore:
    """Strikes the cold store, and the way to it."""

    def __init__(self, common: Common) -> None:
        self._common = common

    def kinds(self) -> Kinds:
        return {
            "cold store is away": partial(self._cold, "away", lambda _: True),
            "cold store says nothing": self._cold_is_silent,
            "cold store is full": partial(self._cold, "full", lambda _: True),
            "cold store is slow": partial(self._cold, "slow", lambda chance: 8 * chance**2),
            "cold store cuts before": partial(self._cold, "cut_before", lambda chance: chance),
            "cold store cuts after": partial(self._cold, "cut_after", lambda chance: chance),
            "cut off from cold store": self._cut_off_cold,
            "cold store is an older copy": self._cold_is_stale,
        }

    def _cold(self, what: str, how: Callable[[float], object], fault: Fault) -> None:
        disk = self._common.fleet.cold
        if disk is not None:
            self._common.aftermath.was_full |= what == "full"
            usual = type(getattr(disk, what))()
            setattr(disk, what, how(fault.chance))
            self._common.later(fault.seconds, lambda: setattr(disk, what, usual))

    def _cold_is_silent(self, fault: Fault) -> None:
        self._cold("silent", lambda _: True, fault)
        self._cold("away", lambda _: True, fault)

    def _cold_is_stale(self, fault: Fault) -> None:
        """Replaces the store by a copy of some seconds ago, while all are at work. A pad whose past
        is in the store alone keeps it: nobody could do anything about that loss.

        Nothing else is lost as long as Redis knows of each pad in what state it left; until an
        operator, who has been told, accepts what there is.
        """
        common, fleet = self._common, self._common.fleet
        if fleet.cold is not None and (gone := fleet.cold.put_back(fault.seconds, fleet.has_past)):
            common.world.line(f"the cold store has lost {gone} changes")
            common.aftermath.was_stale = True
            if not all(map(fleet.is_witnessed, common.pads)):
                common.took_back()
            common.aftermath.unaccepted += 1
            common.later(fault.seconds, self._send_operator)

    def _send_operator(self) -> None:
        self._common.work_of_people.append(self._common.as_people(self._accept()))

    async def _accept(self) -> None:
        """Accepts what the store has, as soon as Redis can be reached."""
        common = self._common
        while True:
            redis = open_redis(common.servers.url)
            try:
                await accept_all(redis, common.fleet.keyspace)
            except UNREACHABLE:
                await asyncio.sleep(0.3)
            else:
                common.world.line("what the cold store has is accepted")
                common.took_back()
                common.aftermath.unaccepted -= 1
                return
            finally:
                await redis.close()

    def _cut_off_cold(self, fault: Fault) -> None:
        self._common.cut_off(fault, COLD)
