"""This module takes in the messages of a pad's channel, and passes each on to the parts of the
room that it concerns."""

from padfleet.services.fanout.delivery.delivery import Delivery
from padfleet.services.fanout.hub.audience import Audience
from padfleet.services.fanout.hub.occupants import Occupants
from padfleet.services.fanout.hub.pad_metadata import PadMetadata
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.pads.resync import Resync
from padfleet.services.fanout.presence.people import People
from padfleet.services.fanout.presence.pointers import Pointers
from padfleet.services.fanout.presence.sync import PresenceSync
from padfleet.shared.log.channel_messages import (
    ChannelMessage,
    Committed,
    Deleted,
    Joined,
    Left,
    Replaced,
    Unsettled,
    UserInfo,
)
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.outcomes import AWAY, Outcome
from padfleet.shared.log.pad.announcements import Announcement, Pointed, SentAway
from padfleet.shared.log.records import Origin


class Channel:
    """Passes on what one room receives from its channel."""

    def __init__(
        self,
        redis: Redis,
        keys: PadKeys,
        own: Origin,
        replica: PadReplica,
        occupants: Occupants,
        people: People,
        presence_sync: PresenceSync,
        metadata: PadMetadata,
        pointers: Pointers,
        delivery: Delivery,
        audience: Audience,
        resync: Resync,
    ) -> None:
        """Takes the parts of the room; `own` is the origin of the entries that the room itself puts
        into the inbox."""
        self._redis = redis
        self._keys = keys
        self._own = own
        self._replica = replica
        self._occupants = occupants
        self._people = people
        self._presence_sync = presence_sync
        self._metadata = metadata
        self._pointers = pointers
        self._delivery = delivery
        self._audience = audience
        self._resync = resync
        self._early: list[ChannelMessage | Announcement] | None = []

    def begin(self) -> None:
        """Begins once the pad has been read: messages that the channel brought in the meantime were
        set aside, and are taken in now."""
        early, self._early = self._early or [], None
        for message in early:
            self.take(message)

    def take(self, message: ChannelMessage | Announcement) -> None:
        """Takes in the next message."""
        if self._early is not None:
            self._early.append(message)
            return
        match message:
            case Committed():
                self._committed(message)
            case Joined():
                self._presence_sync.joined(message)
            case Left():
                self._presence_sync.left(message)
            case UserInfo():
                self._people.changed(message)
            case Pointed():
                self._pointers.take(message)
            case SentAway():
                self._occupants.send_away(message)
            case Deleted() | Unsettled() | Replaced():
                self._changes_history(message)
            case _:
                self._metadata.take(message)

    def _changes_history(self, message: Deleted | Unsettled | Replaced) -> None:
        match message:
            case Deleted(epoch):
                self._audience.deleted(epoch)
            case Unsettled():
                self._resync.begin()
            case Replaced(epoch):
                self._audience.deleted(epoch, "rejected")
                self._resync.begin()

    def _committed(self, message: Committed) -> None:
        first = message.revisions[0] if message.revisions else None
        try:
            self._take_in(message)
        finally:
            if first is not None and first.rev == 0 and message.epoch == self._replica.epoch:
                self._metadata.is_made(first.author)

    def _take_in(self, message: Committed) -> None:
        replica = self._replica
        if not self._redis.is_present(self._keys.partition, message.reign):
            return  # another server has replaced the sender, so nobody can rely on it
        if message.epoch > replica.epoch:
            # The message about the pad's deletion was lost.
            self._audience.deleted(message.epoch)
        if message.epoch < replica.epoch:
            # A pad whose meta the writer cannot read has no epoch. Its refusals concern the
            # sessions that they name, whichever history those are on.
            for outcome in message.outcomes:
                if outcome.reason in ("corruptPad", AWAY):
                    self._outcome(outcome)
            return
        for outcome in message.outcomes:
            self._outcome(outcome)
        self._resync.take(message.revisions, message.reign)

    def _outcome(self, outcome: Outcome) -> None:
        origin = outcome.origin
        if origin == self._own and outcome.kind == "refused" and self._replica.feed.head < 0:
            if outcome.reason == AWAY:
                return  # sessions that wait for it are asked to come again
            self._replica.cannot_be_made(outcome.detail)
        session = self._occupants.find(origin.session)
        if session is None or origin.seq not in session.pending:
            return
        if outcome.kind == "accepted":
            # The entry is settled when its ACCEPT_COMMIT has gone out. If the entry is in the inbox
            # twice, one is enough.
            if all(seq != origin.seq for _, seq in session.cursor.accepted):
                session.cursor.accepted.append((outcome.rev, origin.seq))
                self._delivery.due()
        else:
            session.settle(origin.seq, outcome)
