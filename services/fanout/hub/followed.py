"""This module hears what is said of pads in the cold store that somebody on this worker reads.

Nobody is on such a pad, so it has no room. Its channel is subscribed all the same: when somebody
opens the pad anywhere in the fleet, the reader learns of it, and goes on the pad, too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from padfleet.shared.log.connection.channels import Subscriber

PATIENCE: Final = 5.0
"""How many seconds it may take to subscribe the channel."""


@dataclass(slots=True, eq=False)
class Followed:
    """One such pad."""

    channel: str
    ended: bool = False  #: nobody follows it any more
    _heard: asyncio.Event = field(default_factory=asyncio.Event)
    _certain: bool = False

    def hear(self, *, certain: bool) -> None:
        """Notes that the channel has brought a message, or that it may have: it was lost for a
        while, and then nothing is `certain`."""
        self._certain |= certain
        self._heard.set()

    def end(self) -> None:
        self.ended = True
        self._heard.set()

    async def news(self) -> bool:
        """Returns when something may have been said of the pad, or it has `ended`. Returns whether
        it is certain that something has been said."""
        await self._heard.wait()
        certain, self._certain = self._certain, False
        self._heard.clear()
        return certain


class FollowedPads:
    """The pads that somebody on this worker follows, each for one reader."""

    def __init__(self, subscriber: Subscriber, is_wanted: Callable[[str], bool]) -> None:
        """Takes `is_wanted`, which returns whether a channel has a room on this worker."""
        self._subscriber = subscriber
        self._is_wanted = is_wanted
        self._here: dict[str, Followed] = {}  #: by channel

    def __contains__(self, channel: str) -> bool:
        return channel in self._here

    async def begin(self, channel: str) -> Followed:
        """Begins to follow a pad that nobody on this worker follows. Each call needs an `end`.
        Raises what `UNREACHABLE` lists, which includes TimeoutError."""
        followed = self._here[channel] = Followed(channel)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._subscriber.subscribe(channel)
        except BaseException:
            self.end(followed)
            raise
        return followed

    def end(self, followed: Followed) -> None:
        """Ends it. Calling this again does nothing."""
        if followed.ended:
            return
        followed.end()
        del self._here[followed.channel]
        if not self._is_wanted(followed.channel):
            self._subscriber.unsubscribe(followed.channel)

    def hear(self, channel: str, *, certain: bool) -> None:
        if (followed := self._here.get(channel)) is not None:
            followed.hear(certain=certain)
