"""Clients that cannot be on a pad, and are told why before their connection is of no more use."""

import logging

from padfleet.services.fanout import metrics
from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.damage import CorruptPad, is_of_a_key

log = logging.getLogger(__name__)


class TurnedAway(Exception):
    """The client has been told why it cannot be here; there is nothing more to say."""


def turned_away(way_out: Outbound, reason: str) -> TurnedAway:
    """Tells the client the `reason`, one of those that Etherpad's page knows, and counts it.

    Returns what the caller raises.
    """
    metrics.DISCONNECTS.labels(reason).inc()
    if not way_out.closed:
        way_out.write(packets.packet({"disconnect": reason}))
    return TurnedAway(reason)


def turn_away_if_corrupt(way_out: Outbound, pad_id: str, error: BaseException) -> None:
    """Raises `TurnedAway` if it is what one of the pad's keys holds that keeps people out: they are
    told so, for a page that is only cut off would come again and again."""
    if isinstance(error, CorruptPad) or is_of_a_key(error):
        log.error("corrupt pad", extra={"pad": pad_id, "error": str(error)})
        raise turned_away(way_out, "corruptPad") from error
