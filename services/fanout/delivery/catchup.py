"""Brings a session that is far behind up to the feed, by reading the history."""

import asyncio
from time import monotonic

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.flush_counts import sent
from padfleet.services.fanout.delivery.session import Flushed, Session
from padfleet.services.fanout.delivery.session_state import SessionState
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.pads.passages import READ_STEP, HistoryLost, Passage, Passages
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.connection.retry import RetryPauses


class CatchUp:
    """Brings one session up to date, once."""

    def __init__(
        self, session: Session, replica: PadReplica, passages: Passages, gate: SendingGate
    ) -> None:
        self._session = session
        self._replica = replica
        self._passages = passages
        self._gate = gate
        self._epoch = replica.epoch  #: of the history that the session is on
        self._room_made = asyncio.Event()

    def go_on(self) -> None:
        """Continues after the session's socket or client has made room, or after the session has
        gone."""
        self._room_made.set()

    async def run(self) -> None:
        """Returns when the feed reaches back to the session's cursor, or when the session is gone.

        Raises `HistoryLost`.
        """
        metrics.CATCH_UPS.inc()
        session, replica = self._session, self._replica
        pauses = RetryPauses()
        chain: bytes | None = None
        while self._stays() and not session.exit.closed:
            first, first_of_feed = session.cursor.sent_rev + 1, replica.feed.first
            if first >= first_of_feed:
                return
            last = min(first + READ_STEP, first_of_feed) - 1
            try:
                passage = await self._passages.read(replica.history, first, last)
            except UNREACHABLE:
                await pauses.sleep()
                continue
            pauses.succeeded()
            feed = passage.feed
            if chain is not None and feed.head >= first and not feed.get(first).follows(chain):
                raise HistoryLost(f"revision {first} belongs to another history")
            chain = feed.chain
            await self._send(passage)

    def _stays(self) -> bool:
        """Returns whether the session is still on the pad that it joined."""
        return self._session.state is not SessionState.GONE and self._replica.epoch == self._epoch

    async def _send(self, passage: Passage) -> None:
        """Sends a part of the history at the pace of the session's socket."""
        while self._stays():
            await self._gate.opened()
            self._room_made.clear()
            flush = Flush(passage.feed, passage.frames, monotonic())
            flushed = self._session.flush(flush)
            sent(flush.finish())
            if flushed is Flushed.UP_TO_DATE:
                return
            self._session.wait()
            await self._room_made.wait()
