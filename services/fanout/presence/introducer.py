"""Tells the sessions of one room who is on the pad: newcomers of everybody, and everybody of
changes.

It comes after everything else: a newcomer gets the pad and may type, and learns names afterwards.
It works in turns that take no more than a share of the event loop: with five thousand people who
each have to be told of every other, there are twenty-five million things to tell. What has changed
between two turns is one write for each socket, and all sessions at the same place are written the
same bytes.
"""

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Final

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.flush import kernel_seconds
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler, FlushSlot, Timer
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.presence.excerpt import ALL_TOLD
from padfleet.services.fanout.presence.roster_log import RosterLog
from padfleet.services.fanout.presence.roster_push import push
from padfleet.services.fanout.transport.deflate import SharedRun
from padfleet.services.fanout.transport.packets import Frame

RULES: Final = PacingRules(share=0.1, ceiling=1.0, rate=20, burst=16)
"""How telling of people shares the event loop with everything else. With a handful of people, the
pauses are too short to notice."""

CHANGES: Final = PacingRules(share=0.1, ceiling=1.0, rate=2, burst=8)
"""The rules for changes, each of which is a write for everybody who is there: on a pad of a hundred
people, ten newcomers a second cost more in such writes than in joins. After a quiet time, a
newcomer is announced immediately; in a rush, two to six times a second."""

AT_ONCE = 32 * 1024
"""A session that takes what it is told is given no more parts once it has had this many bytes, for
the time being. For each further time the worker has to wake up, which takes longer than the writes:
with one part at a time, a newcomer to a crowd of five thousand needed ten."""

NEXT = 0.01
"""A session that has taken that is given more after this many seconds."""

LATER = 0.25
"""A session that could take nothing is tried again after this many seconds."""

SESSIONS_PER_STEP = 32
"""How many sessions are served between two looks at the clock."""


class Introducer:
    def __init__(
        self,
        log: RosterLog,
        sessions: Mapping[str, Session],
        turns: FlushScheduler,
        gate: SendingGate,
    ) -> None:
        """Takes what it needs. `sessions` always holds the sessions of the room. They are told
        nothing while the gate is shut."""
        self._log = log
        self._sessions = sessions
        self._gate = gate
        self._clock = turns.clock
        self._changes = FlushSlot(turns, self._tell_all, CHANGES)
        self._introductions = FlushSlot(turns, self._tell_behind)
        self._behind: dict[str, Session] = {}
        """Sessions that have come, or could not take what there was, and are not at the end yet."""
        self._timer: Timer | None = None

    def changed(self) -> None:
        """Notes that there is more to tell."""
        self._changes.due()

    def welcome(self, session: Session, *, knows_some: bool) -> None:
        """Begins with a session that has come. If it has come back (`knows_some`), its page may
        know of people who have left since."""
        self._log.begin(session.roster, knows_some=knows_some)
        self._behind[session.id] = session
        self._introductions.due()

    def close(self) -> None:
        self._changes.close()
        self._introductions.close()
        self._stop_waiting()

    # --- Its turns -------------------------------------------------------------------------------

    def _tell_all(self) -> Iterator[float]:
        """Tells changes to all sessions that were up to date."""
        sessions = [s for s in self._sessions.values() if s.id not in self._behind]
        writes = size = 0
        now = monotonic()

        def tell(session: Session) -> None:
            nonlocal writes, size
            sent = self._tell_one(session, now)
            writes += sent > 0
            size += sent

        for start in range(0, len(sessions), SESSIONS_PER_STEP):
            some = sessions[start : start + SESSIONS_PER_STEP]
            if self._gate.is_shut:
                self._behind.update((session.id, session) for session in some)
                continue
            # Some may have gone since the turn began.
            _count(*push(self._log, [s for s in some if s.id in self._sessions], tell))
            yield kernel_seconds(writes, size)
        _count(writes, size)
        if self._behind:
            self._wait(LATER)

    def _tell_behind(self) -> Iterator[float]:
        """Tells sessions that were not up to date what comes next, as much as each may be sent at a
        time."""
        self._stop_waiting()
        before = len(self._behind)
        writes = size = steps = 0
        now = monotonic()
        for session in list(self._behind.values()):
            sent = 0
            while (
                session.id in self._behind and sent < AT_ONCE and not (sent and session.exit.kept)
            ):
                part = self._tell_one(session, now)
                if not part:
                    break
                sent += part
                writes += 1
                size += part
            if (steps := steps + 1) % SESSIONS_PER_STEP == 0 or sent >= AT_ONCE:
                yield kernel_seconds(writes, size)
        _count(writes, size)
        yield kernel_seconds(writes, size)
        if self._behind:
            self._wait(NEXT if writes or len(self._behind) < before else LATER)

    def _tell_one(self, session: Session, now: float) -> int:
        """Tells one session, and returns the number of bytes that it was sent."""
        cursor, log = session.roster, self._log
        if session.id not in self._sessions:
            self._behind.pop(session.id, None)
            return 0
        if log.is_lost_to(cursor):
            session.drop("overflow")
            self._behind.pop(session.id, None)
            return 0
        excerpt = log.next_for(cursor)
        upto = log.end if excerpt is None else excerpt.upto
        completes = not cursor.complete and upto >= cursor.since
        what: Frame | SharedRun | None
        if excerpt is None:
            what = ALL_TOLD if completes and cursor.lists else None
        elif session.id in excerpt.concerns:
            what = excerpt.made_for(session.id, lists=cursor.lists, completes=completes)
        else:
            what = excerpt.made(lists=cursor.lists, completes=completes)
        size = 0
        if what is not None and not self._gate.is_shut:
            size = session.offer(what, now)
        if self._gate.is_shut or (what is not None and not size):
            self._behind[session.id] = session
            return 0
        # The cursor moves only now that it has been taken.
        log.took(cursor, upto)
        cursor.complete = cursor.complete or completes
        if upto < log.end:
            self._behind[session.id] = session
        else:
            self._behind.pop(session.id, None)
        return size

    # --- When ------------------------------------------------------------------------------------

    def _wait(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = self._clock.later(seconds, self._is_time)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _is_time(self) -> None:
        self._timer = None
        self._introductions.due()


def _count(writes: int, size: int) -> None:
    metrics.ROSTER_WRITES.value += writes
    metrics.ROSTER_BYTES.value += size
