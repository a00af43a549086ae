"""Sends the cursors of people on a pad to the others, at a limited rate. They are stored nowhere.

Only the newest place of each author counts. A worker tells the pad's other workers what has moved
since it last did so, and its sessions what it has been told since; both wait for their turn. So the
cost of cursors depends on the pace, and not on how fast people move them. The pace falls with the
number of people, and beyond `most` of them nobody is told anything, since nobody could follow it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.presence.roster import Roster
from padfleet.services.fanout.transport import packets
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.announcements import Pointed, Pointer, point
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

PAUSE = 0.2
"""How many seconds pass between two messages while no more than `FEW` people are on a pad."""

FEW = 10
"""With more than this many people the pause grows, so that a worker never sends more than `FEW /
PAUSE` messages about cursors a second for one pad."""


def pause_for(people: int, most: int) -> float | None:
    """Returns the seconds from one message to the next, or None if nothing is sent; `most` is the
    setting."""
    if people > most or people < 2:
        return None
    return PAUSE * max(1.0, people / FEW)


Later = Callable[[float, Callable[[], None]], Callable[[], None]]
"""Calls the second argument after so many seconds; what it returns cancels that."""


def _later(delay: float, call: Callable[[], None]) -> Callable[[], None]:
    return asyncio.get_running_loop().call_later(delay, call).cancel


class Paced:
    """Passes on the newest pointer of each author, no more often than every so many seconds."""

    def __init__(
        self,
        hand_on: Callable[[list[Pointer]], None],
        pause: Callable[[], float | None],
        *,
        now: Callable[[], float] = monotonic,
        later: Later | None = None,
    ) -> None:
        """Takes how to pass pointers on.

        Arguments:
            hand_on: passes pointers on.
            pause: returns how many seconds to pause, or None if nothing is passed on.
            now: returns the seconds of a monotonic clock.
            later: calls something later; by default, the event loop does.
        """
        self._hand_on = hand_on
        self._pause = pause
        self._now = now
        self._later = later or _later
        self._kept: dict[str, Pointer] = {}
        self._last = float("-inf")
        self._cancel: Callable[[], None] | None = None

    def add(self, pointers: Iterable[Pointer]) -> None:
        pause = self._pause()
        if pause is None:
            self._kept.clear()
            return
        self._kept.update((pointer.author, pointer) for pointer in pointers)
        if self._cancel is None and self._kept:
            due = max(0.0, self._last + pause - self._now())
            self._cancel = self._later(due, self._is_due)

    def again(self, pointers: Iterable[Pointer]) -> None:
        """Passes on once more, in its turn, what could not be, unless there is something newer of
        the same author."""
        self.add([pointer for pointer in pointers if pointer.author not in self._kept])

    def close(self) -> None:
        if self._cancel is not None:
            self._cancel()
        self._kept.clear()

    def _is_due(self) -> None:
        self._cancel = None
        kept, self._kept = list(self._kept.values()), {}
        if kept and self._pause() is not None:
            self._last = self._now()
            self._hand_on(kept)


class Pointers:
    """The cursors of one pad, on one worker."""

    def __init__(
        self,
        redis: Redis,
        keys: PadKeys,
        sessions: dict[str, Session],
        roster: Roster,
        most: int,
    ) -> None:
        """Takes `sessions`, those here, and `roster`, all that are on the pad; `most` is the
        setting."""
        self._redis = redis
        self._keys = keys
        self._sessions = sessions
        self._roster = roster
        self._most = most
        self._tasks = Tasks()
        self._newest: dict[str, Pointer] = {}
        self._missed: dict[str, dict[str, Pointer]] = {}
        """What sessions that were slow have not been told, by session and author."""
        self._cancel: Callable[[], None] | None = None  #: of the next look whether they still are
        self._leaving = Paced(self._publish, self._pause)
        self._arriving = Paced(self._tell, self._pause)

    def moved(self, pointer: Pointer) -> None:
        """Notes that somebody here has moved their cursor."""
        self._leaving.add([pointer])

    def take(self, pointed: Pointed) -> None:
        """Handles the message of a worker, perhaps this one."""
        for pointer in pointed.pointers:
            if pointer.head is None:
                self._newest.pop(pointer.author, None)
            else:
                self._newest[pointer.author] = pointer
        if len(self._newest) > self._most:
            self._drop_departed()
        self._arriving.add(pointed.pointers)

    def welcome(self, session: Session) -> None:
        """Tells a newcomer of the cursors that have been reported since this worker knew of the
        arrival: nothing was sent to the newcomer about those."""
        if not session.points or self._pause() is None:
            return
        self._drop_departed()
        if found := [p for p in self._newest.values() if p.author != session.author]:
            session.send(_frame(found))

    def forget(self) -> None:
        """Drops all cursors: the pad has another history now, in which places have lost their
        meaning."""
        self._newest.clear()
        self._missed.clear()

    def _pause(self) -> float | None:
        return pause_for(len(self._roster), self._most)

    def _drop_departed(self) -> None:
        here = set(self._roster.authors())
        self._newest = {a: p for a, p in self._newest.items() if a in here}
        if len(self._newest) > self._most:
            self._newest.clear()  # so many are not announced

    def close(self) -> None:
        self._leaving.close()
        self._arriving.close()
        self._tasks.close()
        if self._cancel is not None:
            self._cancel()

    def _publish(self, pointers: list[Pointer]) -> None:
        if len(self._tasks):
            self._leaving.again(pointers)  # Redis is slow: one message at a time
            return
        self._tasks.start(self._say(pointers), "cursors", key=self._keys.channel)

    async def _say(self, pointers: list[Pointer]) -> None:
        try:
            await point(self._redis, self._keys, pointers)
        except UNREACHABLE as error:
            log.debug("cursors not sent", extra={"error": str(error)})
            self._leaving.again(pointers)

    def _tell(self, pointers: list[Pointer]) -> None:
        """Tells the sessions here. A session that is slow to take what it is sent is left out for
        now: cursors are the last thing that it should wait for."""
        frame = _frame(pointers)
        only = pointers[0].author if len(pointers) == 1 else None
        for session in list(self._sessions.values()):
            if not session.points or session.author == only:
                continue
            if session.is_behind or session.id in self._missed:
                missed = self._missed.setdefault(session.id, {})
                missed.update((pointer.author, pointer) for pointer in pointers)
            else:
                session.send(frame)
                metrics.POINTERS.inc()
        self._look_again()

    def _look_again(self) -> None:
        """Sees to it that sessions that were left out are told in the end: nobody may ever move
        their cursor again."""
        pause = self._pause()
        if pause is None:
            self._missed.clear()
        elif self._missed and self._cancel is None:
            self._cancel = _later(pause, self._tell_missed)

    def _tell_missed(self) -> None:
        self._cancel = None
        for name, missed in list(self._missed.items()):
            session = self._sessions.get(name)
            if session is not None and session.is_behind:
                continue
            del self._missed[name]
            if session is not None:
                session.send(_frame(list(missed.values())))
                metrics.POINTERS.inc()
        self._look_again()


def _frame(pointers: list[Pointer]) -> packets.Frame:
    cursors: list[dict[str, Any]] = [
        {"userId": author, "rev": rev, "anchor": anchor, "head": head}
        for author, rev, anchor, head in pointers
    ]
    return collabroom.collab({"type": "CURSORS", "cursors": cursors})
