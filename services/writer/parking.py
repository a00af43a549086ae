"""What a writer could not read in an inbox: kept aside for a while, for who looks on."""

import logging

from redis.exceptions import RedisError

from padfleet.services.writer import metrics
from padfleet.shared.log.connect import UNREACHABLE, Redis
from padfleet.shared.log.entries import Received
from padfleet.shared.log.keys import Keyspace

log = logging.getLogger(__name__)

MOST = 100
"""Entries of a partition that are kept, and of each only its beginning."""


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
    log.error("inbox entry not readable, passed", extra=about)
    fields = {
        "reason": unread.reason,
        "detail": unread.detail.encode("utf-8", "replace"),
        "bytes": unread.size,
        "pad": (unread.pad or "").encode("utf-8", "surrogatepass"),
        "start": unread.start,
    }
    try:
        # Under its own ID: what is passed twice stands there once.
        await redis.client.xadd(
            keyspace.parked(partition),
            fields,  # type: ignore[arg-type]
            id=received.id,
            maxlen=MOST,
            approximate=False,
        )
    except (*UNREACHABLE, RedisError) as error:
        log.warning("not noted", extra={"entry": received.id, "error": str(error)})
