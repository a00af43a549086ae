"""Records that the sessions here share the pad's history under its present reign.

By this record, a returning client that does not say itself what it was sent is recognised
(`resume_token` is for the others). When the record lagged behind what had been sent, a client whose
connection broke at that moment was told to reload, though nothing had been lost. So it is written
first: nothing more is sent until that is done.
"""

from collections.abc import Awaitable, Callable

from padfleet.services.fanout.pads.gate import Sender, SendingGate
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.retry import RetryPauses
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.people import presence
from padfleet.shared.tasks import Tasks


class Vouching:
    """Vouches for the sessions of one room."""

    def __init__(
        self,
        redis: Redis,
        pad_id: str,
        keys: PadKeys,
        replica: PadReplica,
        gate: SendingGate,
        sender: Sender,
        compare: Callable[[], Awaitable[None]],
    ) -> None:
        """Takes the room's pad. `gate` is shut until it is recorded what the sessions here are
        about to be sent; `compare` brings `replica` up to what is stored."""
        self._redis = redis
        self._pad_id = pad_id
        self._keys = keys
        self._replica = replica
        self._gate = gate
        self._sender = sender
        self._compare = compare
        self._tasks = Tasks()

    def begin(self, authors: list[str]) -> None:
        """Vouches for these authors' sessions, in the background."""
        if authors:
            self._gate.shut()
            self._tasks.start(self._run(list(set(authors))), "vouching", pad=self._pad_id)

    def close(self) -> None:
        self._tasks.close()

    async def _run(self, authors: list[str]) -> None:
        try:
            await self.vouch(authors)
        finally:
            # Whatever the result is: being stuck forever would be worse than reloading.
            self._gate.release()
            if not self._gate.is_shut:
                self._sender.due()

    async def vouch(self, authors: list[str]) -> bool:
        """Returns True when it is recorded, or False when the pad has passed on to another reign or
        history: sessions that are still here are then vouched for under that one."""
        replica = self._replica
        epoch, reign = replica.epoch, replica.reign
        pauses = RetryPauses()
        while (replica.epoch, replica.reign) == (epoch, reign):
            try:
                if await presence.vouch(self._redis, self._keys, authors, epoch=epoch, reign=reign):
                    return True
            except UNREACHABLE:
                await pauses.sleep()
            else:
                await self._compare()
                if (replica.epoch, replica.reign) == (epoch, reign):
                    return False  # what is stored cannot be read, and people are told so
        return False
