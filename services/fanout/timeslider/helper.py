"""This module runs the process that computes histories for the timeslider."""

from padfleet.services.fanout.timeslider.job import HistoryAnswer, HistoryJob
from padfleet.shared.limited import JobFailed, JobLimits, Limited
from padfleet.shared.limited.process import IDLE

LIMIT = 40
"""How many seconds of processor time one job may take. A job limits itself to ten, so if it reaches
this limit, something is wrong with the helper."""

MEMORY = 2 << 30
"""How many bytes of memory the helper may use. A pad of the largest possible size, with the
granules of an answer, takes a tenth of it."""

ANSWER = 512 << 20
"""How many bytes one answer may have, including keyframes."""


class HelperFailed(Exception):
    """There is no answer; the next job may have one."""


class HistoryHelper:
    """Does one job at a time."""

    def __init__(self, *, idle: float = IDLE, limit: int = LIMIT) -> None:
        """Takes the limits: `idle` is after how many seconds without work its process ends, and
        `limit` how many seconds of processor time one job may take."""
        limits = JobLimits(limit, MEMORY, ANSWER)
        self._process = Limited("padfleet.services.fanout.timeslider.job:done", limits, idle=idle)

    @property
    def pid(self) -> int | None:
        """Returns the process ID, or None while there is no process."""
        return self._process.pid

    async def do(self, job: HistoryJob) -> HistoryAnswer:
        """Has the job done, and returns its answer. Raises `HelperFailed`."""
        try:
            return HistoryAnswer.decode(await self._process.do(job.encode()))
        except JobFailed as error:
            raise HelperFailed(f"the timeslider's helper: {error}") from error

    async def close(self) -> None:
        await self._process.close()
