"""This module is about clients that look at a pad in the cold store, which stays there."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.session import SessionIdentity, new_session_id
from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.hub.followed import Followed
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.transport.outbound import OVERFLOW, Outbound
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.reader import PadReader, open_reader


class Following(NamedTuple):
    """How a client that reads a pad in the cold store goes on when somebody opens the pad."""

    pad: Followed
    stay: ResumeToken  #: the history that it was shown
    rev: int  #: the newest revision that it was shown
    ready: dict[str, Any]  #: what it might send to go on from there, if it had to ask


@dataclass(slots=True, eq=False)
class Onlooker:
    """A client that was shown a pad in the cold store, and may ask for its past.

    It is on no pad: the pad stays where it is, and nobody is told that somebody looks at it. What
    is written on the pad later is sent only to a client that is `following` the pad, which is put
    on it as soon as somebody opens it. What is read of the pad is kept only while it is needed, so
    an onlooker takes no memory for it.
    """

    identity: SessionIdentity
    exit: Outbound
    epoch: int  #: of the history that it was shown
    redis: Redis
    keyspace: Keyspace
    following: Following | None = None  #: None for a client that only shows the history
    id: str = field(default_factory=new_session_id)

    async def reader(self) -> PadReader:
        """Returns the pad as it is now, wherever it is. If it is another one by now, the client is
        disconnected, and comes back to that. Raises `ClientError`, `CorruptPad`, or what
        `UNREACHABLE` lists."""
        reader = await open_reader(self.redis, self.keyspace, self.identity.pad_id)
        if reader is None or reader.meta.epoch != self.epoch:
            self.exit.end()
            raise ClientError("the pad has been deleted or replaced")
        return reader

    async def is_called(self) -> bool:
        """Returns True when the client has to go on the pad, which has been opened, or False when
        it no longer follows the pad. Raises `CorruptPad`, or what `UNREACHABLE` lists."""
        assert self.following is not None
        while True:
            certain = await self.following.pad.news()
            if self.following.pad.ended:
                return False
            if certain or not await self._is_as_shown(self.following):
                return True

    async def _is_as_shown(self, following: Following) -> bool:
        """Returns whether the pad is still in the cold store, as the client knows it."""
        if self.redis.elsewhere is None:
            return False
        found = await self.redis.elsewhere.view(self.identity.pad_id)
        shown = (self.epoch, following.rev)
        return found is not None and (found.meta.epoch, found.meta.head) == shown

    def check_there(self) -> None:
        """Raises `ClientError` if the client has gone."""
        if self.exit.closed:
            raise ClientError("client disconnected")

    def reply(self, frame: Frame) -> None:
        """Sends an answer. A client that keeps asking and takes no answers is disconnected."""
        if self.exit.kept > OVERFLOW:
            metrics.DROPPED.labels("overflow").inc()
            self.exit.end()
        elif not self.exit.closed:
            self.exit.write(frame)
