"""Makes the part of CLIENT_VARS that newcomers share, once for all who join together.

It is kept until everybody has taken it, and no longer. So those who join at the same revision share
it, however slowly they read, and there is a budget for what the pads of a worker keep in this way:
if there is no room for a pad's part, it is made when there is.
"""

import asyncio
import weakref
from time import monotonic

from padfleet.services.fanout.hub.client_vars import Greeting
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.presence.people import People
from padfleet.shared.budget import Budget, NoRoom, Reservation
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.tasks import awaited

GREETING_AGE = 0.25
"""How many seconds people who join a large and busy pad may be given an earlier state of it,
followed by the later revisions."""

SAME_AGE = 5.0
"""How many seconds they may be given the earlier state if no revision has come. It ends because the
names of absent authors may change."""

SMALL = 8 * 1024
HELD = 1.0
"""A pad that takes fewer bytes than this is kept for so many seconds, for those who join next: when
a class opens its pad, making it anew for each would be a tenth of what a join takes beyond the
handshake. At two thousand joins a second on as many pads, 16 MB are kept."""

COUNTED = 64 * 1024
"""Pads of at least this many bytes count in the budget. Smaller ones are limited by the number of
sockets."""

PATIENCE = 10.0
"""How many seconds somebody waits for room in the budget; after that, the client tries again."""

UNUSED = 1.0
"""Room in the budget that nobody has come for is given back after this many seconds."""


async def greeting_of(document: Document, known: dict[str, Author]) -> Greeting:
    """Encodes a pad. A large one is encoded in a thread, since others are on other pads."""
    if document.is_large:
        return await asyncio.to_thread(Greeting, document.twin(), known)
    return Greeting(document, known)


class Greetings:
    def __init__(self, redis: Redis, replica: PadReplica, people: People, budget: Budget) -> None:
        self._redis = redis
        self._replica = replica
        self._people = people
        self._budget = budget
        self._kept: weakref.ref[Greeting] | None = None
        self._holding: Greeting | None = None  #: kept even while nobody is being sent it
        self._kept_of = replica.feed
        self._made = 0.0
        self._until = 0.0
        self._lock = asyncio.Lock()
        self._asking: asyncio.Task[bool] | None = None
        self._room: Reservation | None = None  #: reserved, and not used yet

    @property
    def has_one(self) -> bool:
        """Returns whether the pad was made lately, so that its authors are known but for those who
        have come since."""
        return self._covering() is not None

    async def make(self) -> Greeting | None:
        """Returns the pad as it is, or None if it does not exist or has been replaced meanwhile. If
        it takes long to make, those who come within twenty times as long get the same.

        Raises `NoRoom`, `CorruptPad`, or what `UNREACHABLE` lists.
        """
        replica = self._replica
        async with self._lock:
            kept = self._covering()
            now = monotonic()
            if kept is not None and (
                now < self._until or (kept.rev == replica.feed.head and now < self._made + SAME_AGE)
            ):
                return kept
            authors = (await replica.document()).authors()
            await self._people.get_to_know(self._redis, authors)
            async with replica.standing_still() as document:
                if not document.exists:
                    return None
                began, feed = monotonic(), replica.feed
                known = self._people.known_of(document.authors())
                made = await greeting_of(document, known)
            if replica.feed is not feed:
                return None  # deleted meanwhile, or rolled back: the join looks again
            if made.size >= COUNTED:
                room, self._room = self._room or self._budget.take(made.size), None
                if room is None:
                    # Better as it was a while ago, with everything since, than not at all.
                    kept = self._covering()
                    if kept is None:
                        raise NoRoom(made.size)
                    return kept
                made.room = room
            self._keep(made, began)
            return made

    async def room_for(self, size: int) -> None:
        """Returns when there is room in the budget for a pad of so many bytes, which must then be
        made immediately, for all who have waited for it. Raises TimeoutError."""
        if self._asking is None:
            self._asking = awaited(self._ask(size), "room for a large pad")
        if not await asyncio.shield(self._asking):
            raise TimeoutError("there is too much on its way out for a pad of this size")

    async def _ask(self, size: int) -> bool:
        try:
            self._room = await self._budget.wait(size, PATIENCE)
        except NoRoom:
            return False  # told to all who wait, of whom there may be none any more
        finally:
            self._asking = None
        asyncio.get_running_loop().call_later(UNUSED, self._give_back)
        return True

    def _give_back(self) -> None:
        self._room = None

    def _covering(self) -> Greeting | None:
        """Returns the last one that was made, if it is still there and everything since can be sent
        after it."""
        kept = self._kept() if self._kept is not None else None
        feed = self._replica.feed
        if kept is None or self._kept_of is not feed:  # it was deleted, or rolled back
            return None
        return kept if feed.first <= kept.rev + 1 else None

    def _keep(self, made: Greeting, began: float) -> None:
        cost = monotonic() - began
        self._made, self._until = began, began + min(20 * cost, GREETING_AGE)
        self._kept, self._kept_of, self._holding = weakref.ref(made), self._replica.feed, made

        def let_go() -> None:
            if self._holding is made:
                self._holding = None

        held = max(self._until - monotonic(), HELD if made.size < SMALL else 0.0)
        asyncio.get_running_loop().call_later(held, let_go)
