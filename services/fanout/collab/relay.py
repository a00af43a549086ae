"""Plugins' messages, which are passed on to the other sockets of the pad.

Etherpad's server knows none of them: its plugins take them out of the way and send something to
the others. Without plugins, CUSTOM is passed on as it is, and what else an operator names in
`plugin_messages`; the rest is refused, as an Etherpad without that plugin would.
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
"""What a page takes for the server's own word. Nobody may put it into the server's mouth."""


def is_passed_on(kind: object, named: str) -> bool:
    """Whether the operator has named this type. `named` is the setting: types with commas
    between, or "*" for all."""
    if not isinstance(kind, str) or not kind or kind in RESERVED:
        return False
    return named == "*" or kind in {name.strip() for name in named.split(",")}


async def passed_on(asked: RequestContext) -> None:
    """To everybody but the sender. Who came by the read-only link does not get what names the pad:
    the real name is all that it takes to write."""
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
