"""Keeps the sessions that this worker has on one pad: those that come, go, or have to go."""

import logging
from collections.abc import Mapping

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.presence.leave import LeaveQueue
from padfleet.services.fanout.presence.people import People
from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.outbound import OVERFLOW
from padfleet.shared.log.channel_messages import Joined, Left
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.announcements import Relayed, SentAway

log = logging.getLogger(__name__)


class Occupants:
    """The sessions that are in one room."""

    def __init__(
        self,
        pad_id: str,
        keys: PadKeys,
        here: dict[str, Session],
        people: People,
        leave_queue: LeaveQueue,
    ) -> None:
        """Takes the pad and its people. `here` is empty, and is kept up to date from now on;
        `people` are those on all workers."""
        self._pad_id = pad_id
        self._keys = keys
        self._here = here
        self._people = people
        self._leave_queue = leave_queue
        self.arriving: dict[str, Session] = {}
        """Sessions in the middle of joining: they have inbox entries, but no cursor yet."""

    @property
    def here(self) -> Mapping[str, Session]:
        """Returns the sessions on the pad, by their id."""
        return self._here

    def find(self, session: str) -> Session | None:
        """Returns the session with this id, if it is here or joining."""
        return self._here.get(session) or self.arriving.get(session)

    def add(self, session: Session) -> None:
        """Adds a session that has arrived."""
        self.arriving.pop(session.id, None)
        self._here[session.id] = session
        metrics.SESSIONS.inc()

    def remove(self, session: Session) -> bool:
        """Removes the session from this worker; returns False if it was not on it."""
        self.arriving.pop(session.id, None)
        if self._here.pop(session.id, None) is None:
            return False
        metrics.SESSIONS.dec()
        session.happened(SessionEvent.LEFT)
        return True

    def is_duplicate(self, session: Session) -> bool:
        """Returns whether its author has come again since, in another window."""
        return not session.identity.embedded and self._people.roster.has_later(
            session.author, session.order
        )

    def end_earlier_sessions(self, joined: Joined) -> None:
        """Ends the author's earlier sessions: an author is on a pad once, and a new session takes
        over from one in another window."""
        if not joined.member.embedded:
            for other in self._people.roster.sessions_of(joined.member.author):
                session = self._here.get(other)
                if session is not None and self.is_duplicate(session):
                    self.kick_and_announce(session, "userdup")

    # --- Who has to go ---------------------------------------------------------------------------

    def kick(self, session: Session, reason: str) -> None:
        """Tells a client that it has to leave, for a reason that Etherpad's page knows."""
        metrics.DISCONNECTS.labels(reason).inc()
        session.send(packets.packet({"disconnect": reason}))
        self.remove(session)

    def kick_and_announce(self, session: Session, reason: str) -> None:
        """Tells a client that it has to leave, as `kick` does, and lets the others see it leave."""
        if session.id in self._here:
            self.kick(session, reason)
            self._leave_queue.report_in_background(self._keys, self._left(session))

    def send_away(self, whom: SentAway) -> None:
        """Disconnects the sessions that an operator wants to leave. `people.sent_away` keeps their
        authors out for a while."""
        for session in (*self._here.values(), *self.arriving.values()):
            if whom.author in ("", session.author) and whom.session in ("", session.id):
                session.sent_away = True  # if it is about to come in, it is told so then
                self.kick_and_announce(session, "kicked")

    async def report_left(self, session: Session) -> None:
        """Removes a session from the members that all workers see."""
        await self._leave_queue.report(self._keys, self._left(session))

    def _left(self, session: Session) -> Left:
        return Left(session.id, session.author, self._people.color_of(session.author))

    def drop_stalled(self, now: float, timeout: float) -> None:
        """Closes the connections that have taken nothing for `timeout` seconds although there was
        something to take."""
        for session in list(self._here.values()):
            if session.is_stalled(now, timeout):
                log.info("stalled", extra={"pad": self._pad_id, "rev": session.cursor.sent_rev})
                session.drop("stalled")

    def settle_all(self) -> None:
        """Settles everything that sessions have asked of the pad, since its history is over."""
        for session in [*self._here.values(), *self.arriving.values()]:
            for seq in list(session.pending):
                session.settle(seq, None)

    # --- What they are told outside the pad's revisions and news ---------------------------------

    def reply(self, session: Session, frame: packets.Frame) -> None:
        """Sends an answer to this session alone. A client that keeps asking and takes no answers is
        disconnected: they would pile up here."""
        if session.exit.kept > OVERFLOW:
            session.drop("overflow")
        else:
            session.send(frame)

    def send_to_some(self, frame: packets.Frame, relayed: Relayed) -> None:
        """Sends to those for whom the message is meant."""
        for session in list(self._here.values()):
            if (
                relayed.author in ("", session.author)
                and not (relayed.writers and session.identity.read_only)
                and relayed.but != session.id
            ):
                self.reply(session, frame)

    def tell_apart(self, for_writers: packets.Frame, for_readers: packets.Frame) -> None:
        """Sends each session the frame with what it may know."""
        for session in list(self._here.values()):
            self.reply(session, for_readers if session.identity.read_only else for_writers)
