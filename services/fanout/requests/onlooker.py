"""This module is about clients that only look at the history of a pad in the cold store."""

from dataclasses import dataclass, field

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.session import SessionIdentity, new_session_id
from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.transport.outbound import OVERFLOW, Outbound
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.reader import PadReader, open_reader


@dataclass(slots=True, eq=False)
class Onlooker:
    """A client that was shown a pad in the cold store, and asks for its past.

    It is on no pad: the pad stays where it is, nobody is told that somebody looks at it, and what
    is written on it later is not sent. What is read of the pad is kept only while it is needed, so
    an onlooker takes no memory for it.
    """

    identity: SessionIdentity
    exit: Outbound
    epoch: int  #: of the history that it was shown
    redis: Redis
    keyspace: Keyspace
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
