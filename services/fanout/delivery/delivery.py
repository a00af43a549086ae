"""Brings the sessions of one room what has come: when it is their turn, as fast as they take it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from time import monotonic

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.catchup import catch_up
from padfleet.services.fanout.delivery.fast_path import push
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.flush_counts import sent
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler, FlushSlot
from padfleet.services.fanout.delivery.session import Flushed, Session
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.pads.passages import HistoryLost, Passages
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.pads.tracked import Tracked
from padfleet.services.fanout.pads.vouching import Vouching
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

SESSIONS_PER_STEP = 32
"""Sessions that a flush serves between two looks at the clock: some 200 µs."""

QUESTIONS_SHARE = 16
"""One in so many sessions is asked in the same flush, for the sake of measuring, what has
arrived."""

Drop = Callable[[Session, str], None]
"""Breaks a session's connection, for this reason."""


class Delivery:
    def __init__(
        self,
        redis: Redis,
        keys: PadKeys,
        held: PadReplica,
        news: News,
        sessions: Mapping[str, Session],
        turns: FlushScheduler,
        drop: Drop,
        vouching: Vouching,
    ) -> None:
        """`sessions` are the room's, as they are at any moment; while they are being vouched for,
        they are sent nothing."""
        self._keys = keys
        self._passages = Passages(redis, keys)
        self._held = held
        self._news = news
        self._sessions = sessions
        self._drop = drop
        self._vouching = vouching
        vouching.on_done = self.due
        self._turn = FlushSlot(turns, self._flush_all)
        self._unsent_since: float | None = None
        self._tracked = Tracked()
        self._catching_up = Tasks()

    def due(self) -> None:
        """There is something to send."""
        self._turn.due()

    def revisions_due(self) -> None:
        """Likewise, and from now on it is measured how long they have waited."""
        self._unsent_since = self._unsent_since or monotonic()
        self._tracked.arrived(self._held.feed)
        self._turn.due()

    def close(self) -> None:
        self._turn.close()
        self._catching_up.close()
        self._passages.forget()

    def welcome(self, session: Session) -> None:
        """The session has its cursor, and is brought up to date from here on."""
        session.progressed = self._progressed
        session.news_at = self._news.end  # who is here already, it is told by itself
        self._flush(session)

    # --- Flushing --------------------------------------------------------------------------------

    def _progressed(self, session: Session) -> None:
        if session.id in self._sessions:
            self._flush(session)

    def _flush(self, session: Session) -> None:
        """Brings one session up to date, out of turn."""
        if not session.catching_up:
            session.waiting = False
            if self._vouching.under_way:
                return  # it has its turn when that is done
            flush = Flush(self._held.feed, self._held.frames, monotonic(), news=self._news)
            self._serve(flush, session)
            sent(flush.finish())

    def _flush_all(self) -> Iterator[float]:
        """One turn of the room. Revisions that come during it are for the next one."""
        if self._vouching.under_way:
            return
        held, now = self._held, monotonic()
        if self._unsent_since is not None:
            metrics.HELD_SECONDS.observe(now - self._unsent_since)
            self._unsent_since = None
        sessions = list(self._sessions.values())
        questions = 1 + len(sessions) // QUESTIONS_SHARE
        flush = Flush(held.feed, held.frames, now, news=self._news, questions=questions)
        sending = self._tracked.begin()
        serve = partial(self._serve, flush)
        for start in range(0, len(sessions), SESSIONS_PER_STEP):
            if held.feed is not flush.feed or self._vouching.under_way:
                break  # the pad was deleted meanwhile, or has passed on to another reign
            push(flush, sessions[start : start + SESSIONS_PER_STEP], serve)
            yield flush.kernel_seconds()
        sent(flush.finish())
        sending.end(sessions=len(sessions), revisions=flush.tally.revisions)

    def _serve(self, flush: Flush, session: Session) -> None:
        match session.flush(flush):
            case Flushed.WAITING:
                session.wait()
            case Flushed.BEHIND:
                session.catching_up = session.waiting = True
                self._catching_up.start(
                    self._catch_up(session), "catch-up", key=self._keys.revs, session=session.id
                )
            case Flushed.LOST_TOUCH:
                self._drop(session, "overflow")

    async def _catch_up(self, session: Session) -> None:
        held = self._held
        epoch = held.epoch
        try:
            await catch_up(
                self._passages,
                session,
                lambda: held.history,
                lambda: held.feed.first,
                lambda: session.id in self._sessions and held.epoch == epoch,
                self._vouching.done,
            )
        except HistoryLost as error:
            log.error("history not readable", extra={"key": self._keys.revs, "error": str(error)})
            self._drop(session, "history")
        except Exception:
            # It would stand still for good; without its connection its client begins again.
            log.exception("session not brought up to date", extra={"key": self._keys.revs})
            self._drop(session, "history")
        session.catching_up = False
        self._progressed(session)
