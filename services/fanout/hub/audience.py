"""Tells sessions that have been shown a pad's history what becomes of it."""

from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.hub.occupants import Occupants
from padfleet.services.fanout.hub.pad_metadata import PadMetadata
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.presence import resume_token
from padfleet.services.fanout.presence.pointers import Pointers
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.presence.sync import PresenceSync
from padfleet.services.fanout.transport import packets


class Audience:
    """The sessions of one room that the findings of a `Resync` concern; see `resync.Concerned`."""

    def __init__(
        self,
        replica: PadReplica,
        occupants: Occupants,
        presence_sync: PresenceSync,
        metadata: PadMetadata,
        pointers: Pointers,
    ) -> None:
        self._replica = replica
        self._occupants = occupants
        self._presence_sync = presence_sync
        self._metadata = metadata
        self._pointers = pointers

    def deleted(self, epoch: int, reason: str = "deleted") -> None:
        """Tells the sessions here that the pad is gone, for this `reason`: "rejected" asks them to
        reload, since there is another pad in its place."""
        if epoch <= self._replica.epoch:
            return
        self._occupants.settle_all()
        for session in list(self._occupants.here.values()):
            self._occupants.kick(session, reason)
        self._replica.forget(epoch)
        self._presence_sync.forget()
        self._metadata.forget()
        self._pointers.forget()

    def rolled_back(self, kept: int) -> int:
        """Tells sessions that have seen lost revisions to reload; the others come back and
        continue."""
        self._occupants.settle_all()
        self._pointers.forget()
        here = self._occupants.here
        affected = [s for s in here.values() if s.cursor.sent_rev > kept]
        for session in affected:
            self._occupants.kick_and_announce(session, "rejected")
        for session in list(here.values()):
            session.drop("rollback")
        return len(affected)

    def continue_under_new_reign(self) -> list[str]:
        """Sends each session the history that its page keeps on record, since it goes on under a
        new reign. Returns the sessions' authors."""
        here = self._occupants.here.values()
        for session in here:
            session.send(self.history_for(session))
        return [session.author for session in here]

    def history_for(self, session: Session) -> packets.Frame:
        """Returns the message with the history that the session's page keeps on record."""
        cursor = session.cursor
        return resume_token.frame(
            ResumeToken(
                session.author,
                session.identity.requested_id,
                self._replica.epoch,
                self._replica.reign,
                session.id,
                cursor.submitted_as,
                cursor.resume_until,
            )
        )
