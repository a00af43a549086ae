"""Implements one pad on one worker: what is known of it here, and the sessions that are on it.

`Room` is what the rest of the worker sees. It makes the parts, each after those that it needs, and
passes requests on to them.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress

from padfleet.services.fanout.delivery.delivery import Delivery
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler
from padfleet.services.fanout.delivery.session import Session, new_session_id
from padfleet.services.fanout.hub.audience import Audience
from padfleet.services.fanout.hub.channel import Channel
from padfleet.services.fanout.hub.greetings import Greetings
from padfleet.services.fanout.hub.occupants import Occupants
from padfleet.services.fanout.hub.pad_metadata import PadMetadata
from padfleet.services.fanout.hub.read_only_id import ReadOnlyId
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.pads.resync import Resync
from padfleet.services.fanout.presence.introducer import Introducer
from padfleet.services.fanout.presence.leave import LeaveQueue
from padfleet.services.fanout.presence.people import People
from padfleet.services.fanout.presence.pointers import Pointers
from padfleet.services.fanout.presence.roster_log import RosterLog
from padfleet.services.fanout.presence.secrecy import Secret
from padfleet.services.fanout.presence.sync import PresenceSync
from padfleet.services.fanout.transport import packets
from padfleet.shared.budget import Budget
from padfleet.shared.log.channel_messages import ChannelMessage
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import OPENS
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.announcements import Announcement
from padfleet.shared.log.people.groups import group_of
from padfleet.shared.log.records import Origin
from padfleet.shared.task_faults import TaskFault
from padfleet.shared.tasks import Tasks, all_of

SENT_INTERVAL = 0.1
"""How many seconds pass between two checks of a session that is slow to take what it is sent, which
takes seconds anyway, and is rare."""

COMPARE_PATIENCE = 10.0
"""How many seconds a session whose base is gone may be kept, until it is known what else is
gone."""


class Room:
    """Follows a pad for as long as sessions of this worker are on it, or about to be."""

    def __init__(
        self,
        redis: Redis,
        pad_id: str,
        keys: PadKeys,
        turns: FlushScheduler,
        telling: FlushScheduler,
        leave_queue: LeaveQueue,
        *,
        ring: int,
        outgoing: Budget,
        most_pointing: int = 0,
    ) -> None:
        """Takes what a room needs. `turns` are for flushes, `telling` for news of who is on the
        pad."""
        self.pad_id = pad_id
        self.keys = keys
        self.users = 0  #: joins under way and sessions; the room closes at 0
        self.opened: asyncio.Task[TaskFault | None] | None = None
        self.may_fetch = asyncio.Event()
        """Set once somebody who has been identified wants the pad. Until then, it is not fetched
        from the cold store for this room."""
        self.making = asyncio.Lock()
        self.made_in = -1  #: the epoch in which somebody here has had the turn to make the pad
        opens = OPENS if group_of(pad_id) is None else ""
        self.origin = Origin(opens + new_session_id(), 1)
        """The origin of what the room itself puts into the inbox: only the pad's creation."""
        here: dict[str, Session] = {}
        gate = SendingGate()
        self.news = news = News()
        self.replica = replica = PadReplica(redis, keys, ring=ring)
        self._delivery = delivery = Delivery(redis, keys, replica, news, here, turns, gate)
        roster_log = RosterLog()
        self._introducer = introducer = Introducer(roster_log, here, telling, gate)
        self.people = people = People(roster_log, introducer.changed)
        self._occupants = occupants = Occupants(pad_id, keys, here, people, leave_queue)
        self.presence_sync = PresenceSync(redis, keys, people, occupants.end_earlier_sessions)
        self.metadata = PadMetadata(
            redis,
            keys,
            Secret(pad_id),
            delivery.tell,
            occupants.send_to_some,
            occupants.tell_apart,
        )
        self.read_only_id = ReadOnlyId(redis, keys)
        self.pointers = Pointers(redis, keys, here, people.roster, most_pointing)
        self.greetings = Greetings(redis, replica, people, outgoing)
        self._audience = Audience(
            replica, occupants, self.presence_sync, self.metadata, self.pointers
        )
        self.resync = Resync(redis, pad_id, keys, replica, gate, delivery, self._audience)
        self._channel = Channel(
            redis,
            keys,
            self.origin,
            replica,
            occupants,
            people,
            self.presence_sync,
            self.metadata,
            self.pointers,
            delivery,
            self._audience,
            self.resync,
        )
        self._tasks = Tasks()

    # --- Opening and closing ---------------------------------------------------------------------

    async def open(self) -> None:
        """Reads the pad. The channel must be subscribed already: what it brings meanwhile is
        handled afterwards, so nothing is missed (subscribe, read, merge).

        Raises `CorruptPad`, or what `UNREACHABLE` lists.
        """
        await all_of(self.replica.load(), self.presence_sync.open(), self.metadata.open())
        self._channel.begin()

    def close(self) -> None:
        self._tasks.close()
        self._delivery.close()
        self._introducer.close()
        self.resync.close()
        self.presence_sync.close()
        self.metadata.close()
        self.pointers.close()
        self.read_only_id.close()

    # --- The channel -----------------------------------------------------------------------------

    def take(self, message: ChannelMessage | Announcement) -> None:
        """Handles a message of the pad's channel."""
        self._channel.take(message)

    def resubscribed(self) -> None:
        """Reads everything again after the channel was lost, since anything may have been
        missed."""
        self.resync.begin()
        self.metadata.refresh()
        self.presence_sync.refresh()

    # --- The pad as it is ------------------------------------------------------------------------

    @property
    def feed(self) -> Feed:
        return self.replica.feed

    @property
    def epoch(self) -> int:
        return self.replica.epoch

    @property
    def reign(self) -> str:
        return self.replica.reign

    def history_for(self, session: Session) -> packets.Frame:
        """Returns the message with the history that the session's page keeps on record."""
        return self._audience.history_for(session)

    # --- Sessions --------------------------------------------------------------------------------

    @property
    def sessions(self) -> Mapping[str, Session]:
        """Returns the sessions on the pad, by their id."""
        return self._occupants.here

    def has(self, session: str) -> bool:
        """Returns whether the session is here or joining."""
        return self._occupants.find(session) is not None

    def absent(self, sessions: Iterable[str]) -> list[str]:
        """Returns those of the sessions that are neither here nor joining."""
        here, arriving = self._occupants.here, self._occupants.arriving
        return [each for each in sessions if each not in here and each not in arriving]

    @property
    def occupancy(self) -> int:
        """Returns the number of sessions that are here or joining."""
        return len(self._occupants.here) + len(self._occupants.arriving)

    def arrives(self, session: Session) -> None:
        """Notes a session that is joining: it already gets the answers to what it puts into the
        inbox."""
        self._occupants.arriving[session.id] = session

    def enter(self, session: Session, *, comes_back: bool = False) -> None:
        """Lets in a session that has its cursor. From now on it gets everything that follows, and
        after that it is told who is here. If it `comes_back`, its page knows of some people."""
        self._occupants.add(session)
        self._delivery.welcome(session)
        self._introducer.welcome(session, knows_some=comes_back)
        self.pointers.welcome(session)

    def is_duplicate(self, session: Session) -> bool:
        """Returns whether its author has come again since, in another window."""
        return self._occupants.is_duplicate(session)

    async def sent(self, session: Session, rev: int) -> None:
        """Returns when the session has been sent everything up to `rev`, or is gone."""
        while session.cursor.sent_rev < rev and session.id in self.sessions:  # noqa: ASYNC110
            await asyncio.sleep(SENT_INTERVAL)

    def reply(self, session: Session, frame: packets.Frame) -> None:
        """Sends an answer to this session alone; one that takes no answers is disconnected."""
        self._occupants.reply(session, frame)

    def remove(self, session: Session) -> bool:
        """Removes the session from this worker; returns False if it was not on it."""
        return self._occupants.remove(session)

    def kick_and_announce(self, session: Session, reason: str) -> None:
        """Tells a client that it has to leave, for a reason that Etherpad's page knows, and tells
        the others that it has left."""
        self._occupants.kick_and_announce(session, reason)

    def reject(self, session: Session) -> None:
        """Tells a session to reload whose base revision is gone, according to the writer. First,
        what is held here is compared with what is stored: with the last session the room would
        close, and nobody would ever report that a history was rolled back."""
        self._tasks.start(self._reject(session), "rejection", pad=self.pad_id)

    async def _reject(self, session: Session) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(COMPARE_PATIENCE):
                await self.resync.done()
        self.kick_and_announce(session, "rejected")

    async def report_left(self, session: Session) -> None:
        """Removes a session from the members that all workers see."""
        await self._occupants.report_left(session)

    def drop_stalled(self, now: float, timeout: float) -> None:
        """Closes the connections that have taken nothing for `timeout` seconds although there was
        something to take."""
        self._occupants.drop_stalled(now, timeout)
