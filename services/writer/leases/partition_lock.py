"""Keeps whatever changes what is stored of a partition apart from everything else that does."""

import asyncio
from collections.abc import Callable


class PartitionLock(asyncio.Lock):
    """The lock of one partition, for tasks that wait for it as usual, and for callbacks, which
    cannot wait."""

    def __init__(self) -> None:
        super().__init__()
        self._when_free: Callable[[], None] | None = None

    def take(self) -> bool:
        """Locks it if nobody has it or waits for it; returns whether it did."""
        # asyncio's lock can only be acquired by a coroutine. One that has nothing to wait for ends
        # when it is first resumed.
        if self.locked():
            return False
        acquiring = self.acquire()
        try:
            acquiring.send(None)
        except StopIteration:
            return True
        acquiring.close()
        return False

    def when_free(self, call: Callable[[], None]) -> None:
        """Calls back once, soon after it has next been released. By then somebody else may have it:
        whoever waited comes first. A second call replaces the first."""
        self._when_free = call

    def release(self) -> None:
        super().release()
        if self._when_free is not None:
            call, self._when_free = self._when_free, None
            asyncio.get_running_loop().call_soon(call)
