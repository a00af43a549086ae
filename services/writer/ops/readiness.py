"""Decides when a writer is ready: it has its share of the partitions, and settles the entries of
their inboxes (I10)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from padfleet.services.writer.leases.lease_manager import LeaseManager
from padfleet.shared.health import Health
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.standing import read_standings
from padfleet.shared.log.keys import Keyspace

SHARE_LEASES = 2
"""How many lease times a writer may lack a part of its share. When another writer dies, its leases
have to run out first."""

READ_LIMIT = 10.0
"""How many seconds may pass until each inbox has been read once. A batch of the most stale
submissions possible takes a few."""

WAIT_LIMIT = 10.0
"""How many seconds an entry may wait in one of the writer's own inboxes."""

SHOWN = 5
"""How many partitions are named at most."""


def add_readiness(
    health: Health, redis: Redis, keyspace: Keyspace, manager: LeaseManager, lease_ms: int
) -> None:
    """Adds the checks of this writer."""
    readiness = _Readiness(redis, keyspace, manager, lease_ms)
    health.ready("leases", readiness.leases)
    health.ready("share", readiness.share)
    health.ready("inboxes", readiness.inboxes)
    health.ready("settled", readiness.settled)
    health.ready("redis of writer", readiness.reachable)


@dataclass(frozen=True, slots=True)
class _Readiness:
    """The checks: each returns what is wrong, or None."""

    redis: Redis
    keyspace: Keyspace
    manager: LeaseManager
    lease_ms: int

    def leases(self) -> str | None:
        last_tick = self.manager.last_tick
        if last_tick == 0 or _ago(last_tick) * 1000 > self.lease_ms:
            return "the leases have not been looked after within the lease time"
        return None

    def share(self) -> str | None:
        lacking, whole_at = self.manager.lacking, self.manager.whole_at
        late = whole_at == 0 or _ago(whole_at) * 1000 > SHARE_LEASES * self.lease_ms
        if lacking and late:
            return f"{len(lacking)} partitions of its share are not its own: {_shown(lacking)}"
        return None

    def inboxes(self) -> str | None:
        manager = self.manager
        if found := manager.trouble:
            partition, why = next(iter(found.items()))
            return f"{len(found)} partitions ({_shown(found)}) stand still; {partition}: {why}"
        # A partition that is taken while the writer is working may wait for its first read; a
        # writer that has never read anything cannot be relied on yet.
        read_at, held = manager.read_at, list(manager.held)
        if held and not read_at:
            return f"none of {len(held)} inboxes has been read yet"
        silent = {p: _ago(read_at.get(p, manager.taken_at[p])) for p in held}
        late = [p for p, seconds in silent.items() if seconds > READ_LIMIT]
        if late:
            longest = max(silent[p] for p in late)
            return f"inboxes have not been read for {longest:.0f} s: {_shown(late)}"
        return None

    async def settled(self) -> str | None:
        """Judges by the contents of the inboxes, not by what this process believes."""
        held = list(self.manager.held)
        standings = await read_standings(self.redis, self.keyspace, held)
        late = {}
        for partition, found in zip(held, standings, strict=True):
            if isinstance(found, Exception):
                return f"partition {partition}: {type(found).__name__}: {found}"
            if (seconds := (found.waiting_ms or 0) / 1000) > WAIT_LIMIT:
                late[partition] = seconds
        if late:
            oldest = max(late.values())
            return f"an entry has waited for {oldest:.0f} s, in partitions {_shown(late)}"
        return None

    async def reachable(self) -> str | None:
        await self.redis.ping()
        return None


def _ago(moment: float) -> float:
    """Returns the seconds since then, by the event loop's clock."""
    return asyncio.get_running_loop().time() - moment


def _shown(partitions: Iterable[int]) -> str:
    numbers = sorted(partitions)
    return ", ".join(map(str, numbers[:SHOWN])) + (", …" if len(numbers) > SHOWN else "")
