"""CLIENT_READY: puts a client on a pad, as a newcomer or where it left off."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from redis.exceptions import ResponseError

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth.access import Access
from padfleet.services.fanout.auth.decision import Denied, Reason, RequestedPad
from padfleet.services.fanout.auth.handshake import Handshake, is_plain, wanted_pad
from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.greetings import PATIENCE
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.limits.makers import Makers
from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.presence import resume_token
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.requests.client_capabilities import (
    Introduced,
    acknowledges,
    introduced,
    knows_sessions,
    lists_people,
    points,
    takes_batches,
)
from padfleet.services.fanout.requests.hooks import Hooks
from padfleet.services.fanout.requests.legacy import sends_no_author
from padfleet.services.fanout.requests.rights import begin_with, rights_of
from padfleet.services.fanout.requests.shouts import shout
from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared import refusals
from padfleet.shared.budget import NoRoom
from padfleet.shared.log import authors, pads, presence
from padfleet.shared.log.authors import Author
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.damage import CorruptPad, is_of_a_key, of_right_type
from padfleet.shared.log.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pads import Glance
from padfleet.shared.log.presence import Admission
from padfleet.shared.log.records import Creation, Fence, Outcome
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.tasks import Pending, all_of

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Joins that are worked on at the same time. Ten thousand take their seconds in any case; with all
of them begun at once each would take all of these seconds, and run into its time-outs. One that
waits for the writer is not counted."""


DAMAGED = (
    "What is stored of this pad is damaged. You see its present text, and nobody can change it. "
    "Please tell whoever runs this service."
)
"""What everybody is told who opens such a pad."""


BEFORE_IT_WAS_READ = -2
"""A value of `Room.made_in`: the pad was asked for while the room was being opened."""


class TurnedAway(Exception):
    """The client has been told why it cannot be here; there is nothing more to say."""


@dataclass(slots=True)
class JoinHandler:
    """Where joining happens: everything that it needs of the worker."""

    redis: Redis
    keyspace: Keyspace
    rooms: Rooms
    inbox: InboxWriter
    settings: FanoutSettings
    worker_id: str
    access: Access
    hooks: Hooks
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    makers: Makers = field(default_factory=lambda: Makers(per_author=0, per_address=0))

    async def identify(
        self, handshake: Handshake, message: dict[str, Any], ahead: "Ahead | None" = None
    ) -> SessionIdentity:
        """Who asks for which pad, which is opened `ahead` of a join. Raises `Denied`, or
        `CorruptPad`."""

        looking: Pending[Glance] | None = None
        reading: Pending[tuple[Author | None, bool]] | None = None

        def begin(pad_id: str) -> None:
            if ahead is not None and self.settings.everybody_may and is_plain(pad_id):
                ahead.open(pad_id)

        async def find() -> RequestedPad:
            nonlocal looking
            with of_right_type("the pad's meta"):
                wanted = await wanted_pad(self.redis, self.keyspace, message.get("padId"), begin)
            if not wanted.read_only:
                # While it is found out who asks.
                glance = pads.glance(self.redis, self.keyspace.pad(wanted.pad_id))
                looking = Pending(glance, "a glance at the pad")
            return wanted

        async def seen() -> Glance:
            if looking is None:
                return Glance(True, wanted.requested_id)
            with of_right_type("the pad's meta"):
                return await looking

        known: Author | None = None
        due = False
        try:
            wanted, grant = await self.access.admit(handshake, message, find)
            if ahead is not None:
                ahead.open(wanted.pad_id)
            if grant.made is None:
                look = authors.look(self.redis, grant.author, grant.visit)
                reading = Pending(look, "author")
            glance = await seen()
            # Whoever makes a pad has it made meanwhile.
            if reading is not None and glance.exists:
                known, due = await reading
        finally:
            for asked in (looking, reading):
                if asked is not None:
                    asked.forget()  # where nobody is let in
        if not glance.exists and (not grant.write or self.settings.edit_only):
            raise Denied("the pad does not exist, and may not be created", Reason.NO_PAD)
        return SessionIdentity(
            grant.author,
            wanted.pad_id,
            wanted.requested_id,
            glance.read_only_id or "",
            wanted.read_only or not grant.write or glance.damaged,
            embedded=handshake.query.get("embed") == "1",
            name=grant.name,
            color=grant.color,
            expires=grant.expires,
            address=handshake.address,
            known=known,
            made=grant.made,
            visit=grant.visit,
            due=due,
            unmade=not glance.exists,
            damaged=glance.damaged,
        )

    @contextmanager
    def ahead(self, message: dict[str, Any]) -> Iterator["Ahead"]:
        """Around a join. Where everybody may, and the id says by itself which pad it is, that is
        opened before it is known who asks."""
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
        """The session on its pad, with everything sent that a joining client is due. `brought` is
        what its page has on record of its last stay, see `resume_token`.

        Raises `TurnedAway`, or what `UNREACHABLE` lists.
        """
        async with self.gate:
            return await self._join(way_out, identity, message, brought)

    async def _join(
        self,
        way_out: Outbound,
        identity: SessionIdentity,
        message: dict[str, Any],
        brought: str | None,
    ) -> tuple[Session, Room]:
        comes_back = bool(message.get("reconnect"))
        makes = identity.unmade and not identity.read_only and not comes_back
        shown = None
        if not identity.read_only_id and not comes_back:
            shown = Pending(pads.way_back(self.redis, identity.pad_id), "read-only id")
        try:
            me, room = await self._introduced_and_in(way_out, identity, message, makes=makes)
            return await self._with(
                room, way_out, identity, message, brought, me, shown, asked=makes
            )
        finally:
            if shown is not None:
                shown.forget()  # where nobody has come in

    async def _introduced_and_in(
        self, way_out: Outbound, identity: SessionIdentity, message: dict[str, Any], *, makes: bool
    ) -> tuple[Introduced, Room]:
        """Who somebody is, and the room, of which the pad is asked for already if he `makes` it."""
        room = self.rooms.begin_to_enter(identity.pad_id)
        try:
            me, *_ = await all_of(
                introduced(self.redis, identity, message.get("userInfo")),
                self.rooms.opened(room),
                *([self._ask_for(room, identity)] if makes else []),
            )
        except BaseException as error:
            self.rooms.leave(room)
            turn_away_if_corrupt(way_out, identity.pad_id, error)
            raise
        return me, room

    async def _with(
        self,
        room: Room,
        way_out: Outbound,
        identity: SessionIdentity,
        message: dict[str, Any],
        brought: str | None,
        me: Introduced,
        shown: Pending[str] | None,
        *,
        asked: bool,
    ) -> tuple[Session, Room]:
        limit = self.settings.max_sessions_per_pad
        if limit and room.occupancy >= limit:
            self.rooms.leave(room)
            refusals.LIMITED.labels("sessions_per_pad").inc()
            # Not the last word: another worker may have room for it, and this one later.
            raise TimeoutError("the pad has as many sessions on this worker as it may")
        session = Session(
            identity,
            way_out,
            batching=takes_batches(message, self.settings),
            acks=acknowledges(message),
            knows_sessions=knows_sessions(message),
            points=points(message, identity, self.settings),
            roster=RosterCursor(lists=lists_people(message)),
            adds_author=sends_no_author(message),
        )
        try:
            if message.get("reconnect"):
                stay = resume_token.parse(brought, identity.author, identity.requested_id)
                rev = message.get("client_rev")
                await self._resume(room, session, me.me, rev, stay, store=me)
            else:
                defaults = message.get("padSettingsDefaults")
                await self._arrive(room, session, me, defaults, shown, asked=asked)
        except BaseException as error:
            room.remove(session)
            try:
                # Also if it does not know that it is in: the answer may have been lost.
                await room.say_left(session)
            except ResponseError:
                log.warning("departure not stored", extra={"pad": identity.pad_id})
            finally:
                self.rooms.leave(room)
            turn_away_if_corrupt(way_out, identity.pad_id, error)
            raise
        return session, room

    async def leave(self, room: Room, session: Session) -> None:
        """The socket has gone, or is about to join anew."""
        try:
            if room.remove(session):
                await room.say_left(session)
        finally:
            session.abandon()
            self.rooms.leave(room)

    @asynccontextmanager
    async def _outside(self) -> AsyncIterator[None]:
        """Lets another one in for as long as this one waits for the writer."""
        self.gate.release()
        try:
            yield
        finally:
            # Also if this is cancelled: whoever called us gives back what it takes here.
            await asyncio.shield(self.gate.acquire())

    # --- First arrival ---------------------------------------------------------------------------

    async def _arrive(
        self,
        room: Room,
        session: Session,
        me: Introduced,
        defaults: Any,
        shown: Pending[str] | None,
        *,
        asked: bool,
    ) -> None:
        """`asked`: for a pad that is not there yet, which this one may make; `shown` leads
        back to a pad that has no read-only id yet."""
        patient_until = monotonic() + PATIENCE
        rights_of_epoch: dict[int, dict[str, Any]] = {}
        while True:
            if room.feed.head < 0 and (session.identity.read_only or self.settings.edit_only):
                raise _turned_away(session.exit, "deleted")  # since it was let in
            begins = asked or room.feed.head < 0
            if room.feed.head < 0:
                await self._create(room, session, asked=asked)
            asked = False
            epoch = room.epoch
            # Before anything is begun beside: what fails here must not leave that behind.
            fresh = None if shown is None else await shown
            admission, *_ = await all_of(
                self._register(room, session, me.me, store=me),
                self._get_to_know(room),
                self._rights(room, session, rights_of_epoch),
                *(
                    [begin_with(self.redis, room, session.author, defaults, self.settings)]
                    if begins
                    else []
                ),
                *([self._shown(room, session, fresh)] if fresh is not None else []),
            )
            shown = None  # it is settled, however often we have to begin again
            if admission.epoch != room.epoch:
                # It went away, or became another, while we came in, and we have not heard yet.
                await room.resync.done()
                if room.feed.head < 0:
                    continue
                if admission.epoch != room.epoch:
                    raise TimeoutError("the pad has changed its history just now")
            if admission.reign != room.reign:
                # There was a fail-over. What it took away must not be shown to anybody new.
                await room.resync.done()
                if admission.reign != room.reign:
                    raise TimeoutError("the pad could not be compared with the present server")
            await room.people.get_to_know_present(self.redis)
            await room.metadata.settled()
            more = await self.hooks.variables(room, session) if self.hooks.client_vars else {}
            try:
                greeting = await room.greetings.make()
            except NoRoom as error:
                refusals.LIMITED.labels("outgoing").inc()
                if monotonic() > patient_until:
                    raise TimeoutError(str(error)) from error
                async with self._outside():
                    await room.greetings.room_for(error.size)
                continue
            settled = greeting is not None and greeting.epoch == room.epoch == epoch
            if greeting is not None and settled and epoch in rights_of_epoch:
                if admission.reign == room.reign:
                    break
                continue  # it is on record as under the reign before, and would be sent of this one
            # It was deleted while we came in: make it again.
        # From here to the end nothing is awaited: no revision and no news can come between.
        if room.is_duplicate(session):
            raise _turned_away(session.exit, "userdup")
        session.joins(room.epoch, DeliveryCursor(greeting.rev, greeting.rev))
        variables = greeting.to(
            session.identity,
            me.me,
            users=room.people.count(session.id),
            cookie_prefix=self.settings.cookie_prefix,
            beside=(
                room.metadata.variables_of_readers
                if session.identity.read_only
                else room.metadata.variables
            ),
            rights={
                **rights_of_epoch[epoch],
                **({"cursors": True} if session.points else {}),
            },
            more=more,
        )
        ahead: list[Frame] = []
        if isinstance(variables, Frame):
            ahead.append(variables)
        else:
            session.send(variables)
        if session.identity.damaged:
            ahead.append(shout(int(time.time() * 1000), message=DAMAGED))
        self._let_in(room, session, ahead=ahead)

    async def _get_to_know(self, room: Room) -> None:
        """Those whose names somebody who comes is told: who are here, and who have written."""
        await room.people.get_to_know_present(self.redis)
        await room.people.get_to_know(self.redis, (await room.replica.document()).authors())

    async def _rights(self, room: Room, session: Session, known: dict[int, dict[str, Any]]) -> None:
        """Adds what the session may to the pad of this epoch. Once: the token by which a pad is
        deleted is told a single time, and who waits for room for his greeting comes by again."""
        await room.metadata.settled()
        if (epoch := room.epoch) not in known:
            known[epoch] = await rights_of(self.redis, room, session.identity, self.settings)

    async def _shown(self, room: Room, session: Session, fresh: str) -> None:
        known = session.identity.read_only_id
        if not known:
            known = await pads.settle_read_only_id(self.redis, room.keys, fresh)
            session.identity = replace(session.identity, read_only_id=known)

    async def _ask_for(self, room: Room, identity: SessionIdentity) -> None:
        """Asks the writer for the pad, which seems not to be there. If it is, nothing comes of it:
        so this need not wait for the room to be open, and where Redis is far away, the pad is made
        while it is read that there is none."""
        async with self._outside(), room.making:
            # Of those who come at the same time one makes it; the others need no turn of theirs.
            if room.feed.head < 0 and room.made_in not in (room.epoch, BEFORE_IT_WAS_READ):
                await self.makers.wait(identity.author, identity.address)
                opened = room.opened is not None and room.opened.done()
                room.made_in = room.epoch if opened else BEFORE_IT_WAS_READ
        if room.feed.head < 0:
            await self.inbox.put(
                Creation(room.pad_id, room.origin, identity.author, self.settings.first_text)
            )

    async def _create(self, room: Room, session: Session, *, asked: bool) -> None:
        if not asked:
            await self._ask_for(room, session.identity)
        elif room.made_in == BEFORE_IT_WAS_READ:
            room.made_in = room.epoch
        try:
            async with self._outside(), asyncio.timeout(self.settings.commit_timeout_ms / 1000):
                await room.replica.reached(0)
        except TimeoutError:
            await room.resync.done()
            if room.feed.head < 0:
                raise TimeoutError("no answer from the writer") from None
        if room.feed.head < 0 and room.replica.unmade:
            raise CorruptPad(room.replica.unmade)

    # --- Coming back -----------------------------------------------------------------------------

    async def _resume(
        self,
        room: Room,
        session: Session,
        me: Author,
        rev: Any,
        stay: ResumeToken | None,
        *,
        store: Introduced | None = None,
    ) -> None:
        if isinstance(rev, float) and rev.is_integer():
            rev = int(rev)
        if room.feed.head < 0:
            raise _turned_away(session.exit, "deleted")
        fence, settled = None, None
        if not session.identity.read_only and not session.identity.embedded:
            # Settles what earlier sessions of this author submitted: it is in the history by now,
            # or never will be. The client sends again what it saw no answer to; it must not count
            # twice.
            origin, settled = session.expect()
            fence = Fence(room.pad_id, origin, session.order, session.author)
        admission, _ = await all_of(
            self._register(room, session, me, resumes=True, stay=stay, fence=fence, store=store),
            room.people.get_to_know_present(self.redis),
        )
        if admission.reign != room.reign:
            await room.resync.done()
        if fence is not None and settled is not None:
            fence = replace(fence, order=admission.order)
            await self._fence(room, fence, admission.fence_id, settled)
        if admission.is_news and _is_on(room, admission) and _shares(room, admission, rev):
            # Before it is sent any more: it may be cut off again at once.
            await room.resync.vouching.vouch([session.author])
        await room.people.get_to_know_present(self.redis)
        # From here to the end nothing is awaited.
        if room.is_duplicate(session):
            raise _turned_away(session.exit, "userdup")
        head = room.feed.head
        if not _is_on(room, admission):
            raise TimeoutError("the pad has changed its server or its history just now")
        if not _shares(room, admission, rev):
            # Its history is not ours. Etherpad's page says "try reloading" to this reason, and a
            # reload is the one thing that helps (I5).
            shown = rev if type(rev) is int and abs(rev) < 1 << 53 else type(rev).__name__
            log.warning(
                "told to reload",
                extra={
                    "pad": room.pad_id,
                    "client_rev": shown,
                    "head": head,
                    "shared": admission.shared_up_to,
                    "epoch": admission.epoch,
                    "seen_epoch": admission.seen_epoch,
                },
            )
            raise _turned_away(session.exit, "rejected")
        cursor = DeliveryCursor(
            rev,
            rev,
            resume_until=head,
            author=session.author,
            knows_sessions=session.knows_sessions,
            submitted_as=stay.submitted_as(rev) if stay is not None else "",
        )
        session.joins(room.epoch, cursor)
        # Behind what its session is called: who has missed nothing may submit at once.
        self._let_in(
            room,
            session,
            behind=[collabroom.nothing_missed(head)] if rev == head else [],
            comes_back=True,
        )

    async def _fence(
        self, room: Room, fence: Fence, entry_id: str, done: "asyncio.Future[Outcome | None]"
    ) -> None:
        """Returns when the fence is settled, and what stands before it is here."""
        async with self._outside():
            if not await self.inbox.settle(fence, done, entry_id):
                # It is nowhere else, so the client has to come again.
                raise TimeoutError("no answer from the writer")
        outcome = done.result()
        await room.replica.reached(outcome.rev if outcome is not None else -1)

    # --- Both ------------------------------------------------------------------------------------

    def _let_in(
        self,
        room: Room,
        session: Session,
        *,
        ahead: Sequence[Frame] = (),
        behind: Sequence[Frame] = (),
        comes_back: bool = False,
    ) -> None:
        """What stands `ahead` of what its session is called, and `behind`, leaves in one write."""
        called = [collabroom.session_is(session.id)] if session.knows_sessions else []
        session.send(Frame.joined([*ahead, room.history_for(session), *called, *behind]))
        room.enter(session, comes_back=comes_back)

    async def _register(
        self,
        room: Room,
        session: Session,
        me: Author,
        *,
        resumes: bool = False,
        stay: ResumeToken | None = None,
        fence: Fence | None = None,
        store: Introduced | None = None,
    ) -> Admission:
        room.arrives(session)
        admission: Admission
        admission, *_ = await all_of(
            presence.join(
                self.redis,
                room.keys,
                session.member(me, self.worker_id),
                order=session.order or None,
                resumes=resumes,
                stay=(stay.epoch, stay.reign) if stay is not None else None,
                fence=None if fence is None else (fence, self.keyspace.inbox(room.keys.partition)),
            ),
            *([store.store(self.redis)] if store is not None else []),
        )
        session.order = admission.order
        return admission


class Ahead:
    """The pad that somebody is about to join, opened while the rest is found out: each round trip
    that is not waited for twice is one that the client does not wait for."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._room: Room | None = None

    def open(self, pad_id: str) -> None:
        """The first call counts."""
        if self._room is None:
            self._room = self._rooms.begin_to_enter(pad_id)

    def close(self) -> None:
        """Whoever has joined holds it by now."""
        if self._room is not None:
            self._rooms.leave(self._room)


def _is_on(room: Room, admission: Admission) -> bool:
    """Whether the room follows the history that somebody was admitted to."""
    return (admission.reign, admission.epoch) == (room.reign, room.epoch)


def _shares(room: Room, admission: Admission, rev: Any) -> bool:
    """Whether a page that has the pad up to `rev` of its own history has it as it is here."""
    if type(rev) is not int or not -1 <= rev <= room.feed.head:
        return False
    if admission.shared_up_to is not None and rev > admission.shared_up_to:
        return False
    return admission.epoch == (admission.seen_epoch or 0)


def _turned_away(way_out: Outbound, reason: str) -> TurnedAway:
    metrics.DISCONNECTS.labels(reason).inc()
    if not way_out.closed:
        way_out.write(packets.packet({"disconnect": reason}))
    return TurnedAway(reason)


def turn_away_if_corrupt(way_out: Outbound, pad_id: str, error: BaseException) -> None:
    """Raises `TurnedAway` if it is what one of the pad's keys holds that keeps people out: they are
    told so, for a page that is only cut off would come again and again."""
    if isinstance(error, CorruptPad) or is_of_a_key(error):
        log.error("corrupt pad", extra={"pad": pad_id, "error": str(error)})
        raise _turned_away(way_out, "corruptPad") from error
