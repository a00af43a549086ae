"""What an idle writer asks of Redis does not grow with its partitions."""

from __future__ import annotations

from pathlib import Path

from padfleet.shared.log.connect import Redis
from tests.eventually import eventually
from tests.fleet import Fleet

PARTITIONS = 64
SETTINGS = {"PADFLEET_LEASE_MS": "600", "PADFLEET_PARTITIONS": str(PARTITIONS)}
BEATS = 20


async def calls(redis: Redis, command: str) -> int:
    stats = await redis.client.info("commandstats")
    return int(stats.get(f"cmdstat_{command}", {}).get("calls", 0))


async def test_leases_are_kept_and_inboxes_looked_at_in_one_call_each(
    redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    """Each beat kept every lease by a call of its own, which was most of what an idle fleet
    took."""
    with Fleet(redis_url, tmp_path, SETTINGS) as fleet:
        fleet.start(writers=1, workers=0)  # and it is ready: it has all of its partitions
        beats, scripts = await calls(redis, "zadd"), await calls(redis, "evalsha")

        async def enough() -> bool:
            return await calls(redis, "zadd") >= beats + BEATS

        await eventually(enough, "beats", timeout=60)
        beats = await calls(redis, "zadd") - beats
        scripts = await calls(redis, "evalsha") - scripts
    # A beat, a renewal; now and then a look at its name, the fleet's settings and the inboxes.
    assert scripts <= 4 * beats + 20 < PARTITIONS * beats / 4
