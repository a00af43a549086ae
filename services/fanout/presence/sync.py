"""Keeps the people that a room knows of in step with the stored members."""

import asyncio
from collections.abc import Callable, Sequence

from padfleet.services.fanout.presence.people import People
from padfleet.shared.log.channel_messages import Joined, Left
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.retry import RetryPauses
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.people import presence
from padfleet.shared.tasks import Tasks

OnJoined = Callable[[Joined], None]


class PresenceSync:
    """Keeps the people of one pad correct. Arrivals and departures are published, and such messages
    may get lost."""

    def __init__(self, redis: Redis, keys: PadKeys, people: People, on_joined: OnJoined) -> None:
        """Takes the pad and its people; `on_joined` is called for each session that has come, on
        any worker."""
        self._redis = redis
        self._keys = keys
        self._people = people
        self._on_joined = on_joined
        self._since: list[Joined | Left | None] = []
        """What was published while the members are being read; None means that everybody has
        left."""
        self._doubtful = False
        self._tasks = Tasks()
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Reads the members. Raises what `UNREACHABLE` lists."""
        self._people.begin(await presence.members(self._redis, self._keys))

    def close(self) -> None:
        self._tasks.close()

    # --- What is told ----------------------------------------------------------------------------

    def joined(self, joined: Joined) -> None:
        self._note(joined)
        self._people.joined(joined)
        self._on_joined(joined)

    def left(self, left: Left) -> None:
        self._note(left)
        self._people.left(left)

    def forget(self) -> None:
        """Drops everybody, since the pad is gone."""
        self._note(None)
        self._people.forget()

    def _note(self, event: Joined | Left | None) -> None:
        if self._reading is not None:
            self._since.append(event)

    # --- What is stored --------------------------------------------------------------------------

    def refresh(self) -> None:
        """Reads who is there, in the background, since something may have got lost."""
        self._doubtful = True
        if self._reading is None:
            self._reading = self._tasks.begin(self._read(), "attendance", key=self._keys.members)

    async def _read(self) -> None:
        pauses = RetryPauses()
        try:
            while self._doubtful:
                self._doubtful = False
                self._since.clear()
                try:
                    stored = await presence.members(self._redis, self._keys)
                except UNREACHABLE:
                    self._doubtful = True
                    await pauses.sleep()
                    continue
                pauses.succeeded()
                for joined in self._people.replace(_as_of_now(stored, self._since)):
                    self._on_joined(joined)
        finally:
            self._reading = None


def _as_of_now(stored: Sequence[Joined], since: Sequence[Joined | Left | None]) -> list[Joined]:
    """Brings the result of a read up to date, which may be older than what has been published since
    it was asked for. The reverse may also happen: then it repeats what is included already, which
    does no harm."""
    there = {joined.member.session: joined for joined in stored}
    for event in since:
        match event:
            case Joined():
                there[event.member.session] = event
            case Left():
                there.pop(event.session, None)
            case None:
                there.clear()
    return list(there.values())
