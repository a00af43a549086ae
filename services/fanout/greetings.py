"""What somebody who joins is given of the pad: made once for all who join together."""

import asyncio
from time import monotonic

from services.fanout.client_vars import Greeting
from services.fanout.held import Held
from services.fanout.people import People
from shared.log.connect import Redis

GREETING_AGE = 0.25
"""Seconds that those who join a large and busy pad may be given it as it was, and what came since
behind it."""


class Greetings:
    def __init__(self, redis: Redis, held: Held, people: People) -> None:
        self._redis = redis
        self._held = held
        self._people = people
        self._kept: Greeting | None = None
        self._kept_of = held.feed
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def make(self) -> Greeting | None:
        """The pad as it is; None if there is none. While it takes long to make, those who come
        within twenty times as long get the same.

        Raises `CorruptPad`, or what `UNREACHABLE` lists.
        """
        held = self._held
        async with self._lock:
            kept = self._kept
            if (
                kept is not None
                and self._kept_of is held.feed  # else it was deleted, or rolled back
                and held.feed.first <= kept.rev + 1
                and monotonic() < self._until
            ):
                return kept
            authors = (await held.document()).authors()
            await self._people.get_to_know(self._redis, authors)
            document = await held.document()
            if not document.exists:
                return None
            began = monotonic()
            known = self._people.known_of(document.authors())
            self._kept, self._kept_of = Greeting(document, known, held.epoch), held.feed
            cost = monotonic() - began
            self._until = began + min(20 * cost, GREETING_AGE)
            return self._kept
