"""When a writer is ready: it has its share of the partitions, and settles what is in their inboxes
(I10)."""

import asyncio
from collections.abc import Iterable

from padfleet.services.writer.lease_manager import LeaseManager
from padfleet.shared.health import Health
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.standing import read_standings

SHARE_LEASES = 2
"""Lease times for which a writer may lack a part of its share: when another dies, that one's leases
have to run out first."""

READ_LIMIT = 10.0
"""Seconds within which each inbox has to be read once. A batch of the most stale submissions that
there can be takes a few."""

WAIT_LIMIT = 10.0
"""Seconds that an entry may wait in an inbox of the writer's own."""

SHOWN = 5
"""Partitions that are named."""


def add_readiness(
    health: Health, redis: Redis, keyspace: Keyspace, manager: LeaseManager, lease_ms: int
) -> None:
    """Adds the checks of this writer."""

    def ago(moment: float) -> float:
        return asyncio.get_running_loop().time() - moment

    def leases() -> str | None:
        if manager.last_tick == 0 or ago(manager.last_tick) * 1000 > lease_ms:
            return "the leases have not been looked after within the lease time"
        return None

    def share() -> str | None:
        lacking = manager.lacking
        if lacking and (
            manager.whole_at == 0 or ago(manager.whole_at) * 1000 > SHARE_LEASES * lease_ms
        ):
            return f"{len(lacking)} partitions of its share are not its own: {_shown(lacking)}"
        return None

    def inboxes() -> str | None:
        if found := manager.trouble:
            partition, why = next(iter(found.items()))
            return f"{len(found)} partitions ({_shown(found)}) stand still; {partition}: {why}"
        # A partition that is taken while the writer is at work may wait for its first read; a
        # writer that has never read anything cannot be relied on yet.
        read_at, held = manager.read_at, list(manager.held)
        if held and not read_at:
            return f"none of {len(held)} inboxes has been read yet"
        silent = {p: ago(read_at.get(p, manager.taken_at[p])) for p in held}
        late = [p for p, seconds in silent.items() if seconds > READ_LIMIT]
        if late:
            longest = max(silent[p] for p in late)
            return f"inboxes have not been read for {longest:.0f} s: {_shown(late)}"
        return None

    async def settled() -> str | None:
        """By what stands in the inboxes, not by what this process believes."""
        held = list(manager.held)
        late = {}
        for partition, found in zip(held, await read_standings(redis, keyspace, held), strict=True):
            if isinstance(found, Exception):
                return f"partition {partition}: {type(found).__name__}: {found}"
            if (seconds := (found.waiting_ms or 0) / 1000) > WAIT_LIMIT:
                late[partition] = seconds
        if late:
            oldest = max(late.values())
            return f"an entry has waited for {oldest:.0f} s, in partitions {_shown(late)}"
        return None

    async def reachable() -> str | None:
        await redis.ping()
        return None

    health.ready("leases", leases)
    health.ready("share", share)
    health.ready("inboxes", inboxes)
    health.ready("settled", settled)
    health.ready("redis", reachable)


def _shown(partitions: Iterable[int]) -> str:
    numbers = sorted(partitions)
    return ", ".join(map(str, numbers[:SHOWN])) + (", …" if len(numbers) > SHOWN else "")
