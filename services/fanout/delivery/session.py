"""One socket's stay on one pad."""

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.cursor import DeliveryCursor, steps
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.window import ASK_AGE, Probe, Window
from padfleet.services.fanout.pads.collabroom import with_ack
from padfleet.services.fanout.pads.steps import AcceptCommit, Step
from padfleet.services.fanout.transport.outbound import Outbound, OutboundClosed
from padfleet.services.fanout.transport.packets import PING, Frame, Parcel
from padfleet.shared.log.authors import Author, AuthorVisit
from padfleet.shared.log.records import Member, Origin, Outcome


def new_session_id() -> str:
    """Unique over the fleet and for good: it names submissions in the log."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """Who a session belongs to, and what it may do. Fixed for its stay."""

    author: str
    pad_id: str  #: the real one; a read-only client must never see it
    requested_id: str  #: what the client asked for: the pad's id or its read-only id
    read_only_id: str  #: empty: it has none yet
    read_only: bool
    embedded: bool  #: the history iframe of a page: shares its author, neither kicks nor is kicked
    name: str | None = None  #: given by whoever let it in, so that it cannot choose another
    color: str | None = None  #: likewise
    expires: float | None = None  #: Unix seconds; then it has to be let in anew
    address: str = ""  #: where it comes from, as far as we can know
    known: Author | None = field(default=None, compare=False)
    """What was on record of the author when it was let in, if that was asked."""
    made: Author | None = field(default=None, compare=False)
    """What is to be put on record of an author who has just been made."""
    visit: AuthorVisit | None = field(default=None, compare=False)
    """How he came, if that he came is no reason to keep him for good."""
    due: bool = field(default=False, compare=False)  #: to be noted as seen
    unmade: bool = field(default=False, compare=False)  #: there was no such pad a moment ago


class Flushed(Enum):
    """How a flush left a session."""

    UP_TO_DATE = "has everything, or its socket is gone"
    WAITING = "its socket has to take, or its client to acknowledge, what it was sent before"
    BEHIND = "lacks revisions that the feed does not hold any more"
    LOST_TOUCH = "lacks news that are not kept any more"


def _new_window() -> Window:
    return Window(time.monotonic() - random.uniform(0, ASK_AGE))


@dataclass(slots=True, eq=False)
class Session:
    identity: SessionIdentity
    exit: Outbound
    batching: bool
    points: bool = False  #: is told where the others have their cursors, and tells his own
    acks: bool = False  #: the client answers requests for a Socket.IO acknowledgement
    knows_sessions: bool = False  #: the client is told which session a revision came from
    adds_author: bool = False  #: inserts without an author get this session's (see `legacy`)
    id: str = field(default_factory=new_session_id)
    order: int = 0  #: which of the pad's sessions this is
    epoch: int = 0  #: of the history it has joined
    cursor: DeliveryCursor = field(default_factory=lambda: DeliveryCursor(-1))
    window: Window = field(default_factory=_new_window)
    news_at: int = 0  #: its place in the news of the pad's people
    waiting: bool = False  #: skipped by flushes: see `Flushed`, or it has left
    catching_up: bool = False  #: a task reads what the feed does not hold any more
    progressed: "Callable[[Session], None] | None" = None  #: called when `waiting` may end
    pending: dict[int, "asyncio.Future[Outcome | None]"] = field(default_factory=dict)
    """Submissions under way by `seq`; the result is None where a revision came of it."""
    _asked: deque[Probe] | None = None  #: acknowledgements asked for, oldest first
    _seen: tuple[int, int, float] | None = None
    _seq: int = 0

    @property
    def author(self) -> str:
        return self.identity.author

    def member(self, me: Author, worker: str) -> Member:
        """The session as the other workers know it."""
        identity = self.identity
        return Member(
            self.id, me.id, worker, me.name, me.color, identity.embedded, identity.read_only
        )

    def expect(self) -> tuple[Origin, "asyncio.Future[Outcome | None]"]:
        """The origin for the next inbox entry, and the future of its outcome."""
        self._seq += 1
        answer: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self.pending[self._seq] = answer
        return Origin(self.id, self._seq), answer

    def settle(self, seq: int, outcome: Outcome | None) -> None:
        """The writer has answered; a second answer to the same submission is passed over."""
        answer = self.pending.pop(seq, None)
        if answer is not None and not answer.done():
            answer.set_result(outcome)

    # --- Sending ---------------------------------------------------------------------------------

    def send(self, frame: Frame | Parcel) -> None:
        """Outside the pad's revisions. A socket that is gone needs nothing any more."""
        try:
            self.exit.write(frame)
        except OutboundClosed:
            return

    def flush(self, flush: Flush) -> Flushed:
        """Sends what the feed has beyond the cursor, as far as the socket and the window let it.

        Synchronous, so two flushes of a session cannot overlap. Everything leaves in one write,
        and only then the cursor moves, so it is right wherever this ends (I4).
        """
        cursor, window = self.cursor, self.window
        try:
            revisions = flush.revisions(cursor.sent_rev)
        except IndexError:
            return Flushed.BEHIND
        try:
            news = flush.news(self.news_at)
        except IndexError:
            return Flushed.LOST_TOUCH
        if not revisions and not news and not cursor.accepted:
            return Flushed.UP_TO_DATE
        if window.room <= 0:
            return self._stopped()
        sending = [frame for frame, but in news if but != self.id]
        size = sum(len(frame.websocket) for frame in sending)
        taken: list[tuple[Step, Frame]] = []
        left = False
        for step in steps(cursor, self.id, revisions, batching=self.batching):
            left = size >= window.room
            if left:
                break
            taken.append((step, flush.frames.of(step)))
            size += len(taken[-1][1].websocket)
        sending += [frame for _, frame in taken]
        # News alone are asked about too: with the window full of them, nothing else would be sent
        # that could ask.
        asks = bool(sending) and (window.urgent(size, flush.now) or self._is_welcome_to_ask(flush))
        by_ack = self.acks and bool(taken)
        if asks and by_ack:
            sending[-1] = with_ack(sending[-1], taken[-1][0].sent_rev)
        elif asks:
            sending.append(PING)
        if sending and not self.exit.offer(Frame.joined(sending)):
            return self._stopped()
        window.sent += size
        self.news_at += len(news)
        flush.tally.writes += 1
        flush.tally.bytes += size
        for step, _ in taken:
            cursor.moved(step)
            flush.tally.count(step)
            if isinstance(step, AcceptCommit):
                self.settle(step.seq, None)
        if asks:
            committed_ms = revisions[0].time if revisions else 0
            self._ask(flush.now, committed_ms, pinged=not by_ack)
        return self._stopped() if left else Flushed.UP_TO_DATE

    def _stopped(self) -> Flushed:
        return Flushed.UP_TO_DATE if self.exit.closed else Flushed.WAITING

    def wait(self) -> None:
        """To be left out until its socket has taken what it was given, or its client acknowledges
        some of it. What it lacks meanwhile is kept nowhere but in the feed (I6)."""
        self.waiting = True
        # With the window full, room in the socket is no progress: asked for it, the socket would
        # say so again and again.
        if self.exit.backlog > 0 and self.window.room > 0:
            self.exit.when_drained(self.may_progress)

    def is_stalled(self, now: float, timeout: float) -> bool:
        """Whether it has been waiting for `timeout` seconds without the least progress. To be
        asked now and then."""
        if not self.waiting:
            self._seen = None
            return False
        acked, backlog = self.window.acked, self.exit.backlog
        if self._seen is None or self._seen[:2] != (acked, backlog):
            self._seen = (acked, backlog, now)
        return now - self._seen[2] >= timeout

    @property
    def is_behind(self) -> bool:
        """Whether it has not taken what it was sent before."""
        return self.waiting or self.exit.backlog > 0

    # --- What has arrived ------------------------------------------------------------------------

    def has_acknowledged(self, rev: int, now: float) -> None:
        """The client has answered for this revision: an id that we gave it, so that an id never
        given proves nothing."""
        if self._asked is None or all(probe.rev != rev for probe in self._asked):
            return
        while self._asked and self._asked[0].rev <= rev:
            self._arrived(self._asked.popleft(), now)

    def has_built_on(self, rev: int) -> None:
        """The client has submitted a change with this `baseRev`, so it has that revision."""
        cursor = self.cursor
        if cursor.acked_rev < rev <= cursor.sent_rev:
            cursor.acked_rev = rev
            if rev == cursor.sent_rev:
                self.window.all_arrived()
            self.may_progress()

    def _is_welcome_to_ask(self, flush: Flush) -> bool:
        if flush.questions > 0 and self.window.due(flush.now):
            flush.questions -= 1
            return True
        return False

    def _ask(self, now: float, committed_ms: int, *, pinged: bool) -> None:
        """Notes the question that has just been sent."""
        probe = self.window.probe(self.cursor.sent_rev, committed_ms, now)
        if pinged:
            self.exit.pinged(now, partial(self._arrived, probe))
        else:
            self._asked = self._asked or deque()
            self._asked.append(probe)

    def _arrived(self, probe: Probe, now: float) -> None:
        self.window.answered(probe)
        self.cursor.acked_rev = max(self.cursor.acked_rev, probe.rev)
        if probe.committed_ms:
            metrics.delivered(probe.committed_ms)
        self.may_progress()

    def may_progress(self) -> None:
        """Its socket or its client has made room."""
        if self.waiting and self.progressed is not None:
            self.progressed(self)
