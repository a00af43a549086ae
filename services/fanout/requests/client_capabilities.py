"""What CLIENT_READY says of the client itself: who it is, and what it understands."""

from typing import Any, NamedTuple

from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.shared.bounds import is_color, name_of
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.people import authors
from padfleet.shared.log.people.authors import Author, AuthorVisit
from padfleet.shared.settings import FanoutSettings

BATCH_ANNOUNCEMENT = "NEW_CHANGES_BATCH"
"""What a client lists in `supports` to get several revisions in one message."""

ACK_ANNOUNCEMENT = "ACKNOWLEDGEMENTS"
"""What it lists there if it answers requests for a Socket.IO acknowledgement. Without it, pings
find out what has arrived."""

SESSIONS_ANNOUNCEMENT = "SESSIONS"
"""What it lists there to be told what its sessions are called, and which of the revisions that it
missed came from which of them."""

USERS_ANNOUNCEMENT = "USERS"
"""What it lists there to be told of many people in one message."""

CURSORS_ANNOUNCEMENT = "CURSORS"
"""What it lists there if it shows where others have their cursors, and may tell its own."""


class Introduced(NamedTuple):
    """Who somebody is, and what of that is not on record yet."""

    me: Author
    name: str | None
    color: int | str | None
    visit: AuthorVisit | None = None
    seen: Author | None = None  #: who came by the visit, if that is to be noted

    async def store(self, redis: Redis) -> None:
        """Raises what `UNREACHABLE` lists."""
        if self.name is not None or self.color is not None:
            await authors.store_choice(redis, self.me, (self.name, self.color), self.visit)
        elif self.visit is not None and self.seen is not None:
            await authors.seen(redis, self.seen, self.visit)


async def introduced(redis: Redis, identity: SessionIdentity, info: Any) -> Introduced:
    """Takes over name and colour that the client brings in `userInfo`, unless they are given.
    Raises what `UNREACHABLE` lists."""
    name = info.get("name") if isinstance(info, dict) else None
    color = info.get("colorId") if isinstance(info, dict) else None
    if not is_color(color):
        color = None
    name = name_of(name)
    name, color = identity.name or name, identity.color or color
    made = identity.made
    visit = identity.visit
    known = made or identity.known or await authors.enrol(redis, identity.author, visit)
    me = Author(known.id, name or known.name, color or known.color)
    if made is not None and visit is not None and me == made:
        return Introduced(me, None, None, visit, made)
    return Introduced(
        me,
        me.name if me.name != known.name else None,
        me.color if made is not None or me.color != known.color else None,
        visit,
        known if identity.due else None,
    )


def takes_batches(message: dict[str, Any], settings: FanoutSettings) -> bool:
    if settings.batch != "auto":
        return settings.batch == "on"
    return _supports(message, BATCH_ANNOUNCEMENT)


def acknowledges(message: dict[str, Any]) -> bool:
    return _supports(message, ACK_ANNOUNCEMENT)


def knows_sessions(message: dict[str, Any]) -> bool:
    return _supports(message, SESSIONS_ANNOUNCEMENT)


def lists_people(message: dict[str, Any]) -> bool:
    return _supports(message, USERS_ANNOUNCEMENT)


def points(message: dict[str, Any], identity: SessionIdentity, settings: FanoutSettings) -> bool:
    """Whether the client takes part in cursors. Who may only read is not told of them."""
    on = settings.cursors_up_to > 0 and not identity.read_only
    return on and _supports(message, CURSORS_ANNOUNCEMENT)


def _supports(message: dict[str, Any], what: str) -> bool:
    supports = message.get("supports")
    return isinstance(supports, list) and what in supports
