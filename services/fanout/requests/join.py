"""This module serves CLIENT_READY: it puts a client on a pad, either as a newcomer or where it left
off."""

import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import ResponseError

from padfleet.services.fanout.auth.access import Access
from padfleet.services.fanout.auth.handshake import Handshake, is_plain
from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.limits.new_pads import NewPads
from padfleet.services.fanout.presence import resume_token
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.requests.ahead import Ahead
from padfleet.services.fanout.requests.arrival import Arrival
from padfleet.services.fanout.requests.client_capabilities import (
    Introduced,
    acknowledges,
    introduced,
    knows_sessions,
    lists_people,
    looks_back,
    points,
    reads_only,
    takes_batches,
)
from padfleet.services.fanout.requests.client_ready import ClientReady
from padfleet.services.fanout.requests.creation import PadCreation
from padfleet.services.fanout.requests.hooks import Hooks
from padfleet.services.fanout.requests.identification import Identification
from padfleet.services.fanout.requests.join_gate import JoinGate
from padfleet.services.fanout.requests.joining import Joining
from padfleet.services.fanout.requests.legacy import sends_no_author
from padfleet.services.fanout.requests.looking import Looking
from padfleet.services.fanout.requests.onlooker import Onlooker
from padfleet.services.fanout.requests.resuming import Resuming
from padfleet.services.fanout.requests.turning_away import turn_away_if_corrupt, turned_away
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared import refusals
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)


@dataclass(slots=True)
class JoinHandler:
    """Joins clients to pads, with everything from the worker that this takes."""

    redis: Redis
    keyspace: Keyspace
    rooms: Rooms
    inbox: InboxWriter
    settings: FanoutSettings
    worker_id: str
    access: Access
    hooks: Hooks
    gate: JoinGate = field(default_factory=JoinGate)
    new_pads: NewPads = field(default_factory=lambda: NewPads(per_author=0, per_address=0))

    async def identify(
        self,
        handshake: Handshake,
        message: dict[str, Any],
        ahead: Ahead | None = None,
        *,
        looks: bool = False,
    ) -> SessionIdentity:
        """Finds out who asks for which pad; with `ahead`, the pad is opened in the meantime. A pad
        that was in the cold store is in Redis after this, unless somebody only `looks` at it, and
        its author has been charged for it.

        Raises `Denied`, `RateExceeded`, `CorruptPad`, or what `UNREACHABLE` lists.
        """
        find = Identification(
            self.redis, self.keyspace, self.settings, self.access, self.new_pads, ahead, looks
        )
        return await find.identify(handshake, message)

    def may_look(self, message: dict[str, Any]) -> bool:
        """Returns whether a pad in the cold store need not be brought back for this client, since
        it only shows the history, or comes by a read-only link. Hooks are told of those who are on
        a pad, so where there are any, it is brought. And where the store is an Etherpad's database,
        readers are on the pad, or they would not see what is written in the Etherpad."""
        if self.redis.elsewhere is None or self.hooks.see_visits:
            return False
        return looks_back(message) or (reads_only(message) and self.redis.register is None)

    async def look(
        self, way_out: Outbound, identity: SessionIdentity, message: dict[str, Any]
    ) -> Onlooker | None:
        """Does what `Looking.look` does, and raises what that raises."""
        ready = ClientReady(way_out, identity, message)
        if identity.kept_out:
            raise turned_away(way_out, "kicked")
        async with self.gate:
            return await Looking(self.redis, self.keyspace, self.settings, self.rooms, ready).look()

    @contextmanager
    def ahead(self, message: dict[str, Any]) -> Iterator[Ahead]:
        """Returns a context for the work on a join. If everybody may open pads, and the id alone
        says which pad is meant, the pad is opened before it is known who asks for it."""
        ahead = Ahead(self.rooms)
        try:
            pad = message.get("padId")
            if self.settings.everybody_may and is_plain(pad):
                ahead.open(pad)
            yield ahead
        finally:
            ahead.close()

    async def join(
        self,
        way_out: Outbound,
        identity: SessionIdentity,
        message: dict[str, Any],
        brought: str | None = None,
    ) -> tuple[Session, Room]:
        """Returns the session on its pad, after sending everything that a joining client is due.

        Arguments:
            brought: what its page has recorded about its last stay, see `resume_token`.

        Raises `TurnedAway`, or what `UNREACHABLE` lists.
        """
        if identity.kept_out:
            raise turned_away(way_out, "kicked")
        async with self.gate:
            return await self._join(ClientReady(way_out, identity, message, brought))

    async def come_in(self, onlooker: Onlooker) -> tuple[Session, Room]:
        """Returns the session of an onlooker that goes on the pad which it was shown. To its page,
        it is as if it had been there all the time.

        Raises what `join` raises.
        """
        following = onlooker.following
        assert following is not None
        ready = ClientReady(onlooker.exit, onlooker.identity, following.ready, following.stay)
        async with self.gate:
            return await self._join(ready)

    async def _join(self, ready: ClientReady) -> tuple[Session, Room]:
        identity = ready.identity
        makes = identity.unmade and not identity.read_only and not ready.comes_back
        me, room = await self._introduced_and_in(ready, makes=makes)
        return await self._with(room, ready, me, asked=makes)

    async def _introduced_and_in(
        self, ready: ClientReady, *, makes: bool
    ) -> tuple[Introduced, Room]:
        """Returns who the author is, and the opened room. If the author `makes` the pad, the writer
        has been asked for it by then."""
        identity = ready.identity
        room = self.rooms.begin_to_enter(identity.pad_id)
        if not identity.read_only_id and not ready.comes_back:
            room.read_only_id.begin()
        info = ready.message.get("userInfo")
        try:
            if identity.has_record:  # then this waits for nothing, and need not be a task
                me = await introduced(self.redis, identity, info)
                await all_of(*self._opening(room, identity, makes=makes))
            else:
                me, *_ = await all_of(
                    introduced(self.redis, identity, info),
                    *self._opening(room, identity, makes=makes),
                )
        except BaseException as error:
            self.rooms.leave(room)
            turn_away_if_corrupt(ready.exit, identity.pad_id, error)
            raise
        return me, room

    def _opening(
        self, room: Room, identity: SessionIdentity, *, makes: bool
    ) -> list[Coroutine[Any, Any, None]]:
        """Returns what has to end before the room is open, and the writer asked for the pad if this
        author `makes` it."""
        asking = [self._creation().ask_for(room, identity)] if makes else []
        return [self.rooms.opened(room), *asking]

    async def _with(
        self,
        room: Room,
        ready: ClientReady,
        me: Introduced,
        *,
        asked: bool,
    ) -> tuple[Session, Room]:
        identity, message = ready.identity, ready.message
        limit = self.settings.max_sessions_per_pad
        if limit and room.occupancy >= limit:
            self.rooms.leave(room)
            refusals.LIMITED.labels("sessions_per_pad").inc()
            # This is not final: another worker may have room for it, or this one may have later.
            raise TimeoutError("the pad has as many sessions on this worker as it may")
        session = Session(
            identity,
            ready.exit,
            batching=takes_batches(message, self.settings),
            acks=acknowledges(message),
            knows_sessions=knows_sessions(message),
            points=points(message, identity, self.settings),
            roster=RosterCursor(lists=lists_people(message)),
            adds_author=sends_no_author(message),
        )
        joining = Joining(self.redis, self.keyspace, self.worker_id, room, session, me)
        try:
            if ready.comes_back:
                stay: ResumeToken | None
                if stayed := isinstance(ready.brought, ResumeToken):
                    stay = ready.brought
                else:
                    stay = resume_token.parse(ready.brought, identity.author, identity.requested_id)
                resuming = Resuming(joining, self.gate, self.inbox)
                await resuming.resume(message.get("client_rev"), stay, stayed=stayed)
            else:
                arrival = Arrival(
                    joining,
                    self.gate,
                    self._creation(),
                    self.hooks,
                    self.settings,
                    message.get("padSettingsDefaults"),
                    asked,
                )
                await arrival.arrive()
        except BaseException as error:
            room.remove(session)
            try:
                # This has to happen even if the session does not know that it is in: the answer to
                # its registration may have been lost.
                await room.report_left(session)
            except ResponseError:
                log.warning("departure not stored", extra={"pad": identity.pad_id})
            finally:
                self.rooms.leave(room)
            turn_away_if_corrupt(ready.exit, identity.pad_id, error)
            raise
        return session, room

    async def leave(self, room: Room, session: Session) -> None:
        """Takes a session off its pad, because its socket has gone or is about to join again."""
        try:
            if room.remove(session):
                await room.report_left(session)
        finally:
            session.abandon()
            self.rooms.leave(room)

    def _creation(self) -> PadCreation:
        timeout = self.settings.commit_timeout_ms / 1000
        return PadCreation(self.inbox, self.new_pads, self.gate, self.settings.first_text, timeout)
