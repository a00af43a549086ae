"""Processes that do one kind of work for many clients."""

from collections.abc import Hashable

from padfleet.shared.limited.process import IDLE, Limited, Limits
from padfleet.shared.limited.turns import FairQueue

PROCESSES = 2
"""How many work at the same time. One client has one of these at most, so that there is always
another for the others."""

WAITING = 64
"""Jobs that wait; of one client `OF_ONE`."""

OF_ONE = 4


class Pool:
    """Each job has a process to itself, in turns by client."""

    def __init__(
        self,
        work: str,
        limits: Limits,
        *,
        processes: int = PROCESSES,
        each: int = 1,
        waiting: int = WAITING,
        of_one: int = OF_ONE,
        idle: float = IDLE,
    ) -> None:
        """`work` and `limits` as for `Limited`; of the processes one client has `each` at most."""
        self._free = [Limited(work, limits, idle=idle) for _ in range(processes)]
        self._all = tuple(self._free)
        self._turns = FairQueue(processes, waiting=waiting, of_one=of_one, each=each)

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that there are now."""
        return [process.pid for process in self._all if process.pid is not None]

    async def do(self, client: Hashable, *job: bytes) -> bytes:
        """The answer to this client's job. Raises `QueueFull`, and as `Limited.do`."""
        async with self._turns.turn(client):
            # The one that worked last: the others may rest, and end.
            process = self._free.pop()
            try:
                return await process.do(*job)
            finally:
                self._free.append(process)

    async def close(self) -> None:
        for process in self._all:
            await process.close()
