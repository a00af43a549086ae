"""This module reports that this worker is alive, and notices which others are not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import NamedTuple

from redis.exceptions import RedisError

from padfleet.services.fanout import metrics
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.shared.log.channel_messages import Left
from padfleet.shared.log.connection.connect import PATIENCE, UNREACHABLE, Redis
from padfleet.shared.log.connection.lanes import Lane, take_lane
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import WORKERS
from padfleet.shared.log.people import presence
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.supervision.progress import progress, tick

log = logging.getLogger(__name__)

BEATS_PER_TIMEOUT = 4
"""How many beats there are in a timeout: three may get lost before a worker counts as dead."""

LONGEST_PAUSE = 64
"""The longest pause, in beats, between two attempts to announce the sessions on a pad whose keys
are damaged. The pauses double from one beat on."""


class _Retry(NamedTuple):
    at: int  #: the beat of the next attempt
    pause: int  #: in beats, if that fails, too

    def failed(self) -> "_Retry":
        return _Retry(self.at + self.pause, min(2 * self.pause, LONGEST_PAUSE))


class Liveness:
    """The heartbeat of this worker, and its check for others that have died. Every worker removes
    the dead workers' members from its own pads, because it shows people who is there. On pads
    without a worker, the writer removes them (`presence.bury`) in its own time."""

    def __init__(self, redis: Redis, rooms: Rooms, worker_id: str, timeout_ms: int) -> None:
        self._redis = redis
        self._rooms = rooms
        self._id = worker_id
        self._timeout_ms = timeout_ms
        self._missing: set[str] = set()
        self._astray: set[str] = set()
        self._beats = 0
        self._forgotten: dict[str, _Retry] = {}
        """The pads from which others have removed our sessions, and on which they have not been
        announced again yet."""
        self.last_beat = 0.0

    async def run(self) -> None:
        """Sends beats for as long as the worker lives."""
        take_lane(Lane.FIRST)
        while True:
            try:
                await self.beat()
            except (*UNREACHABLE, RedisError) as error:
                log.warning("workers not counted", extra={"error": str(error)})
            await tick(self._timeout_ms / BEATS_PER_TIMEOUT / 1000)

    async def retire(self) -> None:
        try:
            await presence.retire(self._redis, WORKERS, self._id)
        except UNREACHABLE:
            return  # others will miss it soon enough

    async def beat(self) -> None:
        """Sends one beat. The first one has to be sent before the first socket is let in, because
        others remove the members of a worker that they do not hear from."""
        async with asyncio.timeout(PATIENCE):
            alive, silence_ms = await presence.beat(
                self._redis, WORKERS, self._id, self._timeout_ms
            )
        self.last_beat = asyncio.get_running_loop().time()
        if silence_ms > self._timeout_ms:
            log.warning("this worker was taken for dead; announcing its sessions again")
            now = _Retry(self._beats, 1)
            self._forgotten = {room.pad_id: now for room in self._rooms}
        if self._forgotten:
            await self._announce_all()
        self._beats += 1
        self._look_for_strays()
        # A worker has to be missing twice in a row, because the first members of a new worker may
        # arrive here before an answer that was given before it started.
        missing = {
            m.worker for room in self._rooms for m in room.people.roster.on_dead_workers(alive)
        }
        buried, self._missing = missing & self._missing, missing
        if buried:
            bury = partial(self._bury, alive=alive, buried=buried)
            await _each(self._rooms, bury, "members not expired")

    async def _bury(self, room: Room, *, alive: set[str], buried: set[str]) -> None:
        """Removes from the pad the members that were on a dead worker."""
        dead = [m for m in room.people.roster.on_dead_workers(alive) if m.worker in buried]
        if not dead:
            return
        gone = [Left(m.session, m.author, room.people.color_of(m.author)) for m in dead]
        await presence.leave(self._redis, room.keys, gone)
        metrics.EXPIRED.inc(len(dead))
        log.info("members expired", extra={"pad": room.pad_id, "sessions": len(dead)})
        # Another worker may have announced their removal already, in a message that we missed.
        for left in gone:
            room.take(left)

    def _look_for_strays(self) -> None:
        """Looks for members that are listed on this worker, but are not here. They have to be found
        twice in a row, because a member that has just left is listed until the channel reports
        it."""
        found: set[str] = set()
        for room in self._rooms:
            strays = room.absent(room.people.roster.on_worker(self._id))
            if not self._astray.isdisjoint(strays):
                self._rooms.leave_queue.look(room.keys)
            found.update(strays)
        self._astray = found

    async def _announce_all(self) -> None:
        """Announces the sessions on the pads whose turn it is."""
        rooms = {room.pad_id: room for room in self._rooms}
        # On a pad that has been closed meanwhile, nobody is left to be announced.
        waiting = {pad: retry for pad, retry in self._forgotten.items() if pad in rooms}
        due = [rooms[pad] for pad, retry in waiting.items() if retry.at <= self._beats]
        failed = await _each(due, self._announce, "sessions not announced")
        later = {room.pad_id: waiting[room.pad_id].failed() for room in failed}
        settled = {room.pad_id for room in due}
        self._forgotten = {p: retry for p, retry in waiting.items() if p not in settled} | later

    async def _announce(self, room: Room) -> None:
        for session in list(room.sessions.values()):
            progress()
            author = session.author
            await room.people.get_to_know(self._redis, [author])
            # Some may have no record; the others have to be announced all the same.
            known = room.people.known_of([author]).get(author, Author(author, None, 0))
            member = session.member(known, self._id)
            await presence.join(self._redis, room.keys, member, order=session.order, resumes=True)
            if session.id not in room.sessions:  # it has left in the meantime
                self._rooms.leave_queue.look(room.keys)


async def _each(
    rooms: Iterable[Room], do: Callable[[Room], Awaitable[None]], what_failed: str
) -> list[Room]:
    """Calls `do` for one room after another, and returns those for which it failed: bad values in
    one pad's keys do not affect the others. Raises what `UNREACHABLE` lists."""
    failed: list[Room] = []
    for room in rooms:
        progress()
        try:
            await do(room)
        except UNREACHABLE:
            raise
        except (CorruptPad, RedisError, ValueError) as error:
            log.warning(what_failed, extra={"pad": room.pad_id, "error": str(error)})
            failed.append(room)
    return failed
