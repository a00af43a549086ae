"""Puts on record that the sessions here share the pad's history under its present reign.

It is by that record that a client which does not say itself what it was sent is known again, when
it comes back (`resume_token` is for the others). Where it lagged behind what had been sent, whose
connection broke just then was told to reload, though nothing had been lost. So it goes before:
nobody is sent more while it is not done.
"""

import asyncio
from collections.abc import Awaitable, Callable

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
        held: PadReplica,
        compare: Callable[[], Awaitable[None]],
    ) -> None:
        """`compare` brings `held` up to what is stored."""
        self._redis = redis
        self._pad_id = pad_id
        self._keys = keys
        self._held = held
        self._compare = compare
        self._tasks = Tasks()
        self._done = asyncio.Event()
        self._done.set()
        self._under_way = 0
        self.on_done: Callable[[], None] = lambda: None
        """Called when sessions may be sent more again."""

    @property
    def under_way(self) -> bool:
        """Whether it is not on record yet what the sessions here are about to be sent."""
        return self._under_way > 0

    def begin(self, authors: list[str]) -> None:
        """For these authors' sessions, in the background."""
        if authors:
            self._under_way += 1
            self._done.clear()
            self._tasks.start(self._run(list(set(authors))), "vouching", pad=self._pad_id)

    async def done(self) -> None:
        """Returns when sessions may be sent more."""
        await self._done.wait()

    def close(self) -> None:
        self._tasks.close()

    async def _run(self, authors: list[str]) -> None:
        try:
            await self.vouch(authors)
        finally:
            # Whatever has come of it: to stand still for good would be worse than to reload.
            self._under_way -= 1
            if not self._under_way:
                self._done.set()
                self.on_done()

    async def vouch(self, authors: list[str]) -> bool:
        """Returns when it is on record, or, with False, when the pad is found to have passed on to
        another reign or history: whoever is still here then is vouched for under that."""
        held = self._held
        epoch, reign = held.epoch, held.reign
        pauses = RetryPauses()
        while (held.epoch, held.reign) == (epoch, reign):
            try:
                if await presence.vouch(self._redis, self._keys, authors, epoch=epoch, reign=reign):
                    return True
            except UNREACHABLE:
                await pauses.sleep()
            else:
                await self._compare()
                if (held.epoch, held.reign) == (epoch, reign):
                    return False  # what is stored cannot be read, and people are told so
        return False
