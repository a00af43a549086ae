"""This module brings a newcomer onto a pad: it sends CLIENT_VARS, and everything that has happened
since they were put together."""

import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.hub.client_vars import Greeting
from padfleet.services.fanout.hub.greetings import PATIENCE
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.requests.creation import PadCreation
from padfleet.services.fanout.requests.hooks import Hooks
from padfleet.services.fanout.requests.join_gate import JoinGate
from padfleet.services.fanout.requests.joining import Joining
from padfleet.services.fanout.requests.rights import begin_with, rights_of
from padfleet.services.fanout.requests.shouts import shout
from padfleet.services.fanout.requests.turning_away import turned_away
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared import refusals
from padfleet.shared.budget import NoRoom
from padfleet.shared.log.people.presence import Admission
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.tasks import all_of

DAMAGED = (
    "What is stored of this pad is damaged. You see its present text, and nobody can change it. "
    "Please tell whoever runs this service."
)
"""The notice that is shown to everybody who opens a damaged pad."""


@dataclass(slots=True)
class Arrival:
    """One newcomer's way onto a pad. It starts over, as often as necessary, when the pad is
    replaced by another one meanwhile."""

    joining: Joining
    gate: JoinGate
    creation: PadCreation
    hooks: Hooks
    settings: FanoutSettings
    defaults: Any  #: how the newcomer's page looks, used if this arrival creates the pad
    asked: bool  #: whether the writer has already been asked for a pad that did not exist
    _rights: dict[int, dict[str, Any]] = field(default_factory=dict, init=False)
    """The rights of the session, keyed by the pad's epoch."""

    @property
    def _room(self) -> Room:
        return self.joining.room

    @property
    def _session(self) -> Session:
        return self.joining.session

    async def arrive(self) -> None:
        """Brings the newcomer onto the pad.

        Raises `TurnedAway`, `RateExceeded`, or what `UNREACHABLE` lists.
        """
        patient_until = monotonic() + PATIENCE
        while True:
            try:
                ready = await self._prepared()
            except NoRoom as error:
                refusals.LIMITED.labels("outgoing").inc()
                if monotonic() > patient_until:
                    raise TimeoutError(str(error)) from error
                async with self.gate.outside():
                    await self._room.greetings.room_for(error.size)
                continue
            if ready is not None:
                break
        # Nothing is awaited from here to the end, so no revision or news can come in between.
        self.joining.check_still_wanted()
        self._greet(*ready)

    async def _prepared(self) -> tuple[Greeting, dict[str, Any]] | None:
        """Returns what the newcomer is to be sent and what the hooks add to it, or None if the pad
        has been replaced by another one meanwhile. It can also raise `NoRoom`."""
        room = self._room
        begins = await self._find_or_create()
        epoch = room.epoch
        admission = await self._admitted(begins=begins)
        if not await self._agrees(admission):
            return None
        await room.people.get_to_know_present(self.joining.redis)
        await room.metadata.settled()
        hooks = self.hooks
        more = await hooks.variables(room, self._session) if hooks.client_vars else {}
        greeting = await room.greetings.make()
        if greeting is None or not greeting.epoch == room.epoch == epoch:
            return None  # it was deleted while we were coming in, and will be created again
        if epoch not in self._rights or admission.reign != room.reign:
            # The leader epoch has changed: the session is registered under the previous one, but
            # would be sent data of the current one.
            return None
        return greeting, more

    async def _find_or_create(self) -> bool:
        """Returns whether the pad begins with this newcomer, and has it created if it must be."""
        room, identity = self._room, self._session.identity
        begins = self.asked or room.feed.head < 0
        if room.feed.head < 0:
            if identity.read_only or self.settings.edit_only:
                raise turned_away(self._session.exit, "deleted")  # after it was let in
            await self.creation.create(room, identity, asked=self.asked)
        self.asked = False
        return begins

    async def _admitted(self, *, begins: bool) -> Admission:
        room, redis, author = self._room, self.joining.redis, self._session.author
        works: list[Coroutine[Any, Any, Any]] = []
        # What need not wait for Redis needs no task. It comes first: if it fails, nothing else is
        # left behind.
        if room.metadata.is_settled and room.metadata.creator != author:
            await self._find_rights()
        else:
            works.append(self._find_rights())
        if begins:
            works.append(begin_with(redis, room, author, self.defaults, self.settings))
        if not self._session.identity.read_only_id:
            works.append(self._settle_read_only_id())
        # A room that others are in knows nearly everything already.
        if not (room.people.knows_present and room.greetings.has_one):
            works.append(self._get_to_know())
        admission: Admission
        *_, admission = await all_of(*works, self.joining.register())
        return admission

    async def _get_to_know(self) -> None:
        """Loads the authors whose names a newcomer is sent: those who are here, and those who have
        written on the pad."""
        redis, people = self.joining.redis, self._room.people
        await people.get_to_know_present(redis)
        await people.get_to_know(redis, (await self._room.replica.document()).authors())

    async def _find_rights(self) -> None:
        """Finds out, once per epoch, what the session may do to the pad. It must be once, because
        the pad's deletion token is issued a single time, and a newcomer who has to wait for room
        for the greeting passes through here again."""
        room = self._room
        await room.metadata.settled()
        if (epoch := room.epoch) not in self._rights:
            self._rights[epoch] = await rights_of(
                self.joining.redis, room, self._session.identity, self.settings
            )

    async def _settle_read_only_id(self) -> None:
        room, session = self._room, self._session
        known = await room.read_only_id.settled(room.epoch, room.reign)
        session.identity = replace(session.identity, read_only_id=known)

    async def _agrees(self, admission: Admission) -> bool:
        """Returns whether the room is on the pad that the session was admitted to; False means
        that this pad is gone. Raises `TimeoutError` if the room cannot be brought up to date.
        """
        room = self._room
        if admission.epoch != room.epoch:
            # The pad was deleted or replaced while we were coming in, and we have not heard yet.
            await room.resync.done()
            if room.feed.head < 0:
                return False
            if admission.epoch != room.epoch:
                raise TimeoutError("the pad has changed its history just now")
        if admission.reign != room.reign:
            # There was a fail-over. Nobody new may be shown what it took away.
            await room.resync.done()
            if admission.reign != room.reign:
                raise TimeoutError("the pad could not be compared with the present server")
        return True

    def _greet(self, greeting: Greeting, more: dict[str, Any]) -> None:
        room, session = self._room, self._session
        session.joins(room.epoch, DeliveryCursor(greeting.rev, greeting.rev))
        rights = self._rights[room.epoch]
        variables = greeting.to(
            session.identity,
            self.joining.me.me,
            users=room.people.count(session.id),
            cookie_prefix=self.settings.cookie_prefix,
            beside=(
                room.metadata.variables_of_readers
                if session.identity.read_only
                else room.metadata.variables
            ),
            rights={**rights, "cursors": True} if session.points else rights,
            more=more,
        )
        ahead: list[Frame] = []
        if isinstance(variables, Frame):
            ahead.append(variables)
        else:
            session.send(variables)
        if session.identity.damaged:
            ahead.append(shout(int(time.time() * 1000), message=DAMAGED))
        self.joining.let_in(ahead=ahead)
