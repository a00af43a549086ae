"""This module reads what CLIENT_READY says about the client itself: who it is, and what it
understands."""

from typing import Any, NamedTuple

from padfleet.services.fanout.auth.handshake import is_link
from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.shared.bounds import is_color, name_of
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.people import authors, visitors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.people.visitors import AuthorVisit
from padfleet.shared.settings import FanoutSettings

BATCH_ANNOUNCEMENT = "NEW_CHANGES_BATCH"
"""A client lists this in `supports` to receive several revisions in one message."""

ACK_ANNOUNCEMENT = "ACKNOWLEDGEMENTS"
"""A client lists this in `supports` if it answers requests for a Socket.IO acknowledgement. Without
it, the worker finds out by pings what has arrived."""

SESSIONS_ANNOUNCEMENT = "SESSIONS"
"""A client lists this in `supports` to learn the names of its sessions, and which of the revisions
that it missed came from which of them."""

USERS_ANNOUNCEMENT = "USERS"
"""A client lists this in `supports` to receive many people in one message."""

CURSORS_ANNOUNCEMENT = "CURSORS"
"""A client lists this in `supports` if it shows other people's cursors; it may then also send its
own."""

_ANNOUNCEMENTS = (
    BATCH_ANNOUNCEMENT,
    ACK_ANNOUNCEMENT,
    SESSIONS_ANNOUNCEMENT,
    USERS_ANNOUNCEMENT,
    CURSORS_ANNOUNCEMENT,
)

HISTORY = "HISTORY"
"""A client sends this as `only` to be shown the pad's history and nothing else."""


class Introduced(NamedTuple):
    """A visitor's name and colour, and which parts of them have not been stored yet."""

    me: Author
    name: str | None
    color: int | str | None
    visit: AuthorVisit | None = None
    seen: Author | None = None  #: the author whose visit is to be recorded, if it is

    @property
    def has_choice(self) -> bool:
        """Returns whether there is a name or colour for `store` to store."""
        return self.name is not None or self.color is not None

    async def store(self, redis: Redis) -> None:
        """Stores the name and colour that have not been stored yet. Raises what `UNREACHABLE`
        lists."""
        await authors.store_choice(redis, self.me, (self.name, self.color), self.visit)

    def note(self, redis: Redis) -> visitors.NotedVisit | None:
        """Begins to record the visit, if that is due and `store` does not do it."""
        if self.has_choice or self.visit is None or self.seen is None:
            return None
        return visitors.NotedVisit(redis, self.seen, self.visit)


async def introduced(redis: Redis, identity: SessionIdentity, info: Any) -> Introduced:
    """Adopts the name and colour that the client sends in `userInfo`, unless they are prescribed.

    Raises what `UNREACHABLE` lists.
    """
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


def looks_back(message: dict[str, Any]) -> bool:
    """Returns whether the client only shows the pad's history, as a timeslider does: Etherpad's own
    is known by the `data` in its CLIENT_READY, and by the user whom it does not name."""
    own = isinstance(message.get("data"), dict) and "userInfo" not in message
    return (own or is_only_for_history(message)) and not message.get("reconnect")


def reads_only(message: dict[str, Any]) -> bool:
    """Returns whether the client comes by a read-only link, and for the first time."""
    return is_link(message.get("padId")) and not message.get("reconnect")


def is_only_for_history(message: dict[str, Any]) -> bool:
    """Returns whether the client could do more than show the history, and says that it will not."""
    return bool(message.get("only") == HISTORY)


def announced(message: dict[str, Any]) -> list[str]:
    """Returns what the client announces in `supports`, as far as it means anything."""
    return [each for each in _ANNOUNCEMENTS if _supports(message, each)]


def points(message: dict[str, Any], identity: SessionIdentity, settings: FanoutSettings) -> bool:
    """Returns whether the client takes part in showing cursors. Read-only clients do not see
    them."""
    on = settings.cursors_up_to > 0 and not identity.read_only
    return on and _supports(message, CURSORS_ANNOUNCEMENT)


def _supports(message: dict[str, Any], what: str) -> bool:
    supports = message.get("supports")
    return isinstance(supports, list) and what in supports
