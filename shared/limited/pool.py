"""This module does one kind of work for many clients, in several processes."""

from collections.abc import Hashable

from padfleet.shared.limited.process import IDLE, JobLimits, Limited
from padfleet.shared.limited.turns import FairQueue

PROCESSES = 2
"""How many processes work at the same time. A client uses only one of them at a time, so there is
always another one for the others."""

WAITING = 64
"""How many jobs may wait. Of one client, `OF_ONE` may wait."""

OF_ONE = 4


class JobPool:
    """Does each job in a process that has no other job meanwhile. Clients take turns."""

    def __init__(
        self,
        work: str,
        limits: JobLimits,
        *,
        processes: int = PROCESSES,
        each: int = 1,
        waiting: int = WAITING,
        of_one: int = OF_ONE,
        idle: float = IDLE,
    ) -> None:
        """Takes the work and its limits, as `Limited` does.

        Arguments:
            processes: how many processes there are.
            each: how many of them one client may use at the same time.
            waiting: how many jobs may wait.
            of_one: how many jobs of one client may wait.
            idle: the seconds without work after which a process is ended.
        """
        self._free = [Limited(work, limits, idle=idle) for _ in range(processes)]
        self._all = tuple(self._free)
        self._turns = FairQueue(processes, waiting=waiting, of_one=of_one, each=each)

    @property
    def pids(self) -> list[int]:
        """The process ids of the processes that are running now."""
        return [process.pid for process in self._all if process.pid is not None]

    async def do(self, client: Hashable, *job: bytes) -> bytes:
        """Does a job for `client`, and returns the answer. Raises `QueueFull`, or what `Limited.do`
        raises."""
        async with self._turns.turn(client):
            # The process that worked last is taken, so that the others can become idle and end.
            process = self._free.pop()
            try:
                return await process.do(*job)
            finally:
                self._free.append(process)

    async def close(self) -> None:
        for process in self._all:
            await process.close()
