"""This module has what a process of the operating system has once, whatever its roles in the fleet:
health, a supervisor, and signals."""

import asyncio
import signal
from contextlib import AsyncExitStack

from prometheus_client import REGISTRY

from padfleet.shared.fault_reports import report_the_loops_faults
from padfleet.shared.health import Health
from padfleet.shared.supervision.supervisor import Supervisor
from padfleet.shared.supervision.task_metrics import add_metrics


class Runtime:
    """Is begun by the first role of a process, and used by the others, which end before it."""

    supervisor: Supervisor  #: of all tasks, set by `begin`

    def __init__(self) -> None:
        """Has to be called within a running loop."""
        self.health = Health()
        self.stop = asyncio.Event()  #: set when the process was asked to end
        self.hurry = asyncio.Event()  #: set when it was asked to end at once
        self._begun = False

    async def begin(self, ends: AsyncExitStack) -> bool:
        """Begins what has not been begun, and returns whether this call is the first.

        Arguments:
            ends: what the caller does at its end; if it is the first, it also ends this.
        """
        if self._begun:
            return False
        self._begun = True
        loop = asyncio.get_running_loop()
        report_the_loops_faults(loop)
        self.supervisor = await ends.enter_async_context(Supervisor(self.health))
        ends.callback(REGISTRY.unregister, add_metrics(self.supervisor))
        # Somebody at a terminal does not want to wait, and neither does anybody who asks a second
        # time.
        loop.add_signal_handler(signal.SIGTERM, self._terminate)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        return True

    def _terminate(self) -> None:
        if self.stop.is_set():
            self.hurry.set()
        self.stop.set()

    def _interrupt(self) -> None:
        self.hurry.set()
        self.stop.set()
