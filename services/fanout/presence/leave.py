"""Removes sessions that have gone from the members that all workers see, and makes sure of it.

A session that stays among the members of a living worker is shown to everybody forever: nobody else
can know that it has gone. So what cannot be stored immediately, because Redis is away, is made up
for by comparing the stored members with the sessions that are here. That takes no memory for each
session that left, and also finds those that joined without our knowledge because the answer was
lost.
"""

import asyncio
import logging
from collections.abc import Callable

from padfleet.services.fanout import metrics
from padfleet.shared.log.channel_messages import Left
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.retry import RetryPauses
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.people import presence
from padfleet.shared.tasks import Tasks, awaited

log = logging.getLogger(__name__)

LOOK_INTERVAL = 0.5
"""How many seconds pass between two comparisons of a pad."""

LOOKS = 2
"""A pad is done after this many comparisons. A command that we gave up on may still be on its way
to a frozen server, and arrive after the first one."""

AT_ONCE = 5
"""How many pads are compared at the same time: those of a server that is away must not keep others
waiting."""

IsHere = Callable[[str, str], bool]
"""Returns whether this channel's room has this session, or is about to let it in."""


class LeaveQueue:
    """The departures that one worker has to report. They outlive the rooms: the last session to
    leave a room closes it."""

    def __init__(self, redis: Redis, worker_id: str, is_here: IsHere) -> None:
        self._redis = redis
        self._worker = worker_id
        self._is_here = is_here
        self._leaving: dict[str, list[Left]] = {}  # by channel
        self._reports: dict[str, asyncio.Task[None]] = {}
        self._unsure: dict[str, tuple[PadKeys, int]] = {}  # and looks to go
        self._looking: asyncio.Task[None] | None = None
        self._few = asyncio.Semaphore(AT_ONCE)
        self._tasks = Tasks()

    async def report(self, keys: PadKeys, left: Left) -> None:
        """Returns when the others have been told, or will be once Redis can be reached."""
        self._leaving.setdefault(keys.channel, []).append(left)
        said = self._reports.get(keys.channel)
        if said is None:
            said = self._reports[keys.channel] = awaited(self._report(keys), "leave")
        await asyncio.shield(said)

    def report_in_background(self, keys: PadKeys, left: Left) -> None:
        """Does what `report` does, without waiting for it."""
        self._tasks.start(self.report(keys, left), "leave", session=left.session)

    def look(self, keys: PadKeys) -> None:
        """Has the pad checked, since one of our sessions may be among its members without being
        here."""
        self._unsure[keys.channel] = keys, LOOKS
        if self._looking is None or self._looking.done():
            self._looking = self._tasks.begin(self._look(), "departures")

    async def close(self) -> None:
        tasks = [*self._reports.values()]
        if self._looking is not None:
            tasks.append(self._looking)
        self._tasks.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _report(self, keys: PadKeys) -> None:
        """Reports, in one call, all sessions that leave together, as when a network fails."""
        await asyncio.sleep(0)
        leaving = self._leaving.pop(keys.channel)
        del self._reports[keys.channel]
        try:
            await presence.leave(self._redis, keys, leaving)
        except Exception as error:
            log.warning("leave postponed", extra={"key": keys.members, "error": str(error)})
            self.look(keys)

    async def _look(self) -> None:
        pauses = RetryPauses()
        while self._unsure:
            answered = await asyncio.gather(
                *(self._look_at(*item) for item in self._unsure.values())
            )
            await asyncio.sleep(LOOK_INTERVAL)
            if all(answered):
                pauses.succeeded()
            else:
                await pauses.sleep()

    async def _look_at(self, keys: PadKeys, looks: int) -> bool:
        """Returns whether Redis has answered."""
        try:
            async with self._few:
                await self._compare(keys)
        except UNREACHABLE:
            return False
        except Exception:
            log.exception("members not compared", extra={"key": keys.members})
        if self._unsure[keys.channel] == (keys, looks):  # otherwise there is a new reason to look
            del self._unsure[keys.channel]
            if looks > 1:
                self._unsure[keys.channel] = keys, looks - 1
        return True

    async def _compare(self, keys: PadKeys) -> None:
        stored = await presence.members(self._redis, keys)
        gone = [
            Left(member.session, member.author, member.color)
            for _, member in stored
            if member.worker == self._worker and not self._is_here(keys.channel, member.session)
        ]
        if gone:
            metrics.EXPIRED.inc(len(gone))
            log.info(
                "members removed that had already left",
                extra={"key": keys.members, "sessions": len(gone)},
            )
            await presence.leave(self._redis, keys, gone)
