"""The process that works out histories, as the timeslider sees it."""

from padfleet.services.fanout.timeslider.job import Answer, HistoryJob
from padfleet.shared.limited import Failed, Limited, Limits
from padfleet.shared.limited.process import IDLE

LIMIT = 40
"""Seconds of processor time for one job, which gives itself ten at most; then something is wrong
with the helper."""

MEMORY = 2 << 30
"""Bytes. A pad of the largest size that there is, with the granules of an answer, is a tenth."""

ANSWER = 512 << 20
"""Bytes of one answer, keyframes included."""


class HelperFailed(Exception):
    """There is no answer; the next job may have one."""


class Helper:
    """Does one job at a time."""

    def __init__(self, *, idle: float = IDLE, limit: int = LIMIT) -> None:
        """`idle`: seconds without work after which its process ends."""
        limits = Limits(limit, MEMORY, ANSWER)
        self._process = Limited("padfleet.services.fanout.timeslider.job:done", limits, idle=idle)

    @property
    def pid(self) -> int | None:
        """The process' number, while there is a process."""
        return self._process.pid

    async def do(self, job: HistoryJob) -> Answer:
        """Raises `HelperFailed`."""
        try:
            return Answer.decode(await self._process.do(job.encode()))
        except Failed as error:
            raise HelperFailed(f"the timeslider's helper: {error}") from error

    async def close(self) -> None:
        await self._process.close()
