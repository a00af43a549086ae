"""This module builds notices to a single client, which its page shows across the screen."""

from typing import Any

from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.packets import Frame


def shout(now_ms: int, *, key: str = "", message: str = "") -> Frame:
    """Returns a notice in the form in which Etherpad sends it.

    Arguments:
        now_ms: the present time, in milliseconds.
        key: a text's key, which Etherpad's page translates.
        message: the text itself.
    """
    text: dict[str, Any] = {"messageKey": key} if key else {"message": message}
    data = {
        "type": "COLLABROOM",
        "data": {
            "type": "shoutMessage",
            "payload": {"message": {**text, "sticky": False}, "timestamp": now_ms},
        },
    }
    return packets.packet(data, "shout")
