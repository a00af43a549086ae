"""This module says what becomes of input that cannot be read, on either transport: it ends the
connection, and its sender is told why.

Input that cannot be read is no frame of a WebSocket, no packet of Engine.IO or Socket.IO, or an
event without a name. If it was only left out, its sender would go on as if it had been received.
Whatever can be read is left to its recipient, and never ends a connection here: an event of an
unknown name, or a packet for a namespace that does not exist, may come from a plugin.
"""

import logging

from engineio.exceptions import EngineIOError

from padfleet.shared import refusals

log = logging.getLogger(__name__)

LONGEST_REASON = 200
"""How many characters of a reason are logged."""


class MalformedPacket(EngineIOError):  # type: ignore[misc]
    """Something that a client has sent cannot be read. The text says why."""


def note_malformed(why: Exception | str, *, sid: str) -> None:
    """Counts and logs that a connection was ended for what its client has sent."""
    refusals.LIMITED.labels("malformed").inc()
    log.info("malformed packet from a client", extra={"error": reason(why), "sid": sid})


def reason(why: Exception | str) -> str:
    """Returns the reason in a form that is short enough for a log and for an answer."""
    text = str(why)
    if isinstance(why, Exception) and not isinstance(why, MalformedPacket):
        text = f"{type(why).__name__}: {text}" if text else type(why).__name__
    return text[:LONGEST_REASON]
