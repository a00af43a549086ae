"""One pad on one worker: its sessions here, and what the pad's channel brings them.

What is held of the pad is in `held`, what is known of the people on it in `people`; `repair` and
`presence_sync` set these right from what is stored, and `delivery` sends the sessions what they
lack.
"""

import asyncio
import logging

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.delivery import Delivery
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler
from padfleet.services.fanout.delivery.session import Session, new_session_id
from padfleet.services.fanout.hub.greetings import Greetings
from padfleet.services.fanout.hub.pad_metadata import PadMetadata
from padfleet.services.fanout.pads.feed import Doubt, Feed, Gap
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.pads.resync import Resync
from padfleet.services.fanout.presence import resume_token
from padfleet.services.fanout.presence.leave import LeaveQueue
from padfleet.services.fanout.presence.people import People
from padfleet.services.fanout.presence.pointers import Pointers
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.presence.secrecy import Secret
from padfleet.services.fanout.presence.sync import PresenceSync
from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.outbound import OVERFLOW
from padfleet.shared.budget import Budget
from padfleet.shared.log.announcements import Announcement, Pointed, Relayed
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.groups import group_of
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.records import (
    OPENS,
    ChannelMessage,
    Committed,
    Deleted,
    Joined,
    Left,
    Origin,
    Outcome,
    Replaced,
    Unsettled,
    UserInfo,
)
from padfleet.shared.tasks import TaskFault, all_of

log = logging.getLogger(__name__)

SENT_INTERVAL = 0.1
"""Seconds between two looks at a session that is slow to take what it is sent: a matter of seconds
anyway, and rare."""


class Room:
    """Follows a pad for as long as sessions of this worker are on it, or about to be."""

    def __init__(
        self,
        redis: Redis,
        pad_id: str,
        keys: PadKeys,
        turns: FlushScheduler,
        leave_queue: LeaveQueue,
        *,
        ring: int,
        outgoing: Budget,
        most_pointing: int = 0,
    ) -> None:
        self._redis = redis
        self.pad_id = pad_id
        self.keys = keys
        self.sessions: dict[str, Session] = {}
        self.arriving: dict[str, Session] = {}
        """Sessions in the middle of joining: they have inbox entries, but no cursor yet."""
        self.users = 0  #: joins under way and sessions; the room closes at 0
        self.opened: asyncio.Task[TaskFault | None] | None = None
        self.making = asyncio.Lock()
        self.made_in = -1  #: the epoch in which somebody here has had the turn to make the pad
        opens = OPENS if group_of(pad_id) is None else ""
        self.origin = Origin(opens + new_session_id(), 1)
        """Of what the room itself puts into the inbox, which is only the pad's creation."""
        self._early: list[ChannelMessage | Announcement] | None = []
        self.people = People(lambda: self._delivery.due())
        self.held = PadReplica(
            redis,
            keys,
            ring=ring,
            on_revisions=lambda: self._delivery.revisions_due(),
            on_reign=lambda reign: self.repair.holds_under(reign),
        )
        self.repair = Resync(redis, pad_id, keys, self.held, self)
        self._delivery = Delivery(
            redis,
            keys,
            self.held,
            self.people.news,
            self.sessions,
            turns,
            self.drop,
            self.repair.vouching,
        )
        self.presence_sync = PresenceSync(
            redis, keys, self.people, self._part_from_earlier_sessions
        )
        self.beside = PadMetadata(
            redis,
            keys,
            Secret(pad_id),
            self.people.tell,
            self._send_to_some,
            self._tell_apart,
        )
        self.pointers = Pointers(redis, keys, self.sessions, self.people.roster, most_pointing)
        self.greetings = Greetings(redis, self.held, self.people, outgoing)
        self._leave_queue = leave_queue

    # --- Opening and closing ---------------------------------------------------------------------

    async def open(self) -> None:
        """Reads the pad. The channel must be subscribed already: what it brings meanwhile is kept
        aside and taken in after, so nothing falls between (subscribe, read, merge)."""
        await all_of(self.held.load(), self.presence_sync.open(), self.beside.open())
        early, self._early = self._early or [], None
        for message in early:
            self.take(message)

    def close(self) -> None:
        self._delivery.close()
        self.repair.close()
        self.presence_sync.close()
        self.beside.close()
        self.pointers.close()

    # --- The pad as it is ------------------------------------------------------------------------

    @property
    def feed(self) -> Feed:
        return self.held.feed

    @property
    def epoch(self) -> int:
        return self.held.epoch

    @property
    def reign(self) -> str:
        return self.held.reign

    async def sent(self, session: Session, rev: int) -> None:
        """Returns when the session has been sent everything up to `rev`, or is gone."""
        while session.cursor.sent_rev < rev and session.id in self.sessions:  # noqa: ASYNC110
            await asyncio.sleep(SENT_INTERVAL)

    # --- Sessions --------------------------------------------------------------------------------

    def enter(self, session: Session) -> None:
        """The session has its cursor, and from now on gets everything that follows."""
        self.arriving.pop(session.id, None)
        self.sessions[session.id] = session
        metrics.SESSIONS.inc()
        self._delivery.welcome(session)
        self.pointers.welcome(session)

    def has(self, session: str) -> bool:
        """Whether it is here, or about to be."""
        return session in self.sessions or session in self.arriving

    def is_duplicate(self, session: Session) -> bool:
        """Whether its author has come again since, in another window."""
        return not session.identity.embedded and self.people.roster.has_later(
            session.author, session.order
        )

    def remove(self, session: Session) -> bool:
        """Takes it off this worker; False if it was not on."""
        self.arriving.pop(session.id, None)
        if self.sessions.pop(session.id, None) is None:
            return False
        metrics.SESSIONS.dec()
        session.may_progress()  # so that a task that waits for it sees that it has gone
        session.waiting = True
        return True

    def drop_stalled(self, now: float, timeout: float) -> None:
        """Breaks the connections that have taken nothing for `timeout` seconds although there was
        something to take."""
        for session in list(self.sessions.values()):
            if session.is_stalled(now, timeout):
                log.info("stalled", extra={"pad": self.pad_id, "rev": session.cursor.sent_rev})
                self.drop(session, "stalled")

    def drop(self, session: Session, why: str) -> None:
        """Breaks the session's connection; its client comes back and resumes."""
        metrics.DROPPED.labels(why).inc()
        session.exit.end()

    def reply(self, session: Session, frame: packets.Frame) -> None:
        """An answer to the session alone. A client that goes on asking and takes no answers is let
        go: they would pile up here."""
        if session.exit.kept > OVERFLOW:
            self.drop(session, "overflow")
        else:
            session.send(frame)

    def _send_to_some(self, frame: packets.Frame, relayed: Relayed) -> None:
        for session in list(self.sessions.values()):
            if (
                relayed.author in ("", session.author)
                and not (relayed.writers and session.identity.read_only)
                and relayed.but != session.id
            ):
                self.reply(session, frame)

    def _tell_apart(self, for_writers: packets.Frame, for_readers: packets.Frame) -> None:
        for session in list(self.sessions.values()):
            self.reply(session, for_readers if session.identity.read_only else for_writers)

    def kick(self, session: Session, reason: str) -> None:
        """Tells a client that it has to leave, for a reason that Etherpad's page knows."""
        metrics.DISCONNECTS.labels(reason).inc()
        session.send(packets.packet({"disconnect": reason}))
        self.remove(session)

    def kick_and_say(self, session: Session, reason: str) -> None:
        """As `kick`, and the others see it leave."""
        if session.id in self.sessions:
            self.kick(session, reason)
            self._leave_queue.say_in_passing(self.keys, self._left(session))

    async def say_left(self, session: Session) -> None:
        """Takes a session out of the members that all workers see."""
        await self._leave_queue.say(self.keys, self._left(session))

    def _left(self, session: Session) -> Left:
        return Left(session.id, session.author, self.people.color_of(session.author))

    def _part_from_earlier_sessions(self, joined: Joined) -> None:
        """An author is on a pad once: who comes again in another window takes over."""
        if not joined.member.embedded:
            for other in self.people.roster.sessions_of(joined.member.author):
                session = self.sessions.get(other)
                if session is not None and self.is_duplicate(session):
                    self.kick_and_say(session, "userdup")

    # --- The channel -----------------------------------------------------------------------------

    def take(self, message: ChannelMessage | Announcement) -> None:
        """A message of the pad's channel."""
        if self._early is not None:
            self._early.append(message)
            return
        match message:
            case Committed():
                self._committed(message)
            case Joined():
                self.presence_sync.joined(message)
            case Left():
                self.presence_sync.left(message)
            case UserInfo():
                self.people.changed(message)
            case Deleted(epoch):
                self.deleted(epoch)
            case Unsettled():
                self.repair.begin()
            case Replaced(epoch):
                self.deleted(epoch, "rejected")
                self.repair.begin()
            case Pointed():
                self.pointers.take(message)
            case _:
                self.beside.take(message)

    def resubscribed(self) -> None:
        """The channel had been lost: anything may have been missed."""
        self.repair.begin()
        self.beside.refresh()
        self.presence_sync.refresh()

    def _committed(self, message: Committed) -> None:
        held = self.held
        first = message.revisions[0] if message.revisions else None
        try:
            self._take_in(message)
        finally:
            if first is not None and first.rev == 0 and message.epoch == held.epoch:
                self.beside.is_made(first.author)

    def _take_in(self, message: Committed) -> None:
        held = self.held
        if not self._redis.is_present(self.keys.partition, message.reign):
            return  # from a server whose place another has taken: nobody can rely on it
        if message.epoch > held.epoch:
            # The message about the pad's deletion was lost.
            self.deleted(message.epoch)
        if message.epoch < held.epoch:
            # A pad whose meta the writer cannot read has no epoch. Its refusals are for whom they
            # name, whichever history that is on.
            for outcome in message.outcomes:
                if outcome.reason == "corruptPad":
                    self._outcome(outcome)
            return
        for outcome in message.outcomes:
            self._outcome(outcome)
        match held.advance(message.revisions, message.reign):
            case Gap(first, last):
                metrics.GAPS.inc()
                log.info("gap", extra={"pad": self.pad_id, "first": first, "last": last})
                self.repair.begin()
            case Doubt(rev):
                log.info("doubtful revision", extra={"pad": self.pad_id, "rev": rev})
                self.repair.begin()
            case None if message.revisions and held.feed.head >= message.revisions[-1].rev:
                self.repair.holds_under(message.reign)
            case None if message.reign != held.reign:
                self.repair.begin()

    def _outcome(self, outcome: Outcome) -> None:
        origin = outcome.origin
        if origin == self.origin and outcome.kind == "refused" and self.feed.head < 0:
            self.held.cannot_be_made(outcome.detail)
        session = self.sessions.get(origin.session) or self.arriving.get(origin.session)
        if session is None or origin.seq not in session.pending:
            return
        if outcome.kind == "accepted":
            # Settled when its ACCEPT_COMMIT has gone out. One is enough, should the entry stand
            # in the inbox twice.
            if all(seq != origin.seq for _, seq in session.cursor.accepted):
                session.cursor.accepted.append((outcome.rev, origin.seq))
                self._delivery.due()
        else:
            session.settle(origin.seq, outcome)

    # --- What becomes of the history, see `resync.Concerned` -------------------------------------

    def deleted(self, epoch: int, reason: str = "deleted") -> None:
        """What was the pad is gone. `reason` is what those are told who are here: "rejected" asks
        them to reload, since there is another pad in its place."""
        if epoch <= self.held.epoch:
            return
        self._settle_all()
        for session in list(self.sessions.values()):
            self.kick(session, reason)
        self.held.forget(epoch)
        self.presence_sync.forget()
        self.beside.forget()
        self.pointers.forget()

    def rolled_back(self, kept: int) -> int:
        """Who has seen what is gone is told to reload; the others come back and go on."""
        self._settle_all()
        self.pointers.forget()
        affected = [s for s in self.sessions.values() if s.cursor.sent_rev > kept]
        for session in affected:
            self.kick_and_say(session, "rejected")
        for session in list(self.sessions.values()):
            self.drop(session, "rollback")
        return len(affected)

    def goes_on(self) -> list[str]:
        """The history under a new reign is the one that the sessions here have been sent."""
        for session in self.sessions.values():
            session.send(self.history_for(session))
        return [session.author for session in self.sessions.values()]

    def history_for(self, session: Session) -> packets.Frame:
        """What the session's page keeps on record."""
        return resume_token.frame(
            ResumeToken(session.identity.requested_id, self.held.epoch, self.held.reign)
        )

    def _settle_all(self) -> None:
        """With its history, whatever was asked of the pad is settled."""
        for session in [*self.sessions.values(), *self.arriving.values()]:
            for seq in list(session.pending):
                session.settle(seq, None)
