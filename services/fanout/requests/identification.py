"""This module finds out who wants to join which pad, and what they may do there."""

from dataclasses import dataclass, field
from typing import Any

from padfleet.services.fanout.auth.access import Access
from padfleet.services.fanout.auth.decision import Denied, Grant, Reason, RequestedPad
from padfleet.services.fanout.auth.handshake import Handshake, is_plain, wanted_pad
from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.services.fanout.limits.new_pads import NewPads
from padfleet.services.fanout.requests.ahead import Ahead
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import of_right_type
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import pads
from padfleet.shared.log.pad.pads import PadGlance
from padfleet.shared.log.people import visitors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.people.sent_away import KeptOut
from padfleet.shared.payers import Payer
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.tasks import Pending


@dataclass(slots=True)
class Identification:
    """Identifies the author and the pad of one join. Steps that do not depend on each other's
    answers run concurrently."""

    redis: Redis
    keyspace: Keyspace
    settings: FanoutSettings
    access: Access
    new_pads: NewPads
    ahead: Ahead | None  #: opens the pad in the meantime, if given
    looks: bool = False  #: whether a pad in the cold store stays there
    _glance: Pending[PadGlance] | None = field(default=None, init=False)
    _author: Pending[tuple[Author | None, bool, bool]] | None = field(default=None, init=False)

    async def identify(self, handshake: Handshake, message: dict[str, Any]) -> SessionIdentity:
        """Finds out who asks for which pad in a CLIENT_READY `message`.

        Raises `Denied`, `RateExceeded`, `CorruptPad`, or what `UNREACHABLE` lists.
        """
        known: Author | None = None
        due = kept_out = False
        try:
            wanted, grant = await self.access.admit(
                handshake, message, lambda: self._find(message.get("padId"))
            )
            if self.ahead is not None:
                self.ahead.open(wanted.pad_id)
            if grant.made is None:
                self._author = Pending(self._look(wanted, grant), "author")
            glance = await self._seen(wanted, grant.author, handshake.payer)
            # An author who creates a pad is looked up later, while the pad is being created.
            if self._author is not None and glance.exists:
                known, due, kept_out = await self._author
        finally:
            for asked in (self._glance, self._author):
                if asked is not None:
                    asked.forget()  # nobody waits for it any more if the client is not let in
        if not glance.exists and (not grant.write or self.settings.edit_only):
            raise Denied("the pad does not exist, and may not be created", Reason.NO_PAD)
        return _identity(handshake, wanted, grant, glance, known, due=due, kept_out=kept_out)

    async def _look(self, wanted: RequestedPad, grant: Grant) -> tuple[Author | None, bool, bool]:
        """Returns what `visitors.record_of` returns, and whether the author was sent away from the
        pad and comes back too early."""
        kept_out = KeptOut(self.redis, wanted.pad_id, grant.author)
        known, due = await visitors.record_of(self.redis, grant.author, grant.visit)
        return known, due, await kept_out

    async def _find(self, pad: Any) -> RequestedPad:
        with of_right_type("the pad's meta"):
            wanted = await wanted_pad(self.redis, self.keyspace, pad, self._open)
        if not wanted.read_only:
            # This runs while we find out who asks.
            glance = pads.glance(self.redis, self.keyspace.pad(wanted.pad_id), fetch=False)
            self._glance = Pending(glance, "a glance at the pad")
        return wanted

    def _open(self, pad_id: str) -> None:
        if self.ahead is not None and self.settings.everybody_may and is_plain(pad_id):
            self.ahead.open(pad_id)

    async def _seen(self, wanted: RequestedPad, author: str, payer: Payer) -> PadGlance:
        keys = self.keyspace.pad(wanted.pad_id)
        with of_right_type("the pad's meta"):
            if self._glance is None:
                # Nobody can guess links, so a client that has one has few of them, and is not
                # charged.
                away = self.looks and await pads.is_away(self.redis, keys)
                return PadGlance(True, wanted.requested_id, away=away)
            glance = await self._glance
            if glance.away:
                await self.new_pads.wait(author, payer)
                if not self.looks:
                    glance = await pads.glance(self.redis, keys)
        return glance


def _identity(
    handshake: Handshake,
    wanted: RequestedPad,
    grant: Grant,
    glance: PadGlance,
    known: Author | None,
    *,
    due: bool,
    kept_out: bool,
) -> SessionIdentity:
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
        kept_out=kept_out,
        away=glance.away,
    )
