"""Faults that strike a program, or its machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from padfleet.shared.supervision.keeper import run_work
from tests.world.faults.common import Common
from tests.world.faults.fault import Fault, Kinds
from tests.world.host import Host

KEPT: Final = run_work.__qualname__
"""The coroutine of the tasks that a supervisor keeps alive."""


class Programs:
    """Strikes workers, writers and nodes."""

    def __init__(self, common: Common) -> None:
        self._common = common
        self.tasks_of: Callable[[Host], list[asyncio.Task[object]]] = lambda _: []
        """Returns the tasks of a host that have not ended, in the order in which they began."""

    def kinds(self) -> Kinds:
        return {
            "kill": self._kill,
            "power off": self._power_off,
            "terminate": self._terminate,
            "task dies": self._task_dies,
            "freeze": self._freeze,
            "clock jumps": self._clock,
            "fleet is upgraded": self._upgrade,
            "machine is replaced": self._replace,
        }

    def _kill(self, fault: Fault) -> None:
        self._common.fleet.kill(fault.target, silently=False, back_after=fault.seconds)

    def _power_off(self, fault: Fault) -> None:
        self._common.fleet.kill(fault.target, silently=True, back_after=fault.seconds)

    def _replace(self, fault: Fault) -> None:
        """Replaces a writer's machine. Workers and nodes stay what they are, since people know them
        by their names."""
        if not self._common.fleet.programs[fault.target].serves:
            self._common.fleet.replace_writer(fault.target, fault.seconds)
        else:
            self._power_off(fault)

    def _terminate(self, fault: Fault) -> None:
        self._common.fleet.terminate(fault.target)

    def _task_dies(self, fault: Fault) -> None:
        """Cancels one of the tasks that a program's supervisor keeps alive, as a mistake of ours in
        it would end it."""
        host = self._common.fleet.programs[fault.target].host
        if host is None or not host.runs:
            return
        kept = [
            task
            for task in self.tasks_of(host)
            if getattr(task.get_coro(), "__qualname__", "") == KEPT
        ]
        if kept:
            task = kept[int(fault.chance * len(kept))]
            self._common.world.line(f"{task.get_name()} dies", host)
            self._common.aftermath.killed_a_task = True
            task.cancel()

    def _upgrade(self, fault: Fault) -> None:
        """Asks each program to end and starts it again, one after the other: writers and
        nodes first, or workers first on the way back. It does not check whether the previous one is
        there again."""
        fleet = self._common.fleet
        names = sorted(fleet.programs, key=lambda name: (name.startswith("worker"), name))
        if fault.chance < 0.3:
            names.reverse()
        for place, name in enumerate(names):
            self._common.later(place * fault.seconds / len(names), partial(fleet.terminate, name))

    def _freeze(self, fault: Fault) -> None:
        host = self._common.fleet.programs[fault.target].host
        if host is not None and host.alive:
            self._common.freeze(host, fault.seconds)

    def _clock(self, fault: Fault) -> None:
        host = self._common.fleet.programs[fault.target].host
        if host is not None:
            host.ahead += (fault.chance - 0.5) * 7200
