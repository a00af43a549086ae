"""This module holds the steps onto a pad that newcomers and returning clients have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.requests.client_capabilities import Introduced
from padfleet.services.fanout.requests.turning_away import turned_away
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Fence
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.people import presence
from padfleet.shared.log.people.presence import Admission
from padfleet.shared.log.people.sent_away import KeptOut
from padfleet.shared.tasks import all_of


@dataclass(frozen=True, slots=True)
class Joining:
    """One session, and the pad that it joins."""

    redis: Redis
    keyspace: Keyspace
    worker_id: str
    room: Room
    session: Session
    me: Introduced

    async def register(
        self,
        *,
        resumes: bool = False,
        stay: ResumeToken | None = None,
        fence: Fence | None = None,
    ) -> Admission:
        """Adds the session to the stored members of the pad, and stores who its author is.

        Arguments:
            resumes: whether it goes on where an earlier session of its author ended.
            stay: what its page has recorded about that earlier session.
            fence: an entry that is put into the inbox in the same step.

        Raises what `UNREACHABLE` lists.
        """
        room, session = self.room, self.session
        room.arrives(session)
        # A session that is sent away from now on is told so in the room. One that was sent away
        # before, even after the first check, is found here.
        kept_out = KeptOut(self.redis, room.pad_id, session.author)
        noted = self.me.note(self.redis)
        admission: Admission
        *_, admission = await all_of(
            *([self.me.store(self.redis)] if self.me.has_choice else []),
            presence.join(
                self.redis,
                room.keys,
                session.member(self.me.me, self.worker_id),
                order=session.order or None,
                resumes=resumes,
                stay=(stay.epoch, stay.reign) if stay is not None else None,
                fence=None if fence is None else (fence, self.keyspace.inbox(room.keys.partition)),
            ),
        )
        if noted is not None:
            await noted
        session.order = admission.order
        session.sent_away = await kept_out or session.sent_away
        return admission

    def check_still_wanted(self) -> None:
        """Raises `TurnedAway` if an operator has sent the session away while it was joining, or if
        another session of its author has taken its place."""
        if self.session.sent_away:
            raise turned_away(self.session.exit, "kicked")
        if self.room.is_duplicate(self.session):
            raise turned_away(self.session.exit, "userdup")

    def let_in(
        self,
        *,
        ahead: Sequence[Frame] = (),
        behind: Sequence[Frame] = (),
        comes_back: bool = False,
    ) -> None:
        """Lets the session in. The frames `ahead`, the session's name and the frames `behind` are
        sent in one write."""
        room, session = self.room, self.session
        called = [collabroom.session_is(session.id)] if session.knows_sessions else []
        session.send(Frame.joined([*ahead, room.history_for(session), *called, *behind]))
        room.enter(session, comes_back=comes_back)
