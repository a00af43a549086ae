"""A newcomer's way onto a pad: CLIENT_VARS, and everything since."""

import time
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
from padfleet.shared.log.pad import pads
from padfleet.shared.log.people.presence import Admission
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.tasks import Pending, all_of

DAMAGED = (
    "What is stored of this pad is damaged. You see its present text, and nobody can change it. "
    "Please tell whoever runs this service."
)
"""What everybody is told who opens such a pad."""


@dataclass(slots=True)
class Arrival:
    """One newcomer's way onto a pad. It begins again, as often as it must, where the pad becomes
    another one meanwhile."""

    joining: Joining
    gate: JoinGate
    creation: PadCreation
    hooks: Hooks
    settings: FanoutSettings
    defaults: Any  #: how the newcomer's page looks, for a pad that is made by this
    read_only_id: Pending[str] | None  #: a new one, for a pad that has none yet
    asked: bool  #: the writer has been asked for the pad, which was not there
    _rights: dict[int, dict[str, Any]] = field(default_factory=dict, init=False)
    """What the session may do, by the pad's generation."""

    @property
    def _room(self) -> Room:
        return self.joining.room

    @property
    def _session(self) -> Session:
        return self.joining.session

    async def arrive(self) -> None:
        """Raises `TurnedAway`, `RateExceeded`, or what `UNREACHABLE` lists."""
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
        # From here to the end nothing is awaited: no revision and no news can come between.
        self.joining.refuse_duplicate()
        self._greet(*ready)

    async def _prepared(self) -> tuple[Greeting, dict[str, Any]] | None:
        """What the newcomer is to be sent, and what the hooks add to it; None if the pad has become
        another one meanwhile. Raises `NoRoom` too."""
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
            return None  # it was deleted while we came in: it is made again
        if epoch not in self._rights or admission.reign != room.reign:
            # With another leader epoch the session is on record as under the one before, and would
            # be sent what is of this one.
            return None
        return greeting, more

    async def _find_or_create(self) -> bool:
        """Whether the pad begins with this newcomer."""
        room, identity = self._room, self._session.identity
        begins = self.asked or room.feed.head < 0
        if room.feed.head < 0:
            if identity.read_only or self.settings.edit_only:
                raise turned_away(self._session.exit, "deleted")  # since it was let in
            await self.creation.create(room, identity, asked=self.asked)
        self.asked = False
        return begins

    async def _admitted(self, *, begins: bool) -> Admission:
        # Before anything is begun beside: what fails here must not leave that behind.
        fresh = None if self.read_only_id is None else await self.read_only_id
        redis, author = self.joining.redis, self._session.author
        admission: Admission
        admission, *_ = await all_of(
            self.joining.register(),
            self._get_to_know(),
            self._find_rights(),
            *(
                [begin_with(redis, self._room, author, self.defaults, self.settings)]
                if begins
                else []
            ),
            *([self._settle_read_only_id(fresh)] if fresh is not None else []),
        )
        self.read_only_id = None  # it is settled, however often we have to begin again
        return admission

    async def _get_to_know(self) -> None:
        """Those whose names somebody who comes is told: who are here, and who have written."""
        redis, people = self.joining.redis, self._room.people
        await people.get_to_know_present(redis)
        await people.get_to_know(redis, (await self._room.replica.document()).authors())

    async def _find_rights(self) -> None:
        """Adds what the session may do to the pad of this generation. Once: the token by which a
        pad is deleted is told a single time, and who waits for room for his greeting comes by
        again."""
        room = self._room
        await room.metadata.settled()
        if (epoch := room.epoch) not in self._rights:
            self._rights[epoch] = await rights_of(
                self.joining.redis, room, self._session.identity, self.settings
            )

    async def _settle_read_only_id(self, fresh: str) -> None:
        session = self._session
        known = session.identity.read_only_id
        if not known:
            known = await pads.settle_read_only_id(self.joining.redis, self._room.keys, fresh)
            session.identity = replace(session.identity, read_only_id=known)

    async def _agrees(self, admission: Admission) -> bool:
        """Whether the room is on the pad that the session was admitted to; with False it is gone.

        Raises `TimeoutError` where it cannot be brought to that.
        """
        room = self._room
        if admission.epoch != room.epoch:
            # It went away, or became another, while we came in, and we have not heard yet.
            await room.resync.done()
            if room.feed.head < 0:
                return False
            if admission.epoch != room.epoch:
                raise TimeoutError("the pad has changed its history just now")
        if admission.reign != room.reign:
            # There was a fail-over. What it took away must not be shown to anybody new.
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
