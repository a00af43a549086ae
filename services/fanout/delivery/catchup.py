"""Brings a session from far behind up to the feed, by reading the history."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.flush_counts import sent
from padfleet.services.fanout.delivery.session import Flushed, Session
from padfleet.services.fanout.pads.passages import READ_STEP, HistoryLost, Passage, Passages
from padfleet.shared.log.connect import UNREACHABLE
from padfleet.shared.log.document import chain_of
from padfleet.shared.log.retry import RetryPauses


async def catch_up(
    passages: Passages,
    session: Session,
    history: Callable[[], str],
    first_of_feed: Callable[[], int],
    stays: Callable[[], bool],
    may_go_on: Callable[[], Awaitable[None]],
) -> None:
    """Returns when the feed reaches back to the session's cursor, or when the session is gone.

    `history` names what the pad is found to be at the moment, `first_of_feed` is the oldest
    revision of the feed, `stays` whether the session still is on the pad that it joined;
    `may_go_on` returns when sessions may be sent something. Raises `HistoryLost`.
    """
    metrics.CATCH_UPS.inc()
    progress = asyncio.Event()
    pauses = RetryPauses()
    chain: bytes | None = None
    before, session.progressed = session.progressed, lambda _: progress.set()
    try:
        while stays() and not session.exit.closed:
            first = session.cursor.sent_rev + 1
            if first >= first_of_feed():
                return
            last = min(first + READ_STEP, first_of_feed()) - 1
            try:
                passage = await passages.read(history(), first, last)
            except UNREACHABLE:
                await pauses.sleep()
                continue
            pauses.succeeded()
            feed = passage.feed
            if chain is not None and feed.head >= first:
                beginning = feed.get(first)
                if chain_of(chain, beginning.wire) != beginning.chain:
                    raise HistoryLost(f"revision {first} belongs to another history")
            chain = feed.chain
            await _send(session, passage, progress, stays, may_go_on)
    finally:
        session.waiting = False
        session.progressed = before


async def _send(
    session: Session,
    passage: Passage,
    progress: asyncio.Event,
    stays: Callable[[], bool],
    may_go_on: Callable[[], Awaitable[None]],
) -> None:
    """Sends a part of the history at the pace of the session's socket."""
    while stays():
        session.waiting = True
        await may_go_on()
        progress.clear()
        flush = Flush(passage.feed, passage.frames, monotonic())
        flushed = session.flush(flush)
        sent(flush.finish())
        if flushed is Flushed.UP_TO_DATE:
            return
        session.wait()
        await progress.wait()
