"""Brings a session from far behind up to the feed, by reading the history."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from services.fanout import metrics
from services.fanout.feed import Feed
from services.fanout.frames import Frames
from services.fanout.runs import Flush
from services.fanout.session import Flushed, Session
from shared.log.connect import UNREACHABLE, Redis
from shared.log.damage import CorruptPad
from shared.log.history import HistoryGap, read_revisions
from shared.log.keys import PadKeys

log = logging.getLogger(__name__)

READ_STEP = 200
"""Revisions per read."""

RETRY_DELAY = 0.2


class HistoryLost(Exception):
    """The history that the session lacks cannot be read."""


async def catch_up(
    redis: Redis,
    keys: PadKeys,
    session: Session,
    first_of_feed: Callable[[], int],
    stays: Callable[[], bool],
) -> None:
    """Returns when the feed reaches back to the session's cursor, or when the session is gone.

    `first_of_feed` is the oldest revision of the feed at the moment, `stays` whether the session
    still is on the pad that it joined. Raises `HistoryLost`.
    """
    metrics.CATCH_UPS.inc()
    progress = asyncio.Event()
    chain: bytes | None = None
    before, session.progressed = session.progressed, lambda _: progress.set()
    try:
        while stays() and not session.exit.closed:
            first = session.cursor.sent_rev + 1
            if first >= first_of_feed():
                return
            last = min(first + READ_STEP, first_of_feed()) - 1
            try:
                async with redis.few:
                    revisions = await read_revisions(redis, keys, first, last)
            except UNREACHABLE:
                await asyncio.sleep(RETRY_DELAY)
                continue
            except (HistoryGap, CorruptPad, ValueError) as error:
                raise HistoryLost(f"revision {first}: {error}") from error
            part = Feed(first - 1, len(revisions), chain)
            if part.offer(revisions) is not None:
                raise HistoryLost(f"revision {part.head + 1} belongs to another history")
            chain = part.chain
            await _send(session, part, progress, stays)
    finally:
        session.waiting = False
        session.progressed = before


async def _send(
    session: Session, part: Feed, progress: asyncio.Event, stays: Callable[[], bool]
) -> None:
    """Sends a part of the history at the pace of the session's socket."""
    while stays():
        session.waiting = True
        progress.clear()
        flush = Flush(part, Frames(), monotonic())
        flushed = session.flush(flush)
        metrics.sent(flush.finish())
        if flushed is Flushed.UP_TO_DATE:
            return
        session.wait()
        await progress.wait()
