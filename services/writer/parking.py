"""What a writer could not read in an inbox: kept aside for a while, for who looks on."""

import logging

from redis.exceptions import RedisError

from padfleet.services.writer import metrics
from padfleet.shared.log import standing
from padfleet.shared.log.connect import UNREACHABLE, Redis
from padfleet.shared.log.entries import Received
from padfleet.shared.log.keys import Keyspace

log = logging.getLogger(__name__)


async def park(redis: Redis, keyspace: Keyspace, partition: int, received: Received) -> None:
    """Notes an entry that is passed unread. Never raises what Redis says: that something cannot be
    noted must not stop those behind it."""
    unread = received.unread
    if unread is None:
        return
    metrics.PARKED.labels(unread.reason).inc()
    about = {
        "partition": partition,
        "entry": received.id,
        "reason": unread.reason,
        "detail": unread.detail,
        "bytes": unread.size,
        "pad": unread.pad or "",
    }
    log.error("unreadable inbox entry skipped", extra=about)
    try:
        await standing.park(redis, keyspace, partition, received.id, unread)
    except (*UNREACHABLE, RedisError) as error:
        log.warning("not recorded", extra={"entry": received.id, "error": str(error)})
