"""When a writer is ready: it has its share of the partitions, and comes to their inboxes."""

import asyncio

from services.writer.owner import Owner
from shared.health import Health
from shared.log.connect import Redis

SHARE_LEASES = 2
"""Lease times for which a writer may lack a part of its share: when another dies, that one's leases
have to run out first."""

READ_LIMIT = 10.0
"""Seconds within which each inbox has to be read once. A batch of the most stale submissions that
there can be takes a few."""


def add_readiness(health: Health, redis: Redis, owner: Owner, lease_ms: int) -> None:
    """Adds the checks of this writer."""

    def ago(moment: float) -> float:
        return asyncio.get_running_loop().time() - moment

    async def leases() -> str | None:
        if owner.last_tick == 0 or ago(owner.last_tick) * 1000 > lease_ms:
            return "the leases have not been looked after within the lease time"
        return None

    async def share() -> str | None:
        lacking = owner.lacking
        if lacking and (
            owner.whole_at == 0 or ago(owner.whole_at) * 1000 > SHARE_LEASES * lease_ms
        ):
            shown = ", ".join(map(str, lacking[:5])) + (", …" if len(lacking) > 5 else "")
            return f"{len(lacking)} partitions of its share are not its own: {shown}"
        return None

    async def inboxes() -> str | None:
        silent = max(map(ago, owner.read_at.values()), default=0.0)
        return f"an inbox has not been read for {silent:.0f} s" if silent > READ_LIMIT else None

    async def reachable() -> str | None:
        await redis.client.execute_command("PING")
        return None

    health.ready("leases", leases)
    health.ready("share", share)
    health.ready("inboxes", inboxes)
    health.ready("redis", reachable)
