"""This module brings a client back onto a pad, to exactly where it left off (I5)."""

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.requests.join_gate import JoinGate
from padfleet.services.fanout.requests.joining import Joining
from padfleet.services.fanout.requests.turning_away import turned_away
from padfleet.shared.log.entries import Fence
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.people.presence import Admission
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resuming:
    """One client's way back onto a pad."""

    joining: Joining
    gate: JoinGate
    inbox: InboxWriter

    async def resume(self, rev: Any, stay: ResumeToken | None, *, stayed: bool = False) -> None:
        """Brings the client up to date from `rev`, the last one that it says it has.

        Arguments:
            stay: what its page has recorded about its last stay.
            stayed: whether the client was connected all the time, and is sent what it lacks like
                anybody on the pad.

        Raises `TurnedAway`, or what `UNREACHABLE` lists.
        """
        if isinstance(rev, float) and rev.is_integer():
            rev = int(rev)
        room, session = self.joining.room, self.joining.session
        if room.feed.head < 0:
            raise turned_away(session.exit, "deleted")
        admission = await self._admitted(stay)
        if admission.is_news and _is_on(room, admission) and _shares(room, admission, rev):
            # This comes before anything more is sent: it may be cut off again at once.
            await room.resync.vouching.vouch([session.author])
        await room.people.get_to_know_present(self.joining.redis)
        # Nothing is awaited from here to the end.
        self.joining.check_still_wanted()
        head = room.feed.head
        if not _is_on(room, admission):
            if head < 0:
                raise turned_away(session.exit, "deleted")  # just now
            raise TimeoutError("the pad has changed its server or its history just now")
        if not _shares(room, admission, rev):
            # Its history is not ours. For this reason Etherpad's page shows "try reloading", and a
            # reload is the one thing that helps (I5).
            _log_reload(room, admission, rev)
            raise turned_away(session.exit, "rejected")
        if stayed:
            session.joins(room.epoch, DeliveryCursor(rev, rev))
            self.joining.let_in()
            return
        cursor = DeliveryCursor(
            rev,
            rev,
            resume_until=head,
            author=session.author,
            knows_sessions=session.knows_sessions,
            submitted_as=stay.submitted_as(rev) if stay is not None else "",
        )
        session.joins(room.epoch, cursor)
        # This follows the session's name: a client that has missed nothing may submit at once.
        behind = [collabroom.nothing_missed(head)] if rev == head else []
        self.joining.let_in(behind=behind, comes_back=True)

    async def _admitted(self, stay: ResumeToken | None) -> Admission:
        """Registers the session, and returns once everything that earlier sessions of this author
        submitted is settled: it is in the history by then, or never will be. The client sends every
        edit again that it saw no answer to, and none of them must count twice."""
        room, session = self.joining.room, self.joining.session
        fence, settled = None, None
        if not session.identity.read_only and not session.identity.embedded:
            origin, settled = session.expect()
            fence = Fence(room.pad_id, origin, session.order, session.author)
        admission: Admission
        admission, _ = await all_of(
            self.joining.register(resumes=True, stay=stay, fence=fence),
            room.people.get_to_know_present(self.joining.redis),
        )
        if admission.reign != room.reign:
            await room.resync.done()
        if fence is not None and settled is not None:
            fence = replace(fence, order=admission.order)
            await self._wait_for(fence, admission.fence_id, settled)
        return admission

    async def _wait_for(
        self, fence: Fence, entry_id: str, done: "asyncio.Future[Outcome | None]"
    ) -> None:
        """Returns once the fence is settled and everything before it has arrived here."""
        async with self.gate.outside():
            if not await self.inbox.settle(fence, done, entry_id):
                # The answer is nowhere else to be found, so the client has to come again.
                raise TimeoutError("no answer from the writer")
        outcome = done.result()
        await self.joining.room.replica.reached(outcome.rev if outcome is not None else -1)


def _log_reload(room: Room, admission: Admission, rev: Any) -> None:
    log.warning(
        "told to reload",
        extra={
            "pad": room.pad_id,
            "client_rev": rev if type(rev) is int and abs(rev) < 1 << 53 else type(rev).__name__,
            "head": room.feed.head,
            "shared": admission.shared_up_to,
            "epoch": admission.epoch,
            "seen_epoch": admission.seen_epoch,
        },
    )


def _is_on(room: Room, admission: Admission) -> bool:
    """Returns whether the room follows the history that the session was admitted to."""
    return (admission.reign, admission.epoch) == (room.reign, room.epoch)


def _shares(room: Room, admission: Admission, rev: Any) -> bool:
    """Returns whether a page's own history up to `rev` is the same as the pad's history here."""
    if type(rev) is not int or not -1 <= rev <= room.feed.head:
        return False
    if admission.shared_up_to is not None and rev > admission.shared_up_to:
        return False
    return admission.epoch == (admission.seen_epoch or 0)
