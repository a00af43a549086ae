"""Keeps the cold store up to date with the pads of a writer's partitions, and freezes those that
nobody needs in Redis. This is done in the background: a commit waits only for the step in which a
pad leaves, which takes a round trip or two."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from padfleet.services.writer import metrics
from padfleet.services.writer.cleanup.ghosts import GhostHunt
from padfleet.services.writer.cold.lateness import Lateness
from padfleet.shared.batches import batches, slices
from padfleet.shared.cold.errors import StoreAway, WrittenThere
from padfleet.shared.cold.etherpad.both import settle
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.places import may_freeze
from padfleet.shared.cold.rows import Uncopied
from padfleet.shared.cold.thawing import AWAY, Thawing
from padfleet.shared.cold.writing_behind import WriteBehind
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.several import any_exists
from padfleet.shared.log.damage import CorruptPad, RevisionMissing
from padfleet.shared.log.fleet.inventory import pad_ids
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import moving
from padfleet.shared.log.pad.moving import PadStanding
from padfleet.shared.supervision.progress import progress, rest
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)

PAGE = 100
"""How many pads are asked about in one call, which takes a millisecond of the server's time."""

AT_ONCE = 48
"""How many pads are copied at the same time, of one partition or of several, since the store takes
its time for each. What they ask of Redis and of the disk goes there together, so that a copy of few
revisions costs less the more there are at once. Of large copies, only `MOST_LARGE` are made at the
same time."""

PARTITIONS_AT_ONCE = 8
"""How many partitions are checked at the same time. The more there are, the longer each check
takes, and the earlier pads are copied for fear that the next check could be late."""

LOOKS_EACH = 6
"""How often a partition is looked at within the time in which the store may be behind. Each pad
that is brought costs some milliseconds: so the last look that is in time should come late. At the
others, a pad is not even asked about."""

PASSED_OVER = 3
"""How many looks in a row may pass a partition over because all of its known pads can wait. Pads
that have come since are found at the next one, still in time: one of which nothing is known is
copied at once."""

FETCHING_MS = 600_000
"""Time in ms after which a pad that somebody was about to bring back is not on its way any more."""

LATE_MS = 2_000
"""Time in ms after which a pad that has left Redis, and has not arrived, counts as abandoned
half-way."""


MISSING_FIX = (
    "if the cold store has been put back to an older state, put the newer one in its place again; "
    "or give up what is missing: padfleet pads mend PAD"
)
"""What to do about a pad whose past was in the store alone."""


class Leaving(Protocol):
    """The interface of whatever handles the writer's own copy of a pad that leaves Redis, see
    `PadLeaving`."""

    def uncopied(self, pad: str) -> Uncopied | None: ...

    def between_batches(self, partition: int, pad: str) -> AbstractAsyncContextManager[object]: ...

    async def newest_snapshot(self, lease: Lease, pad: str) -> None: ...


@dataclass
class _Term:
    """What is known of a partition for as long as it is held without interruption."""

    number: int
    late: Lateness
    known: set[str] = field(default_factory=set)  #: pads that were compared with the store
    pads: list[str] = field(default_factory=list)  #: those that were in Redis at the last look
    on_their_way: bool = False  #: whether any pad was on its way then
    whole: bool = False  #: whether the last look came to its end
    passed_over: int = 0  #: how often the partition has been passed over since

    @property
    def empty(self) -> bool:
        return self.whole and not self.pads


class Freezing:
    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        thawing: Thawing,
        *,
        after_ms: int,
        every_ms: int,
    ) -> None:
        """Takes what is needed, and how soon pads are copied and frozen.

        Arguments:
            after_ms: for how long nobody must have been on a pad before it is frozen.
            every_ms: how far the cold store may be behind.
        """
        self._redis = redis
        self._keyspace = keyspace
        self._thawing = thawing
        cold = thawing.cold
        self._etherpads = cold if isinstance(cold, EtherpadPads) else None
        self._looked_there: dict[int, float] = {}  #: by partition, `time.monotonic`
        self._write = WriteBehind(redis, keyspace, thawing.cold, after_ms=after_ms)
        self._ghosts = GhostHunt(redis, keyspace, after_ms=after_ms)
        self._after_ms = after_ms
        self._every = every_ms / 1000
        self._terms: dict[int, _Term] = {}  #: by partition
        self._places = asyncio.Semaphore(AT_ONCE)
        self._trouble = thawing.trouble
        metrics.COLD_BEHIND.set_function(self._count_behind)
        metrics.COLD_BEHIND_SECONDS.set_function(self._behind_s)
        self._away: StoreAway | None = None  #: why nothing more is tried in this round of checks

    @property
    def interval(self) -> float:
        """Returns the seconds between two checks of a partition."""
        return max(self._every / LOOKS_EACH, 0.05)

    async def find(self, held: set[int]) -> None:
        """Adds all pads in Redis to those that are checked: pads of a fleet that had no cold store
        before, and what a process that died was about to record."""

        async def ours() -> AsyncIterator[str]:
            async for pad in pad_ids(self._redis, self._keyspace):
                progress()
                if self._keyspace.partition_of(pad) in held:
                    yield pad

        async for found in batches(ours(), PAGE):
            await moving.note_hot(self._redis, self._keyspace, found)
            await rest(0.01)

    def forget(self, held: set[int]) -> None:
        """Forgets what is known of partitions that others have by now."""
        for partition in self._terms.keys() - held:
            del self._terms[partition]
        self._ghosts.forget(held)

    async def worth_a_look(self, leases: Sequence[Lease]) -> list[Lease]:
        """Returns the leases of the partitions that have pads in Redis or on their way, and of
        those that had some at the last look, unless none of these needs anything yet.

        All partitions are asked about at once: on an idle fleet, a look at each of them would be a
        third of all commands. Raises what `UNREACHABLE` lists.
        """
        leases = [lease for lease in leases if not self._passes_over(lease)]
        keys = [
            (self._keyspace.hot(lease.partition), self._keyspace.moving(lease.partition))
            for lease in leases
        ]
        found = await any_exists(self._redis, keys)
        return [
            lease
            for lease, populated in zip(leases, found, strict=True)
            if populated or not self._was_empty(lease)
        ]

    def _was_empty(self, lease: Lease) -> bool:
        term = self._term(lease)
        return term is not None and term.empty

    def _term(self, lease: Lease) -> _Term | None:
        """Returns what is known of the partition under this lease, if it has been looked at."""
        term = self._terms.get(lease.partition)
        return term if term is not None and term.number == lease.term else None

    def _passes_over(self, lease: Lease) -> bool:
        """Returns whether the partition needs no look this time, and counts it."""
        term = self._term(lease)
        if term is None or not term.pads or not term.whole or term.on_their_way:
            return False
        if term.passed_over >= PASSED_OVER or self._etherpads is not None:
            return False
        if any(self._is_to_ask(term, pad) for pad in term.pads):
            return False
        term.passed_over += 1
        term.late.passed_over(time.monotonic())
        return True

    async def look_at_all(
        self, leases: Iterable[Lease], leaving: Leaving, is_held: Callable[[Lease], bool]
    ) -> None:
        """Checks all pads of these partitions, of those that are still held when it is their turn.
        Several are checked at the same time: a store that takes long to answer is waited for by
        pads of different partitions together, as by those of one. Raises `StoreAway`, and what else
        `UNREACHABLE` lists, once all checks that had begun have ended."""
        self._away = None
        waiting = iter(leases)

        async def one_by_one() -> None:
            for lease in waiting:
                if is_held(lease):
                    await self._look(lease, leaving)

        await all_of(*(one_by_one() for _ in range(PARTITIONS_AT_ONCE)))

    async def _look(self, lease: Lease, leaving: Leaving) -> None:
        partition = lease.partition
        term = self._term(lease)
        if term is None:
            term = self._terms[partition] = _Term(lease.term, Lateness(self._every))
        term.whole, term.passed_over = False, 0
        moves = await moving.moves(self._redis, self._keyspace, partition)
        term.on_their_way = bool(moves)
        for pad, move in moves.items():
            progress()
            after = FETCHING_MS if move.startswith("thaw") else LATE_MS
            await self._each(pad, self._write.arrive_late(pad, move, after))
        pads = await moving.hot_pads(self._redis, self._keyspace, partition)
        await self._look_there(partition, pads)
        term.late.look_begins(time.monotonic(), pads)
        self._ghosts.look_begins(partition, pads)
        for page in slices([pad for pad in pads if self._is_to_ask(term, pad)], PAGE):
            asked = time.monotonic()
            found = await self._standings(partition, page)
            due = [each for each in found if self._is_due(term, *each, asked)]
            await self._look_for_ghosts(partition, found)
            await all_of(*(self._in_turn(lease, term, *each, leaving) for each in due))
        term.late.look_ends(time.monotonic())
        term.pads, term.whole = pads, True

    async def _standings(
        self, partition: int, pads: Sequence[str]
    ) -> list[tuple[str, PadStanding]]:
        """Returns the state of the pads for which it is known; the others are logged."""
        found = await moving.standings(self._redis, self._keyspace, partition, pads)
        readable: list[tuple[str, PadStanding]] = []
        for pad, standing in zip(pads, found, strict=True):
            if isinstance(standing, CorruptPad):
                log.error(
                    "pad not copied to the cold store", extra={"pad": pad, "error": str(standing)}
                )
            else:
                readable.append((pad, standing))
        return readable

    async def _look_for_ghosts(
        self, partition: int, found: Sequence[tuple[str, PadStanding]]
    ) -> None:
        for pad, standing in found:
            if self._ghosts.is_due(partition, pad, standing):
                progress()
                await self._each(pad, self._ghosts.look(partition, pad))

    async def _look_there(self, partition: int, pads: Sequence[str]) -> None:
        """Checks whether an Etherpad, whose database is the cold store, has written on one of these
        pads, and merges the histories of those pads."""
        now = time.monotonic()
        if self._etherpads is None or now - self._looked_there.get(partition, 0) < self._every:
            return
        try:
            for page in slices(pads, PAGE):
                progress()
                for pad in await self._etherpads.written_there(page):
                    await self._each(pad, self._settle(pad))
        finally:
            # If a database has not answered for long, the next look is at the pads, so that it is
            # known which of them it lacks something of.
            self._looked_there[partition] = time.monotonic()

    async def _settle(self, pad: str) -> None:
        """Makes one pad out of two histories if an Etherpad has written on it, too."""
        assert self._etherpads is not None
        outcome = await settle(self._redis, self._keyspace, self._etherpads, pad)
        metrics.COLD_VERDICTS.labels(outcome.value).inc()

    def _is_to_ask(self, term: _Term, pad: str) -> bool:
        """Returns whether it matters at this check how a pad stands."""
        longest = self._after_ms / 1000 / LOOKS_EACH  # or it would be frozen too late
        return pad not in term.known or not term.late.can_wait(pad, time.monotonic(), longest)

    def _is_due(self, term: _Term, pad: str, standing: PadStanding, asked: float) -> bool:
        if standing.head is None:
            return True
        due = False
        if standing.even:
            term.late.is_even(pad, asked)
        elif not standing.opened:
            term.late.is_behind(pad, asked)
            due = term.late.is_due(pad, asked)
        # A pad must be fully copied before it is frozen.
        return due or pad not in term.known or self._may_freeze(standing._replace(even=True))

    def _may_freeze(self, standing: PadStanding) -> bool:
        return may_freeze(
            even=standing.even,
            people=standing.people,
            quiet_ms=standing.quiet_ms,
            edited_ms=int(time.time() * 1000) - standing.time,
            opened=standing.opened,
            after_ms=self._after_ms,
        )

    async def _look_at(
        self, lease: Lease, term: _Term, pad: str, standing: PadStanding, leaving: Leaving
    ) -> None:
        if standing.head is None:
            term.late.forget(pad)
            term.known.discard(pad)
            # It was frozen a moment ago, removed because nobody had written in it, or lost.
            if not await self._thawing.bring_if_lost(pad):
                await moving.bury(self._redis, self._keyspace, pad, standing.epoch)
            return
        if pad not in term.known and not standing.opened:
            await self._write.reconcile(pad)
            term.known.add(pad)
        if standing.opened:
            return
        if not standing.even:
            asked = time.monotonic()
            if await self._write.bring(pad, uncopied=leaving.uncopied(pad)) is not None:
                term.late.is_even(pad, asked)
                self._trouble.answered(written=True)
        elif self._may_freeze(standing):
            async with self._write.large:
                await leaving.newest_snapshot(lease, pad)
                between_batches = leaving.between_batches(lease.partition, pad)
                verdict = await self._write.freeze(lease, pad, between_batches)
            if verdict == "ok":
                term.known.discard(pad)
                metrics.FROZEN.inc()
            else:
                metrics.COLD_VERDICTS.labels(verdict).inc()

    async def _in_turn(
        self, lease: Lease, term: _Term, pad: str, standing: PadStanding, leaving: Leaving
    ) -> None:
        """Checks one pad when there is a place for it."""
        async with self._places:
            progress()
            if self._away is not None:
                raise type(self._away)(*self._away.args)
            await self._each(pad, self._look_at(lease, term, pad, standing, leaving))

    async def _each(self, pad: str, work: Coroutine[object, object, None]) -> None:
        """Runs the work on one pad; a problem with it keeps no other pad from being copied."""
        try:
            await work
        except StoreAway as error:
            AWAY.labels("write").inc()
            self._away = error
            self._trouble.failed(error)
            raise
        except WrittenThere:
            await self._each(pad, self._settle(pad))
        except CorruptPad as error:
            metrics.COLD_VERDICTS.labels("damaged").inc()
            said = {"pad": pad, "error": str(error)}
            if isinstance(error, RevisionMissing):
                said["fix"] = MISSING_FIX
            log.error("pad not copied to the cold store", extra=said)
        except UNREACHABLE:
            raise
        except Exception:
            metrics.COLD_VERDICTS.labels("fault").inc()
            log.exception("pad not copied to the cold store", extra={"pad": pad})

    # These count when somebody asks: doing so at each check was a twentieth of write-behind's work.

    def _count_behind(self) -> float:
        return sum(len(term.late.behind) for term in self._terms.values())

    def _behind_s(self) -> float:
        since = [began for term in self._terms.values() for began in term.late.behind]
        return time.monotonic() - min(since) if since else 0.0
