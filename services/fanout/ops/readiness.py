"""This module checks whether a worker is ready: it has to reach Redis, count as alive to the
others, and receive what is published on the channels of its pads."""

import asyncio

from padfleet.services.fanout.auth.access import Access
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.ops.liveness import Liveness
from padfleet.shared.health import Health, Remark
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.lanes import Lane, take_lane


def remark_on(access: Access) -> Remark | None:
    """Returns a remark if whoever comes is denied because the service that decides on it does not
    answer. The worker stays ready: those who are on it go on writing, and others have the same
    service."""
    why = access.why_denying()
    return Remark(f"{why}: everybody who comes is denied") if why else None


def add_readiness(
    health: Health, redis: Redis, rooms: Rooms, liveness: Liveness, timeout_ms: int
) -> None:
    """Adds the checks of this worker. `timeout_ms` is the silence after which it counts as dead to
    the others. Raises ValueError if the checks have been added already."""

    async def reachable() -> str | None:
        take_lane(Lane.FIRST)
        await redis.ping()
        return None

    def counted() -> str | None:
        silent = asyncio.get_running_loop().time() - liveness.last_beat
        if liveness.last_beat == 0 or silent * 1000 > timeout_ms:
            return "the other workers take this one for dead: its last heartbeat is too old"
        return None

    def subscribed() -> str | None:
        return None if rooms.subscriber.connected else "the channel of at least one pad is lost"

    health.ready("redis", reachable)
    health.ready("heartbeat", counted)
    health.ready("subscriptions", subscribed)
