"""This module turns away clients that cannot be on a pad, and sends them the reason first, while
they can still receive it."""

import logging

from padfleet.services.fanout import metrics
from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.damage import CorruptPad, is_of_a_key

log = logging.getLogger(__name__)


class TurnedAway(Exception):
    """The client has already been sent the reason why it cannot be here; nothing more is sent."""


def turned_away(way_out: Outbound, reason: str) -> TurnedAway:
    """Sends the client the `reason`, which is one that Etherpad's page knows, and counts it.

    Returns the exception for the caller to raise.
    """
    metrics.DISCONNECTS.labels(reason).inc()
    if not way_out.closed:
        way_out.write(packets.packet({"disconnect": reason}))
    return TurnedAway(reason)


def turn_away_if_corrupt(way_out: Outbound, pad_id: str, error: BaseException) -> None:
    """Raises `TurnedAway` if `error` comes from what one of the pad's keys holds. The client is
    sent this reason, because a page that is merely cut off would come back again and again."""
    if isinstance(error, CorruptPad) or is_of_a_key(error):
        log.error("corrupt pad", extra={"pad": pad_id, "error": str(error)})
        raise turned_away(way_out, "corruptPad") from error
