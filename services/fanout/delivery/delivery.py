"""Sends the sessions of one room what has arrived, when it is their turn, and as fast as they take
it."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from time import monotonic

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.catchup import CatchUp
from padfleet.services.fanout.delivery.fast_path import push
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.flush_counts import sent
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler, FlushSlot
from padfleet.services.fanout.delivery.newest import NewestSent, send_newest
from padfleet.services.fanout.delivery.session import Flushed, Session
from padfleet.services.fanout.delivery.session_state import Action, SessionEvent
from padfleet.services.fanout.delivery.shared_context import (
    OWN_ALONE,
    OWN_MOST,
    OWN_SHARE,
    WORTH,
    SharedContext,
)
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.pads.passages import HistoryLost, Passages
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.pads.tracked import Tracked, TrackedFlush
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared import tracing
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.records import Revision
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

SESSIONS_PER_STEP = 32
"""How many sessions a flush serves between two looks at the clock: about 200 µs."""

QUESTIONS_SHARE = 16
"""One session in this many is asked in the same flush what has arrived, to measure latency."""


class Delivery:
    def __init__(
        self,
        redis: Redis,
        keys: PadKeys,
        replica: PadReplica,
        news: News,
        sessions: Mapping[str, Session],
        turns: FlushScheduler,
        gate: SendingGate,
    ) -> None:
        """Takes everything that delivery needs. `sessions` always holds the sessions of the room.
        Nothing is sent to them while the gate is shut; whoever opens it calls `due`."""
        self._keys = keys
        self._passages = Passages(redis, keys)
        self._replica = replica
        self._news = news
        self._sessions = sessions
        self._gate = gate
        self._turn = FlushSlot(turns, self._flush_all)
        self._context = SharedContext()
        self._reached: tuple[Feed, int] | None = None
        """The end of the newest turn, which may not have ended yet, and of which feed that is. All
        sessions that are not kept waiting are brought to it, and no further before the next turn:
        from there they can all be sent the same."""
        self._flush_here: Flush | None = None
        """The flush of that turn, while it goes on, or while sessions wait for more of it."""
        self._in_turn = False
        self._unsent_since: float | None = None
        self._tracked = Tracked()
        self._catch_ups: dict[str, CatchUp] = {}  # by session
        self._tasks = Tasks()

    def due(self) -> None:
        """Notes that there is something to send."""
        self._turn.due()

    def revisions_due(self) -> None:
        """Notes that there are revisions to send; how long they wait is measured from now on."""
        if len(self._sessions) == 1 and self._turn.is_idle and self._answers_lone_author():
            return
        self._unsent_since = self._unsent_since or monotonic()
        self._tracked.arrived(self._replica.feed)
        self._turn.due()

    def _answers_lone_author(self) -> bool:
        """Sends the only session the newest revision, if that is its own. Nobody is gained by a
        turn for it: there is no other to share a flush, which is hardly more than one write, and
        its author submits no more before the answer. Returns False if there is anything else to be
        sent, or to be traced."""
        newest = self._replica.feed.newest
        if newest is None or newest.origin is None or newest.origin.session not in self._sessions:
            return False
        if self._gate.is_shut or tracing.is_on():
            return False
        if self._send_newest(newest, self._sessions.values(), monotonic()).rest:
            return False
        metrics.HELD_SECONDS.observe(0.0)
        metrics.PAUSE_SECONDS.observe(0.0)
        return True

    def tell(self, news: Frame, *, but: str = "") -> None:
        """Sends news to all sessions here except `but`, in the order of the calls."""
        self._news.add(news, but=but)
        self._turn.due()

    def close(self) -> None:
        self._turn.close()
        self._tasks.close()
        self._passages.forget()

    def welcome(self, session: Session) -> None:
        """Lets in a session that has its cursor, and keeps it up to date from now on."""
        session.enter(self, self._news.end)

    def act(self, session: Session, action: Action) -> None:
        """Implements `session.SessionServer.act`."""
        match action:
            case Action.SERVE:
                self._flush(session)
            case Action.READ:
                self._tasks.start(
                    self._catch_up(session), "catch-up", key=self._keys.revs, session=session.id
                )
            case Action.GO_ON:
                if (reading := self._catch_ups.get(session.id)) is not None:
                    reading.go_on()
            case Action.NOTHING:
                return

    # --- Flushing --------------------------------------------------------------------------------

    def _flush(self, session: Session) -> None:
        """Brings one session up to where the others are, out of turn."""
        if self._gate.is_shut:
            return  # it has its turn when the gate opens
        feed = self._replica.feed
        flush = self._flush_here
        if flush is None or flush.feed is not feed:
            flush = self._new_flush(len(self._sessions), self._place(), own=OWN_ALONE)
        flush.now = monotonic()
        if self._serve(flush, session):
            self._flush_here = flush  # others may wait for the same
        if not self._in_turn:
            sent(flush.take_tally())
        if flush.upto < feed.head:
            self._turn.due()

    def _place(self) -> int:
        """Returns the revision that the newest turn was to reach."""
        reached, feed = self._reached, self._replica.feed
        return reached[1] if reached is not None and reached[0] is feed else feed.head

    def _new_flush(self, sessions: int, upto: int, *, own: int, questions: int = 0) -> Flush:
        replica = self._replica
        return Flush(
            replica.feed,
            replica.frames,
            monotonic(),
            news=self._news,
            questions=questions,
            context=self._context_for(sessions),
            own=own,
            place=self._place(),
            upto=upto,
        )

    def _flush_all(self) -> Iterable[float]:
        """Takes one turn of the room. Revisions that arrive during it are left for the next one."""
        if self._gate.is_shut:
            return ()
        replica, now = self._replica, monotonic()
        if self._unsent_since is not None:
            metrics.HELD_SECONDS.observe(now - self._unsent_since)
            self._unsent_since = None
        sessions = list(self._sessions.values())
        sending = self._tracked.begin()
        newest, at_once = replica.feed.newest, 0
        if newest is not None and len(sessions) <= SESSIONS_PER_STEP:
            done = self._send_newest(newest, sessions, now)
            if not done.rest:
                self._reached, self._flush_here = (replica.feed, replica.feed.head), None
                sending.end(sessions=len(sessions), revisions=done.revisions)
                return ()
            sessions, at_once = done.rest, done.revisions
        return self._flush_some(sessions, sending, at_once)

    def _flush_some(
        self, sessions: list[Session], sending: TrackedFlush, at_once: int
    ) -> Iterator[float]:
        """Brings these sessions up to date; `at_once` is what others have been sent already."""
        replica = self._replica
        flush = self._flush_here = self._new_flush(
            len(self._sessions),
            replica.feed.head,
            own=min(OWN_SHARE * len(sessions), OWN_MOST),
            questions=1 + len(sessions) // QUESTIONS_SHARE,
        )
        self._reached = (replica.feed, flush.upto)
        self._in_turn = True
        waits = False

        def serve(session: Session) -> None:
            nonlocal waits
            waits = self._serve(flush, session) or waits

        for start in range(0, len(sessions), SESSIONS_PER_STEP):
            if replica.feed is not flush.feed or self._gate.is_shut:
                break  # the pad was deleted meanwhile, or has passed on to another reign
            push(flush, sessions[start : start + SESSIONS_PER_STEP], serve)
            yield flush.kernel_seconds()
        self._in_turn = False
        if not waits:
            self._flush_here = None
        tally = flush.finish()
        sending.end(sessions=len(sessions), revisions=at_once + tally.revisions)
        sent(flush.take_tally())

    def _send_newest(
        self, newest: Revision, sessions: Collection[Session], now: float
    ) -> NewestSent:
        """Sends a revision to those who lack nothing else."""
        context = self._context_for(len(sessions))
        frames = self._replica.frames
        done = send_newest(newest, self._news.end, frames, sessions, now, context)
        done.count()
        return done

    def _context_for(self, sessions: int) -> SharedContext | None:
        """Returns None if there are too few sessions for compression to pay."""
        return self._context if sessions >= WORTH else None

    def _serve(self, flush: Flush, session: Session) -> bool:
        """Sends a session what it lacks of this flush, and returns whether it waits for more."""
        flushed = session.flush(flush)
        match flushed:
            case Flushed.WAITING:
                session.wait()
            case Flushed.BEHIND:
                session.happened(SessionEvent.FELL_BEHIND)
            case Flushed.LOST_TOUCH:
                session.drop("overflow")
        return flushed is Flushed.WAITING

    async def _catch_up(self, session: Session) -> None:
        reading = self._catch_ups[session.id] = CatchUp(
            session, self._replica, self._passages, self._gate
        )
        try:
            await reading.run()
        except HistoryLost as error:
            log.error("history not readable", extra={"key": self._keys.revs, "error": str(error)})
            session.drop("history")
        except Exception:
            # The session would be stuck forever; without its connection, its client starts again.
            log.exception("session not brought up to date", extra={"key": self._keys.revs})
            session.drop("history")
        finally:
            del self._catch_ups[session.id]
        session.happened(SessionEvent.CAUGHT_UP)
