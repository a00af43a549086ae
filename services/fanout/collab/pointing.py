"""This module serves CURSOR: where somebody has the cursor, or which part of the text they have
selected."""

from typing import Any

from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.shared.log.pad.announcements import Pointer

CURSOR = "CURSOR"


async def move_cursor(asked: RequestContext) -> None:
    """Notes the cursor, which is sent to the others in a moment unless a newer one comes first.
    Positions are those of the pad at `rev`, in UTF-16 code units; `null` for both removes the
    cursor."""
    session, data = asked.session, asked.data
    if not session.points:
        raise ClientError("a cursor from a client that has not announced CURSORS")
    rev = _number(data, "rev")
    if rev > session.cursor.sent_rev:
        raise ClientError("a cursor in a revision that this client does not have", rev)
    places = data.get("anchor"), data.get("head")
    if places != (None, None):
        places = _number(data, "anchor"), _number(data, "head")
    asked.room.pointers.moved(Pointer(session.author, rev, *places))


def _number(data: dict[str, Any], name: str) -> int:
    value = data.get(name)
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ClientError(f"missing or invalid {name}", value)
    return value
