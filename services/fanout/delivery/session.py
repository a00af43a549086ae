"""Implements one socket's stay on one pad."""

import asyncio
import random
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Protocol

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.answers import AwaitedAnswer, SubmissionAnswer
from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.pools import SentPools
from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.delivery.send_plan import SendPlan, plan
from padfleet.services.fanout.delivery.session_state import (
    Action,
    SessionEvent,
    SessionState,
    is_behind,
    transition,
)
from padfleet.services.fanout.delivery.stretches import Stretch
from padfleet.services.fanout.delivery.turns import Turns
from padfleet.services.fanout.delivery.window import ASIDE_ROOM, ASK_AGE, Probe, Window
from padfleet.services.fanout.pads.steps import AcceptCommit
from padfleet.services.fanout.transport.deflate import SharedRun
from padfleet.services.fanout.transport.outbound import Outbound, OutboundClosed
from padfleet.services.fanout.transport.packets import PING, Frame, Parcel
from padfleet.shared.log.channel_messages import Member
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.people.visitors import AuthorVisit
from padfleet.shared.log.records import Origin


def new_session_id() -> str:
    """Returns an id that is unique in the fleet, permanently, since it names submissions in the
    log."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """The owner of a session, and its rights. They do not change during the session."""

    author: str
    pad_id: str  #: the real one; a read-only client must never see it
    requested_id: str  #: what the client asked for: the pad's id or its read-only id
    read_only_id: str  #: empty if it has none yet
    read_only: bool
    embedded: bool  #: the history iframe of a page: shares its author, neither kicks nor is kicked
    name: str | None = None  #: set if a token or the access hook prescribes it
    color: str | None = None  #: likewise prescribed
    expires: float | None = None  #: Unix seconds; after that, access has to be granted anew
    address: str = ""  #: the client's address, as far as we can know
    known: Author | None = field(default=None, compare=False)
    """The stored record of the author when the session was let in, if that was looked up."""
    made: Author | None = field(default=None, compare=False)
    """The record to store of an author who has just been created."""
    visit: AuthorVisit | None = field(default=None, compare=False)
    """How the author came, if coming is not enough to keep them permanently."""
    due: bool = field(default=False, compare=False)  #: the author is to be noted as seen
    unmade: bool = field(default=False, compare=False)  #: the pad did not exist a moment ago
    damaged: bool = field(default=False, compare=False)  #: the pad can only be read, by anybody
    kept_out: bool = field(default=False, compare=False)  #: was sent away, and comes too early
    away: bool = field(default=False, compare=False)  #: the pad was left in the cold store

    @property
    def has_record(self) -> bool:
        """Returns whether the author's record has been read, or made."""
        return self.made is not None or self.known is not None


class Flushed(Enum):
    """The result of a flush for a session."""

    UP_TO_DATE = "has everything, or its socket is gone"
    WAITING = "its socket has to take, or its client to acknowledge, what it was sent before"
    BEHIND = "lacks revisions that the feed does not hold any more"
    LOST_TOUCH = "lacks news that are not kept any more"


class SessionServer(Protocol):
    """Sends the sessions of a pad what they lack."""

    def act(self, session: "Session", action: Action) -> None:
        """Does what the session's state asks for."""


def _new_window() -> Window:
    return Window(time.monotonic() - random.uniform(0, ASK_AGE))


@dataclass(slots=True, eq=False)
class Session:
    identity: SessionIdentity
    exit: Outbound
    batching: bool
    points: bool = False  #: is sent the cursors of others, and sends its own
    acks: bool = False  #: the client answers requests for a Socket.IO acknowledgement
    knows_sessions: bool = False  #: the client is told which session a revision came from
    adds_author: bool = False  #: inserts without an author get this session's (see `legacy`)
    id: str = field(default_factory=new_session_id)
    order: int = 0  #: which of the pad's sessions this is
    sent_away: bool = False  #: by an operator
    epoch: int = 0  #: of the history it has joined
    cursor: DeliveryCursor = field(default_factory=lambda: DeliveryCursor(-1))
    window: Window = field(default_factory=_new_window)
    news_at: int = 0  #: its place in the news of the pad
    roster: RosterCursor = field(default_factory=RosterCursor)
    state: SessionState = SessionState.ARRIVING
    """The session's state, which only `happened` changes."""
    pending: dict[int, SubmissionAnswer] = field(default_factory=dict)
    """The objects that wait for the answers to submissions, by the submission's `seq`."""
    turns: Turns | None = None
    """Where submissions wait, once one of them was handed over to a writer in this process."""
    pools: SentPools = field(default_factory=SentPools)
    _server: SessionServer | None = None  #: set when it has entered
    _asked: deque[Probe] | None = None  #: acknowledgements asked for, oldest first
    _seen: tuple[int, int, float] | None = None
    _seq: int = 0

    @property
    def author(self) -> str:
        return self.identity.author

    def member(self, me: Author, worker: str) -> Member:
        """Returns the session in the form in which other workers know it."""
        identity = self.identity
        return Member(
            self.id, me.id, worker, me.name, me.color, identity.embedded, identity.read_only
        )

    @property
    def next_origin(self) -> Origin:
        """Returns the origin for the next inbox entry. `expects` uses it up."""
        return Origin(self.id, self._seq + 1)

    def expects(self, origin: Origin, answer: SubmissionAnswer) -> None:
        """Notes that the entry with this origin is on its way; `answer` is told its outcome."""
        self._seq = origin.seq
        self.pending[origin.seq] = answer

    def expect(self) -> tuple[Origin, "asyncio.Future[Outcome | None]"]:
        """Returns the origin for the next inbox entry, and the future of its outcome."""
        origin, answer = self.next_origin, AwaitedAnswer()
        self.expects(origin, answer)
        return origin, answer.future

    def settle(self, seq: int, outcome: Outcome | None) -> None:
        """Passes on the writer's answer. A second answer to the same submission is ignored."""
        answer = self.pending.pop(seq, None)
        if answer is not None:
            answer.answered(outcome)

    def abandon(self) -> None:
        """Ends all waiting for answers, since the session has left."""
        while self.pending:
            _, answer = self.pending.popitem()
            answer.abandoned()

    # --- Its state -------------------------------------------------------------------------------

    def joins(self, epoch: int, cursor: DeliveryCursor) -> None:
        """Sets the client's place in the pad's history; to be called before `enter`."""
        self.epoch, self.cursor = epoch, cursor

    def enter(self, server: SessionServer, news_at: int) -> None:
        """Lets `server` send the session what arrives from now on: revisions after its cursor, and
        news from this place on."""
        self._server, self.news_at = server, news_at
        self.happened(SessionEvent.ENTERED)

    def happened(self, event: SessionEvent) -> None:
        """Moves the session to the next state, and has the resulting action carried out."""
        self.state, action = transition(self.state, event)
        if action is not Action.NOTHING and self._server is not None:
            self._server.act(self, action)

    def drop(self, why: str, reason: str = "") -> None:
        """Closes the connection; its client comes back and resumes. `reason` is what it is told, if
        it can do something with a reason."""
        metrics.DROPPED.labels(why).inc()
        self.exit.end(reason)

    @property
    def is_behind(self) -> bool:
        """Returns whether the session has not yet taken what it was sent before."""
        return is_behind(self.state) or self.exit.backlog > 0

    def is_stalled(self, now: float, timeout: float) -> bool:
        """Returns whether the session has been waiting for `timeout` seconds without any progress.
        It has to be called now and then."""
        if not is_behind(self.state):
            self._seen = None
            return False
        acked, backlog = self.window.acked, self.exit.backlog
        if self._seen is None or self._seen[:2] != (acked, backlog):
            self._seen = (acked, backlog, now)
        return now - self._seen[2] >= timeout

    # --- Sending ---------------------------------------------------------------------------------

    def send(self, frame: Frame | Parcel) -> None:
        """Sends something outside the pad's revisions. Nothing is sent to a socket that is gone."""
        try:
            self.exit.write(frame)
        except OutboundClosed:
            return

    def offer(self, what: Frame | SharedRun, now: float) -> int:
        """Sends something that can wait for as long as there is anything else for the session to
        take. Returns its bytes, or 0 if it was not sent."""
        window = self.window
        if self.state is not SessionState.CURRENT or window.room < ASIDE_ROOM:
            return 0
        if isinstance(what, SharedRun):
            size = self.exit.offer_run(what)
        else:
            size = len(what.websocket) if self.exit.offer(what) else 0
        if not size:
            return 0
        asks = window.sent + size >= window.quiet_bytes
        window.sent += size
        if asks:
            # The question is not part of the frame, which others are sent, too.
            self.send(PING)
            self._ask(now, 0, pinged=True)
        return size

    def flush(self, flush: Flush) -> Flushed:
        """Sends what the feed has beyond the cursor, as far as the socket and the window allow.

        It is synchronous, so two flushes of a session cannot overlap. Everything is sent in one
        write, and only then is the cursor moved, so it is right wherever this ends (I4).
        """
        cursor = self.cursor
        try:
            stretches = flush.stretches(cursor.sent_rev)
        except IndexError:
            return Flushed.UP_TO_DATE if self.exit.closed else Flushed.BEHIND
        try:
            news = flush.news(self.news_at)
        except IndexError:
            return Flushed.LOST_TOUCH
        if not stretches and not news and not cursor.accepted:
            return Flushed.UP_TO_DATE
        if self.window.room <= 0:
            return self._stopped()
        planned = plan(
            self.id,
            cursor,
            self.window,
            news,
            stretches,
            flush.encoder,
            flush.now,
            had=self.exit.had,
            batching=self.batching,
            acks=self.acks,
            may_measure=flush.questions > 0,
        )
        if planned.frames and not self._offer(planned, flush):
            return self._stopped()
        committed_ms = stretches[0].revisions[0].time if stretches else 0
        self._has_sent(planned, flush, len(news), committed_ms)
        return Flushed.UP_TO_DATE if planned.complete else self._stopped()

    def _offer(self, planned: SendPlan, flush: Flush) -> bool:
        if self.exit.transport is None:
            return self.exit.offer(Frame.joined(planned.frames))
        made = planned.made
        if not self.exit.offer_deflated(made):
            return False
        flush.tally.before += made.before
        flush.tally.after += made.after
        if planned.shared is not None:
            flush.had[planned.shared] += 1
        return True

    def _has_sent(self, sent: SendPlan, flush: Flush, news: int, committed_ms: int) -> None:
        """Moves everything on after the transport has taken the messages. `news` of them were
        looked at; `committed_ms` is when the oldest revision was committed."""
        self.window.sent += sent.size
        self.news_at += news
        flush.tally.writes += 1
        flush.tally.bytes += sent.size
        for part in sent.taken:
            self.cursor.moved(part)
            if isinstance(part, Stretch):
                flush.tally.count_stretch(part, self.batching)
                continue
            flush.tally.count(part)
            if isinstance(part, AcceptCommit):
                self.settle(part.seq, None)
        if sent.asks:
            flush.questions -= sent.measures
            self._ask(flush.now, committed_ms, pinged=not sent.by_ack)

    def _stopped(self) -> Flushed:
        return Flushed.UP_TO_DATE if self.exit.closed else Flushed.WAITING

    def wait(self) -> None:
        """Leaves the session out until its socket has taken what it was given, or its client
        acknowledges some of it. What it lacks meanwhile is kept only in the feed (I6)."""
        self.happened(SessionEvent.STUCK)
        # With the window full, room in the socket is no progress; if asked for it, the socket would
        # keep reporting it.
        if self.exit.backlog > 0 and self.window.room > 0:
            self.exit.when_drained(self._has_room)

    # --- What has arrived ------------------------------------------------------------------------

    def has_acknowledged(self, rev: int, now: float) -> None:
        """Takes in the client's acknowledgement of this revision. Only an id that we gave to the
        client counts: any other proves nothing."""
        if self._asked is None or all(probe.rev != rev for probe in self._asked):
            return
        while self._asked and self._asked[0].rev <= rev:
            self._arrived(self._asked.popleft(), now)

    def has_built_on(self, rev: int) -> None:
        """Takes in that the client has submitted a change with this `baseRev`, and so has that
        revision."""
        cursor = self.cursor
        if cursor.acked_rev < rev <= cursor.sent_rev:
            cursor.acked_rev = rev
            if rev == cursor.sent_rev:
                self.window.all_arrived()
            self._has_room()

    def has_pinged(self, now: float, committed_ms: int) -> None:
        """Records that a ping went with the newest revision that was sent, to ask whether it has
        arrived; `committed_ms` is when that was committed."""
        self._ask(now, committed_ms, pinged=True)

    def _ask(self, now: float, committed_ms: int, *, pinged: bool) -> None:
        """Records the question that has just been sent."""
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
        self._has_room()

    def _has_room(self) -> None:
        if self.state is not SessionState.CURRENT:  # as it is with nearly every edit
            self.happened(SessionEvent.MADE_ROOM)
