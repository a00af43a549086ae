"""Reads parts of a pad's history for sessions that are behind the feed, once for all of them.

When a worker dies, the people on a pad come to another worker within a second, and most of them
lack the same revisions. Without this, each would read, decode and check them again.
"""

import asyncio
import weakref
from itertools import accumulate

from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Feed
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.history import HistoryGap, read_revisions
from padfleet.shared.log.records import Revision
from padfleet.shared.tasks import awaited

READ_STEP = 200
"""How many revisions one read fetches."""

MOST_BYTES = 8 << 20
"""The most bytes of the revisions of one passage, except for the first one: half of what a feed
holds."""

KEPT_SECONDS = 0.5
"""How many seconds the newest passage is kept for other sessions while nobody is being sent it."""

KEPT_BYTES = 1 << 20
"""Above how many bytes of revisions a passage is dropped as soon as nobody is being sent it."""


class HistoryLost(Exception):
    """The history that a session lacks cannot be read."""


class Passage:
    """Consecutive revisions, each known to follow from the one before."""

    __slots__ = ("__weakref__", "feed", "frames")

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.frames = Frames()  #: the encoded frames of its revisions, for all who are sent them


Key = tuple[str, int, int]


class Passages:
    """The passages of one pad. A passage that was read under one history is never given to a
    session that is on another."""

    def __init__(self, redis: Redis, keys: PadKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._reading: dict[Key, asyncio.Task[Passage]] = {}
        self._there: weakref.WeakValueDictionary[Key, Passage] = weakref.WeakValueDictionary()
        self._kept: Passage | None = None

    async def read(self, history: str, first: int, last: int) -> Passage:
        """Returns the revisions from `first` to `last`, or the first of them, at least one.
        `history` names the pad's history at the time of asking.

        Raises `HistoryLost`, or what `UNREACHABLE` lists.
        """
        key = (history, first, last)
        if (there := self._there.get(key)) is not None:
            return there
        # One of those who wait may be cancelled.
        return await asyncio.shield(self._under_way(key))

    def _under_way(self, key: Key) -> "asyncio.Task[Passage]":
        task = self._reading.get(key)
        if task is None:
            _, first, last = key
            task = self._reading[key] = awaited(self._read(first, last), "passage")
            task.add_done_callback(lambda ended: self._has_read(key, ended))
        return task

    def forget(self) -> None:
        """Drops everything, since nobody is on the pad any more."""
        self._reading.clear()
        self._there.clear()
        self._kept = None

    async def _read(self, first: int, last: int) -> Passage:
        try:
            async with self._redis.read_limit:
                revisions = await read_revisions(self._redis, self._keys, first, last)
        except (HistoryGap, CorruptPad, ValueError) as error:
            raise HistoryLost(f"revision {first}: {error}") from error
        if not revisions:
            # A fail-over has taken them back. Sessions that wait for them would keep asking
            # forever.
            raise HistoryLost(f"revision {first}: the history that is stored ends before it")
        revisions = _within(revisions)
        feed = Feed(first - 1, len(revisions), None)
        if feed.offer(revisions) is not None:
            raise HistoryLost(f"revision {feed.head + 1} belongs to another history")
        return Passage(feed)

    def _has_read(self, key: Key, task: "asyncio.Task[Passage]") -> None:
        failed = task.cancelled() or task.exception() is not None  # those who wait for it are told
        if self._reading.get(key) is not task:
            return
        del self._reading[key]
        if failed:
            return
        passage = self._there[key] = task.result()
        if passage.feed.size > KEPT_BYTES:
            return
        self._kept = passage

        def let_go() -> None:
            if self._kept is passage:
                self._kept = None

        asyncio.get_running_loop().call_later(KEPT_SECONDS, let_go)


def _within(revisions: list[Revision]) -> list[Revision]:
    """Returns the first of these revisions, at least one, that are not too large together."""
    sizes = accumulate(len(revision.wire) for revision in revisions)
    return revisions[: max(1, sum(1 for size in sizes if size <= MOST_BYTES))]
