"""This module keeps a process's place in its fleet: what it agrees on with the others, and a unique
name.

membership = Membership(redis, "worker", "w-1", partitions=32, setting="PADFLEET_WORKER_ID")
await membership.enter()
process.keep("membership", membership.run, Policy(attempts=1))
process.ends.push_async_callback(membership.leave)
"""

import asyncio
import logging
import secrets
from contextlib import suppress
from typing import Final

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.fleet.agreement import ELDERS_SPEAK, Disagreement, agree, is_followed
from padfleet.shared.log.keys import claim_key
from padfleet.shared.supervision.progress import tick
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)

LOOK: Final = 1.0
"""Seconds between two checks."""

CLAIM_MS: Final = 4000
"""For how many ms a name stays taken after its process was last heard of. A process that is
restarted under the name of a crashed one waits that long."""

RENEWED: Final = 0.25
"""By how many seconds another process's claim has to live longer than it did at the last check:
then it was renewed in between. It is renewed as often as it is checked."""

PATIENCE: Final = 6.0
"""Seconds after which a name that is still taken must belong to a living process."""


class NameTaken(Disagreement):
    """Another process is running under this name."""


class Membership:
    def __init__(
        self,
        redis: Redis,
        kind: str,
        name: str,
        *,
        partitions: int,
        setting: str,
        cold: str | None = None,
    ) -> None:
        """Makes a membership that has not been entered yet.

        Arguments:
            kind: ``worker`` or ``writer``.
            name: the process's name.
            partitions: the process's number of partitions.
            setting: the setting that gives the name.
            cold: as for `Agreed.check`.
        """
        self._redis = redis
        self._kind = kind
        self._name = name
        self._partitions = partitions
        self._setting = setting
        self._cold = cold
        self._since = 0
        self._incarnation = secrets.token_hex(8)
        self._others_until: float | None = None
        """When another process's claim to the name ends, by the event loop's clock; None while the
        name is ours, or that is not known."""

    async def enter(self) -> None:
        """Joins the fleet. Raises `Disagreement` if this process cannot join (`PartitionMismatch`,
        `NewerFormat`, `OtherColdStore`, `NameTaken`), or what `UNREACHABLE` lists."""
        agreed = await agree(self._redis, self._partitions, cold=self._cold)
        agreed.check(self._partitions, self._cold)
        if agreed.begun and await is_followed(self._redis):
            # Processes are at work here, but what the fleet had agreed on is gone. They will put it
            # back.
            log.warning("pf:config was lost; waiting for the fleet that is here to put it back")
            await asyncio.sleep(ELDERS_SPEAK)
            agreed = await agree(self._redis, self._partitions, cold=self._cold)
            agreed.check(self._partitions, self._cold)
        self._since = agreed.since
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while await self._claim(CLAIM_MS):
            if loop.time() > deadline:
                raise NameTaken(
                    f"another {self._kind} runs as {self._name}: give each a {self._setting} of "
                    "its own, or set none"
                )
            await asyncio.sleep(LOOK / 4)

    async def run(self) -> None:
        """Keeps the membership for as long as the process lives. Raises what `enter` raises if the
        process must not go on."""
        while True:
            await tick(LOOK)
            with suppress(*UNREACHABLE):
                await self.look()

    async def look(self) -> None:
        """Checks once. Raises what `enter` raises."""
        # Both are asked at the same time, so that an idle process is woken once for both answers.
        agreed, others_ms = await all_of(
            agree(self._redis, self._partitions, self._since, self._cold), self._claim(CLAIM_MS)
        )
        agreed.check(self._partitions)
        if agreed.begun:
            log.warning("pf:config was lost, and has been put back")
        if self._is_taken(others_ms):
            raise NameTaken(
                f"another {self._kind} has started as {self._name} while this one was not heard "
                f"of: give each a {self._setting} of its own, or set none"
            )

    def _is_taken(self, others_ms: int) -> bool:
        """Notes for how many ms the name is another process's. Returns whether that one is alive: a
        claim that nobody renews is that of a process that has ended, such as the one that had the
        name before this one, and has come back with a fail-over."""
        before, self._others_until = self._others_until, None
        if others_ms > 0:
            self._others_until = asyncio.get_running_loop().time() + others_ms / 1000
        until = self._others_until
        return before is not None and until is not None and until > before + RENEWED

    async def leave(self) -> None:
        """Gives the name back, so that the next process with it need not wait."""
        with suppress(*UNREACHABLE, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._claim(0)

    async def _claim(self, milliseconds: int) -> int:
        """Takes, keeps or gives back the name. Returns for how many ms it is still another
        process's; 0 if it is not, and -1 if it is, for longer than any process takes it at once."""
        key = claim_key(self._kind, self._name)
        return int(await scripts.CLAIM(self._redis.hot, [key], [self._incarnation, milliseconds]))
