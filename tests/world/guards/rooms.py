"""Checks what workers hold and send against what is stored and what has arrived (I3 to I6, I8).

Each step of a feed and of a cursor is checked; now and then, what a worker believes to have sent is
compared with what its client has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.delivery.stretches import Stretch
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.pads.steps import Missed, NewChanges, NewChangesBatch, Step
from padfleet.services.fanout.transport.websocket_connection import HIGH_WATER
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.records import Revision
from tests.chaos.history import Typists
from tests.chaos.history.connection import Connection
from tests.chaos.history.typist import Typist
from tests.world.guards.histories import Histories
from tests.world.host import Host, here
from tests.world.network import End, WorldTransport
from tests.world.redis.server import Server

MOST_KEPT: Final = HIGH_WATER + (1 << 20)
"""How many bytes may wait for one socket: what the high-water mark lets through, and one frame
(I6)."""

MOST_PENDING: Final = 50
"""How many submissions of one session may be under way. Each of our clients has one."""

CHANNEL_GRACE: Final = 5.0
"""How many seconds a channel of a pad that is not open may stay subscribed (I8)."""


class RoomsGuard:
    """The guard of all workers of a run. There is one per process, since it hooks into classes of
    the product."""

    def __init__(self, found: Callable[[str], None], histories: Histories) -> None:
        self._found = found
        self._histories = histories
        self._rooms: list[tuple[Host, Rooms]] = []
        self._subscribers: list[tuple[Host, Subscriber]] = []
        self._idle_channels: dict[tuple[str, bytes], float] = {}
        self.steps = 0
        self._look_into_feeds()
        self._look_into_cursors()
        self._get_to_know_rooms()

    # --- From inside -----------------------------------------------------------------------------

    def _get_to_know_rooms(self) -> None:
        made = Rooms.__init__

        def make(rooms: Rooms, *args: Any, **options: Any) -> None:
            made(rooms, *args, **options)
            if (host := here()) is not None:
                self._rooms = [(h, r) for h, r in self._rooms if h.alive] + [(host, rooms)]

        subscribed = Subscriber.__init__

        def subscribe(subscriber: Subscriber, *args: Any, **options: Any) -> None:
            subscribed(subscriber, *args, **options)
            if (host := here()) is not None:
                alive = [(h, s) for h, s in self._subscribers if h.alive]
                self._subscribers = [*alive, (host, subscriber)]

        Rooms.__init__ = make  # type: ignore[method-assign,assignment]
        Subscriber.__init__ = subscribe  # type: ignore[method-assign,assignment]

    def _look_into_feeds(self) -> None:
        advance = PadReplica.advance

        def advanced(replica: PadReplica, revisions: list[Revision]) -> Any:
            before, chain = replica.feed.head, replica.feed.chain
            trouble = advance(replica, revisions)
            if replica.feed.head > before:
                self._fed(replica, before, chain)
            return trouble

        PadReplica.advance = advanced  # type: ignore[method-assign,assignment]

    def _fed(self, replica: PadReplica, before: int, chain: bytes | None) -> None:
        """Checks a feed that was at `before`, with this chain, and has moved on."""
        self.steps += 1
        base, feed = replica._keys.channel.encode(), replica.feed
        if base in self._histories.damaged:
            return
        if feed.first > before + 1:
            self._found(f"I3 {_host()} passes over revisions {before + 1} to {feed.first - 1}")
        elif chain is not None and not feed.get(before + 1).follows(chain):
            self._found(f"I5 {_host()} takes in revision {before + 1}, which does not follow")
        ever = self._histories.ever[base]
        for revision in feed.since(max(before, feed.first - 1)):
            if (revision.rev, revision.chain) not in ever:
                self._found(f"I5 {_host()} has a revision {revision.rev} that never was committed")
            epochs = self._histories.epochs.get((base, revision.rev, revision.chain))
            if epochs and replica.epoch not in epochs:
                self._found(f"I5 {_host()} takes in revision {revision.rev} of a pad that is gone")

    def _look_into_cursors(self) -> None:
        moved = DeliveryCursor.moved

        def has_moved(cursor: DeliveryCursor, step: Step | Stretch) -> None:
            before = cursor.sent_rev
            moved(cursor, step)
            self._moved(before, step, cursor)

        DeliveryCursor.moved = has_moved  # type: ignore[method-assign,assignment]

    def _moved(self, before: int, step: Step | Stretch, cursor: DeliveryCursor) -> None:
        """Checks each message that a session was sent other than by the fast path."""
        self.steps += 1
        match step:
            case NewChanges(revision) | Missed(revision):
                revs = [revision.rev]
            case NewChangesBatch(revisions) | Stretch(revisions=revisions):
                revs = [revision.rev for revision in revisions]
            case _:
                revs = [step.rev] if step.changed else []
        if revs != list(range(before + 1, before + 1 + len(revs))):
            self._found(f"I3 {_host()} sent {revs} to a session that was at {before}")
        if revs and cursor.sent_rev != revs[-1]:
            self._found(f"I4 {_host()} sent up to {revs[-1]}, and notes {cursor.sent_rev}")

    # --- From outside, now and then --------------------------------------------------------------

    def look(self, now: float, servers: list[Server], typists: Typists | None) -> None:
        by_transport: dict[int, tuple[Room, Session]] = {}
        for room, session in self._sessions():
            transport = session.exit.transport
            if isinstance(transport, WorldTransport):
                by_transport[id(transport)] = (room, session)
            self._is_small(room, session)
        if typists is not None:
            for typist in typists.typists:
                self._hold_against(typist, typists, by_transport)
        self._only_the_interested(now, servers)

    def live_rooms(self) -> Iterator[tuple[Host, Rooms]]:
        return ((host, rooms) for host, rooms in self._rooms if host.alive)

    def _sessions(self) -> Iterator[tuple[Room, Session]]:
        for _, rooms in self.live_rooms():
            for room in rooms:
                for session in room.sessions.values():
                    yield room, session

    def _is_small(self, room: Room, session: Session) -> None:
        """Checks I6: there is no queue for a socket, only a cursor."""
        if session.exit.kept > MOST_KEPT:
            self._found(f"I6 {room.pad_id}: {session.exit.kept} bytes wait for one socket")
        if len(session.pending) > MOST_PENDING or len(session.cursor.accepted) > MOST_PENDING:
            self._found(f"I6 {room.pad_id}: {len(session.pending)} answers are due to one session")
        if session.cursor.sent_rev > room.feed.head and session.epoch == room.epoch:
            self._found(
                f"I4 {room.pad_id}: a session is at {session.cursor.sent_rev}, the feed at "
                f"{room.feed.head}"
            )

    def _hold_against(
        self, typist: Typist, typists: Typists, sessions: dict[int, tuple[Room, Session]]
    ) -> None:
        line = typists._lines.get(typist.name)
        if not isinstance(line, Connection) or not typist.connected or typist.gave_up:
            return
        here = line._transport
        if not isinstance(here, WorldTransport) or here.is_closing():
            return
        mine, theirs = here._end, here._end.peer
        there = theirs.transport
        if there is None or mine.broken or id(there) not in sessions:
            return
        room, session = sessions[id(there)]
        claimed, has = session.cursor.sent_rev, typist.rev
        if claimed < has:
            self._found(
                f"I4 {typist.name} has {has} of {room.pad_id}, and {claimed} is said to be sent"
            )
        elif claimed > has and _is_quiet(mine, theirs, there):
            self._found(
                f"I4 {typist.name} has {has} of {room.pad_id}, nothing is on its way, and "
                f"{claimed} is said to be sent"
            )

    def _only_the_interested(self, now: float, servers: list[Server]) -> None:
        """Checks I8: a worker that has subscribed to a pad's channel has somebody on the pad."""
        open_pads = {
            host.name: {room.keys.channel.encode() for room in rooms}
            for host, rooms in self.live_rooms()
        }
        of_rooms = {id(rooms.subscriber) for _, rooms in self._rooms}
        for host, subscriber in self._subscribers:
            # Calls of the API listen for their answers.
            if host.name in open_pads and id(subscriber) not in of_rooms:
                open_pads[host.name].update(channel.encode() for channel in subscriber._wanted)
        idle: dict[tuple[str, bytes], float] = {}
        for client in (client for server in servers for client in server.subscribers()):
            mine = open_pads.get(client.host)
            if mine is None or not client.hears:
                continue  # what it has said may be on its way, and it may not be known who lives
            for channel in client.channels:
                if b":pad:" in channel and channel not in mine:
                    key = (client.host, channel)
                    idle[key] = self._idle_channels.get(key, now)
                    if now - idle[key] > CHANNEL_GRACE:
                        self._found(f"I8 {client.host} listens to {channel!r}, and nobody is on it")
        self._idle_channels = idle


def _is_quiet(mine: End, theirs: End, there: WorldTransport) -> bool:
    """Returns whether no byte is on its way from them to me."""
    return not (
        mine.inbox
        or mine.on_way
        or theirs._held
        or there.get_write_buffer_size()
        or mine.transport is None
        or mine.transport._reading
    )


def _host() -> str:
    host = here()
    return host.name if host is not None else "somebody"
