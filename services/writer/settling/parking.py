"""Keeps inbox entries that a writer could not read for a while, for operators to look at."""

import logging

from redis.exceptions import RedisError

from padfleet.services.writer import metrics
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.inboxes import standing
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.log.keys import Keyspace

log = logging.getLogger(__name__)


async def park(redis: Redis, keyspace: Keyspace, partition: int, received: Received) -> None:
    """Records an entry that is skipped unread. Never raises an error of Redis: if something cannot
    be recorded, that must not stop the entries after it."""
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
