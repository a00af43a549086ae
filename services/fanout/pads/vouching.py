"""Puts on record that the sessions here share the pad's history under its present reign.

It is by that record that a client which does not say itself what it was sent is known again, when
it comes back (`resume_token` is for the others). Where it lagged behind what had been sent, whose
connection broke just then was told to reload, though nothing had been lost. So it goes before:
nobody is sent more while it is not done.
"""

from collections.abc import Awaitable, Callable

from padfleet.services.fanout.pads.gate import Sender, SendingGate
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.shared.log import presence
from padfleet.shared.log.connect import UNREACHABLE, Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.retry import RetryPauses
from padfleet.shared.tasks import Tasks


class Vouching:
    """For the sessions of one room."""

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
        """`gate` is shut while it is not on record yet what the sessions here are about to be sent;
        `compare` brings `replica` up to what is stored."""
        self._redis = redis
        self._pad_id = pad_id
        self._keys = keys
        self._replica = replica
        self._gate = gate
        self._sender = sender
        self._compare = compare
        self._tasks = Tasks()

    def begin(self, authors: list[str]) -> None:
        """For these authors' sessions, in the background."""
        if authors:
            self._gate.shut()
            self._tasks.start(self._run(list(set(authors))), "vouching", pad=self._pad_id)

    def close(self) -> None:
        self._tasks.close()

    async def _run(self, authors: list[str]) -> None:
        try:
            await self.vouch(authors)
        finally:
            # Whatever has come of it: to stand still for good would be worse than to reload.
            self._gate.release()
            if not self._gate.is_shut:
                self._sender.due()

    async def vouch(self, authors: list[str]) -> bool:
        """Returns when it is on record, or, with False, when the pad is found to have passed on to
        another reign or history: whoever is still here then is vouched for under that."""
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
