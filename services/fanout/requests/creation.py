"""This module has pads created that do not exist yet when somebody opens them."""

import asyncio
from dataclasses import dataclass

from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.limits.new_pads import NewPads
from padfleet.services.fanout.requests.join_gate import JoinGate
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.entries import Creation
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.payers import payer_of

BEFORE_IT_WAS_READ = -2
"""A value of `Room.made_in`: it says that the pad was asked for while the room was being opened."""


@dataclass(frozen=True, slots=True)
class PadCreation:
    """Asks the writer to create pads, within the limit on how many one client may create."""

    inbox: InboxWriter
    new_pads: NewPads
    gate: JoinGate
    first_text: str  #: the text that a new pad starts with
    timeout: float  #: seconds to wait for the writer

    async def ask_for(self, room: Room, identity: SessionIdentity) -> None:
        """Asks the writer to create the pad, which does not seem to exist. If it does exist, the
        request has no effect. So this need not wait until the room is open, and where Redis is far
        away, the pad is created while we are still reading that there is none.

        Raises `RateExceeded`, or what `UNREACHABLE` lists.
        """
        async with self.gate.outside(), room.making:
            # If several clients come at the same time, one of them creates the pad; the others are
            # not charged for it.
            if room.feed.head < 0 and room.made_in not in (room.epoch, BEFORE_IT_WAS_READ):
                await self.new_pads.wait(identity.author, payer_of(identity.address))
                opened = room.opened is not None and room.opened.done()
                room.made_in = room.epoch if opened else BEFORE_IT_WAS_READ
        if room.feed.head < 0:
            await self.inbox.put(
                Creation(room.pad_id, room.origin, identity.author, self.first_text)
            )

    async def create(self, room: Room, identity: SessionIdentity, *, asked: bool) -> None:
        """Has the pad created, and returns once it exists.

        Arguments:
            asked: whether the writer has been asked for it already.

        Raises what `ask_for` raises, `TimeoutError` if there is no answer, and `CorruptPad`.
        """
        if not asked:
            await self.ask_for(room, identity)
        elif room.made_in == BEFORE_IT_WAS_READ:
            room.made_in = room.epoch
        try:
            async with self.gate.outside(), asyncio.timeout(self.timeout):
                await room.replica.reached(0)
        except TimeoutError:
            await room.resync.done()
            if room.feed.head < 0:
                raise TimeoutError("no answer from the writer") from None
        if room.feed.head < 0 and room.replica.unmade:
            raise CorruptPad(room.replica.unmade)
