"""This module passes on plugins' messages to the other sockets of the pad.

Etherpad's server knows none of them: its plugins intercept them and send something to the others.
Here there are no plugins, so CUSTOM is passed on as it is, and so is whatever else an operator
names in `plugin_messages`; the rest is refused, as by an Etherpad without that plugin.
"""

from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.presence.secrecy import Secret
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.shared.bounds import MOST_RELAYED
from padfleet.shared.log.pad import announcements
from padfleet.shared.wire.jsontext import dumps

CUSTOM = "CUSTOM"

RESERVED = frozenset(
    {
        "ACCEPT_COMMIT",
        "CHAT_MESSAGE",
        "CHAT_MESSAGES",
        "CLIENT_MESSAGE",
        "CLIENT_RECONNECT",
        "CURSOR",
        "CURSORS",
        "NEW_AUTHORDATA",
        "NEW_CHANGES",
        "NEW_CHANGES_BATCH",
        "NEW_SAVEDREV",
        "USER_LEAVE",
        "USER_NEWINFO",
        "shoutMessage",
    }
)
"""Types that a page takes for messages of the server itself. Nobody may send them in the server's
name."""


def is_passed_on(kind: object, named: str) -> bool:
    """Returns whether the operator has named this type. `named` is the setting: types separated by
    commas, or "*" for all."""
    if not isinstance(kind, str) or not kind or kind in RESERVED:
        return False
    return named == "*" or kind in {name.strip() for name in named.split(",")}


async def pass_on(asked: RequestContext) -> None:
    """Passes a message on to everybody but its sender. Clients that came by the read-only link do
    not receive messages that contain the pad's id: that id is all that it takes to write."""
    message = {"type": "COLLABROOM", "data": asked.data}
    text = dumps(message)
    if len(text.encode()) > MOST_RELAYED:
        raise ClientError(f"the message takes more than {MOST_RELAYED} bytes")
    await announcements.relay(
        asked.redis,
        asked.room.keys,
        message,
        but=asked.session.id,
        writers=Secret(asked.room.pad_id).is_named_in(asked.data),
    )
