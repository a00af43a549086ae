"""Simulates one pad on one worker. When to flush, what is in a message, which batches, how far the
window goes: the worker's own code decides these. Only time is simulated, and sockets at the same
place are one `Crowd` with a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.delivery import SESSIONS_PER_STEP
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler, FlushSlot
from padfleet.services.fanout.delivery.window import ASK_AGE, Window
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.steps import AcceptCommit
from padfleet.services.tools.plan.compression import (
    OWN_MOST,
    OWN_SHARE,
    WORTH,
    alone_of,
    on_the_wire,
)
from padfleet.services.tools.plan.constants import Constants
from padfleet.shared.log.records import Revision
from tests.feeds import steps
from tests.simulation.audit import check, grouped
from tests.simulation.events import Loop
from tests.simulation.pads import Pad
from tests.simulation.tallies import Second, Tallies

ROUND_TRIP = 0.05
"""How many seconds it takes from a worker to a client and back."""

RING = 1000


@dataclass(eq=False, slots=True)
class Crowd:
    """Sockets at the same place. Editors are named, since each gets an ACCEPT_COMMIT of his own."""

    cursor: DeliveryCursor
    count: int
    editors: set[str] = field(default_factory=set)
    window: Window = field(default_factory=lambda: Window(0.0))
    seen: int = 0  #: the newest revision in the bytes that were sent, each having been the next one


class Room:
    def __init__(
        self,
        pad: Pad,
        loop: Loop,
        turns: FlushScheduler,
        tallies: Tallies,
        constants: Constants,
        after: int,
    ) -> None:
        """Opens the room at the revision `after`, and brings it up to the pad's head."""
        self.pad = pad
        self.crowds: list[Crowd] = []
        self._loop, self._tallies, self._costs = loop, tallies, constants
        self._feed = Feed(after, RING, None)
        self._feed.offer(pad.since(after))
        self._frames = Frames()
        self._turn = FlushSlot(turns, self._flush)
        self._asked = 0.0
        self.flushing = False  #: in the middle of one; who leaves waits for its end
        self._own = 0  #: bytes that the flush may still deflate for single sockets

    @property
    def sockets(self) -> int:
        return sum(crowd.count for crowd in self.crowds)

    @property
    def head(self) -> int:
        return self._feed.head

    def take(self, revisions: Sequence[Revision]) -> None:
        """Takes revisions that have been announced."""
        self._loop.spend(self._costs.worker_turn_s / 2)
        trouble = self._feed.offer(revisions)
        assert trouble is None, f"announcements come in order: {trouble}"
        self._turn.due()

    def close(self) -> None:
        self._turn.close()
        self.crowds.clear()

    def enter(self, crowd: Crowd) -> None:
        """Brings a crowd up to date at once, out of turn; after that it is served with the
        others."""
        flush = Flush(self._feed, self._frames, self._loop.now())
        revisions = flush.revisions(crowd.cursor.sent_rev)
        (session,) = crowd.editors or {""}
        self._send_steps(crowd, session, crowd.cursor, revisions, flush, self._second())
        self.crowds.append(crowd)

    def leave(self, place: int) -> Crowd:
        """Takes the socket at this place out, as a crowd of its own."""
        for crowd in self.crowds:
            if place < crowd.count:
                break
            place -= crowd.count
        names = sorted(crowd.editors)
        gone = {names[place]} if place < len(names) else set()
        crowd.editors -= gone
        crowd.count -= 1
        if not crowd.count:
            self.crowds.remove(crowd)
        cursor = DeliveryCursor(crowd.cursor.sent_rev)
        return Crowd(cursor, 1, gone, Window(self._loop.now()), crowd.seen)

    # --- Flushing --------------------------------------------------------------------------------

    def _second(self) -> Second:
        return self._tallies.at(self._loop.now())

    def _flush(self) -> Iterator[float]:
        self._loop.spend(self._costs.worker_turn_s / 2)
        self.flushing = True
        self._own = min(self.sockets * OWN_SHARE, OWN_MOST)
        self._merge()
        now = self._loop.now()
        flush = Flush(self._feed, self._frames, now)
        for crowd in list(self.crowds):
            if crowd.cursor.sent_rev < self._feed.head and crowd.window.room > 0:
                yield from self._serve(flush, crowd)
        self.flushing = False
        self._second().flushed(flush.finish())
        # Those whose turn it is are asked what has arrived, to measure delivery.
        due = self.sockets * min(1.0, (now - self._asked) / ASK_AGE)
        self._asked = now
        self._answered(due)

    def _serve(self, flush: Flush, crowd: Crowd) -> Iterator[float]:
        after, costs, loop = crowd.cursor.sent_rev, self._costs, self._loop
        revisions = flush.revisions(after)
        run = flush.run(after, 0, True)
        own = run.concerns & crowd.editors if run is not None else self._authors(revisions, crowd)
        others = crowd.count - len(own)
        before = crowd.seen
        for number, session in enumerate(own):
            self._send_steps(
                crowd, session, DeliveryCursor(after), revisions, flush, self._second(), seen=before
            )
            if number % SESSIONS_PER_STEP == 0:
                yield 0.0
        if others:
            if run is None:
                sizes, sent = self._sizes(revisions, flush, crowd)
            else:
                assert run.after == after
                sizes, sent = [len(run.made.data)], run.made.data
                run.taken += others
            times = grouped([self.pad.committed_at[r.rev] for r in revisions])
            crowd.seen = check(sent, before)
            wire = on_the_wire(self.sockets, sum(sizes), costs)
            each = costs.worker_write_s + wire * costs.worker_byte_s
            if self.sockets >= WORTH:
                # Once for those who are at the same place.
                loop.spend(costs.worker_deflate_s + sum(sizes) * costs.worker_deflate_byte_s)
            for start in range(0, others, SESSIONS_PER_STEP):
                many = min(SESSIONS_PER_STEP, others - start)
                loop.spend(many * each)
                delivery, now = self._second().delivery, loop.now()
                for time, alike in times:
                    delivery.add(now - time, many * alike)
                yield 0.0
            if run is None:
                self._count_steps(revisions, flush, others)
            self._moved(crowd, sum(sizes), revisions[-1].rev)
        else:
            crowd.seen = revisions[-1].rev
            self._moved(crowd, 0, revisions[-1].rev)
        crowd.cursor.sent_rev = revisions[-1].rev

    def _moved(self, crowd: Crowd, size: int, rev: int) -> None:
        """Counts what is under way, and asks what of it has arrived."""
        window, now = crowd.window, self._loop.now()
        urgent = window.urgent(size, now)
        window.sent += size
        if urgent:
            probe = window.probe(rev, 0, now)
            self._loop.later(ROUND_TRIP, lambda: window.answered(probe))
            self._answered(crowd.count)

    def _answered(self, many: float) -> None:
        """Pongs of so many sockets come, not all in the same moment."""
        left, delay = many, ROUND_TRIP
        while left > 0:
            some = min(left, float(SESSIONS_PER_STEP))
            seconds = some * self._costs.worker_ping_s
            self._loop.later(delay, lambda s=seconds: self._loop.spend(s))  # type: ignore[misc]
            left -= some
            delay += 0.002

    def _send_steps(
        self,
        crowd: Crowd,
        session: str,
        cursor: DeliveryCursor,
        revisions: Sequence[Revision],
        flush: Flush,
        second: Second,
        *,
        seen: int | None = None,
    ) -> None:
        """Sends steps to one socket, since some of them are for it alone."""
        if not revisions:
            return
        last = crowd.seen if seen is None else seen
        size = 0
        for step in list(steps(cursor, session, revisions, batching=True)):
            data = flush.frames.of(step).websocket
            last = check(data, last, step)
            size += len(data)
            cursor.moved(step)
            flush.tally.count(step)
            if isinstance(step, AcceptCommit):
                origin = revisions[step.rev - revisions[0].rev].origin
                assert origin is not None
                second.ack.add(self._loop.now() - self.pad.due.pop(origin))
        flush.tally.writes += 1
        flush.tally.bytes += size
        costs = self._costs
        wire = float(size)
        alone = alone_of(size, len(revisions))
        if self.sockets >= WORTH:
            # What others are sent, too, is deflated for all of them.
            wire = alone + on_the_wire(self.sockets, size - alone, costs)
        if self.sockets >= WORTH and alone <= self._own:
            self._own -= round(alone)
            wire = on_the_wire(self.sockets, size, costs)
            self._loop.spend(2 * costs.worker_deflate_s + alone * costs.worker_deflate_byte_s)
        self._loop.spend(costs.worker_write_s + costs.worker_own_s + wire * costs.worker_byte_s)
        now = self._loop.now()
        for time, alike in grouped([self.pad.committed_at[r.rev] for r in revisions]):
            second.delivery.add(now - time, alike)
        if seen is None:  # a socket by itself: it came just now, and is in no flush's tally
            crowd.seen = last
            second.flushed(flush.finish())
        else:
            assert last == revisions[-1].rev

    def _authors(self, revisions: Sequence[Revision], crowd: Crowd) -> set[str]:
        return {r.origin.session for r in revisions if r.origin} & crowd.editors

    def _sizes(
        self, revisions: Sequence[Revision], flush: Flush, crowd: Crowd
    ) -> tuple[list[int], bytes]:
        """Returns the sizes of several batches; what is beyond the window would be sent later, in
        the same number of bytes."""
        made = steps(DeliveryCursor(crowd.cursor.sent_rev), "", revisions, batching=True)
        sent = [flush.frames.of(step).websocket for step in made]
        return [len(data) for data in sent], b"".join(sent)

    def _count_steps(self, revisions: Sequence[Revision], flush: Flush, many: int) -> None:
        for step in steps(DeliveryCursor(revisions[0].rev - 1), "", revisions, batching=True):
            flush.tally.count(step, many)
            flush.tally.bytes += many * len(flush.frames.of(step).websocket)
        flush.tally.writes += many

    def _merge(self) -> None:
        """Merges crowds at the same place into one."""
        places: dict[int, Crowd] = {}
        for crowd in self.crowds:
            first = places.setdefault(crowd.cursor.sent_rev, crowd)
            if first is not crowd:
                assert first.seen == crowd.seen
                first.count += crowd.count
                first.editors |= crowd.editors
        self.crowds = list(places.values())
