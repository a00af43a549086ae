"""Holds the leases of this writer's share of the partitions, and has their inboxes followed."""

import asyncio
import logging
from contextlib import suppress
from functools import partial

from redis.exceptions import RedisError

from padfleet.services.writer import metrics
from padfleet.services.writer.cleanup.vacancies import Vacancies
from padfleet.services.writer.cold.freezing import Freezing
from padfleet.services.writer.cold.leaving import PadLeaving
from padfleet.services.writer.damaged_pads import DamagedPads
from padfleet.services.writer.leases.chores import Chores
from padfleet.services.writer.leases.direct import DirectEdits
from padfleet.services.writer.leases.follower import Follower
from padfleet.services.writer.leases.inboxes import Inboxes
from padfleet.services.writer.leases.pacing import RoundPace
from padfleet.services.writer.leases.partition_lock import PartitionLock
from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.services.writer.storing.committer import LeaseLost
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.shared.log.connection.connect import PATIENCE, UNREACHABLE, Redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.local import DirectEdit
from padfleet.shared.log.keys import WRITERS, Keyspace
from padfleet.shared.log.people import presence
from padfleet.shared.supervision.keeper import Keeper, Kept, Loose
from padfleet.shared.supervision.policy import DISPENSABLE
from padfleet.shared.supervision.progress import progress, tick
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)

TICKS_PER_LEASE = 6
"""How often the leases are renewed within one lease time: two heartbeats may fail without harm."""


class LeaseManager:
    """One writer's partitions. `held` says which it has at the moment. Only speed depends on that;
    correctness does not, because commit.lua checks the term."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        processor: BatchProcessor,
        pads: PadCache,
        compaction: Compaction,
        *,
        writer_id: str,
        lease_ms: int,
        batch_max: int,
        commit_interval_ms: int = 0,
        vacancies: Vacancies | None = None,
        freezing: Freezing | None = None,
    ) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._processor = processor
        self._pads = pads
        self._id = writer_id
        self._lease_ms = lease_ms
        everything = list(range(keyspace.partitions))
        # On a cluster there is one reader per partition, since several slots cannot be read in one
        # call. Elsewhere there is one reader for all, which settles more entries per call under
        # load.
        self._groups = [[p] for p in everything] if redis.is_cluster else [everything]
        self._inboxes = [Inboxes(redis, keyspace, count=batch_max) for _ in self._groups]
        self._stuck: dict[int, str] = {}
        self._not_taken: dict[int, str] = {}
        self._paces = [RoundPace(commit_interval_ms / 1000) for _ in self._groups]
        self._direct = {
            partition: direct
            for group, pace in zip(self._groups, self._paces, strict=True)
            for direct in [DirectEdits(self, processor, pace, count=batch_max)]
            for partition in group
        }
        self._vacancies = vacancies
        self._freezing = freezing
        leaving = PadLeaving(redis, keyspace, pads, compaction, self.lock)
        self._chores = Chores(self, leaving)
        self.stopping = False
        self._stop_wanted = asyncio.Event()
        self._tasks: list[Kept] = []
        self._share: frozenset[int] = frozenset()
        self._busy: dict[int, PartitionLock] = {}
        self.held: dict[int, Lease] = {}
        self.last_tick = 0.0  #: of the event loop's clock, as all of these
        self.whole_at = 0.0  #: when this writer had all of its share; 0: never yet
        self.taken_at: dict[int, float] = {}  #: when each partition was taken

    def start(self, keeper: Keeper) -> None:
        """Starts working, until `stop`."""
        self._tasks = [keeper.keep("leases", self._look_after_leases)]
        if self._vacancies is not None:
            look = partial(self._chores.look_for_vacancies, self._vacancies)
            self._tasks.append(keeper.keep("unwritten pads", look))
        if self._freezing is not None:
            freeze = partial(self._chores.write_behind, self._freezing)
            self._tasks.append(keeper.keep("cold store", freeze, DISPENSABLE))
        for group, inboxes, pace in zip(self._groups, self._inboxes, self._paces, strict=True):
            follower = Follower(group, self, self._processor, inboxes, pace)
            self._tasks.append(keeper.keep("inboxes", follower.follow, part=str(group[0])))

    async def ended(self) -> None:
        """Returns when the work has ended after `stop`."""
        for task in self._tasks:
            await task.ended()

    async def run(self) -> None:
        """Runs `start`, without a supervisor, and `ended`."""
        self.start(Loose())
        await self.ended()

    def stop(self) -> None:
        """Ends the work after the current batch, and gives the leases back."""
        self.stopping = True
        self._stop_wanted.set()
        for task in self._tasks:
            task.let_end()

    def take(self, edit: DirectEdit) -> bool:
        """Implements `LocalWriter.take`."""
        return self._direct[edit.partition].take(edit)

    @property
    def damages(self) -> DamagedPads:
        """Returns the pads that have been found to be damaged."""
        return self._processor.damages

    @property
    def lacking(self) -> list[int]:
        """Returns the partitions of its share that this writer does not have."""
        return sorted(self._share - self.held.keys())

    @property
    def read_at(self) -> dict[int, float]:
        """Returns when the inbox of each partition was last read."""
        return {p: at for inboxes in self._inboxes for p, at in inboxes.read_at.items()}

    @property
    def trouble(self) -> dict[int, str]:
        """Returns the partitions of its share for which something failed when it was last tried,
        and why."""
        found = {p: why for inboxes in self._inboxes for p, why in inboxes.trouble.items()}
        found = {p: f"its inbox cannot be read: {why}" for p, why in found.items()}
        found |= {p: f"nothing can be stored: {why}" for p, why in self._stuck.items()}
        found |= {p: f"its lease cannot be looked after: {w}" for p, w in self._not_taken.items()}
        return {p: why for p, why in sorted(found.items()) if p in self._share}

    # --- Leases ----------------------------------------------------------------------------------

    async def _look_after_leases(self) -> None:
        interval = self._lease_ms / TICKS_PER_LEASE / 1000
        while not self.stopping:
            try:
                await self._tick()
            except RedisError as error:
                # This must not end the process: every writer would run into the same error in the
                # same tick.
                log.warning("leases not maintained", extra={"error": str(error)})
            else:
                self.last_tick = asyncio.get_running_loop().time()
            await tick(interval)
        # First out of the count: then the next writer to check takes what is given back.
        with suppress(*UNREACHABLE):
            await presence.retire(self._redis, WRITERS, self._id)
        await asyncio.gather(*(self._give_back(partition) for partition in list(self.held)))

    async def _tick(self) -> None:
        # All at the same time: an idle writer is woken once by all the answers. A partition that
        # falls to another by this beat is kept once more, and then given back.
        await all_of(self._beat(), *(self._keep(group) for group in self._groups))
        changing = [
            p for p in range(self._keyspace.partitions) if (p in self.held) != (p in self._share)
        ]
        await asyncio.gather(*(self._take_or_give_back(partition) for partition in changing))
        metrics.PARTITIONS.set(len(self.held))
        if not self.lacking:
            self.whole_at = asyncio.get_running_loop().time()

    async def _beat(self) -> None:
        """Reports that this writer is alive, and learns which partitions are its share."""
        try:
            async with asyncio.timeout(PATIENCE):
                liveness = await presence.beat(self._redis, WRITERS, self._id, self._lease_ms)
            self._share = leases.share(self._keyspace.partitions, liveness.alive, self._id)
        except (*UNREACHABLE, RedisError) as error:
            # Perhaps only the shard of this one key is away. The others' leases still have to be
            # renewed.
            log.warning("writers not counted", extra={"error": str(error)})

    async def _keep(self, group: list[int]) -> None:
        """Renews the leases of its share in one call: as many calls as leases would be expensive on
        an idle fleet."""
        kept = [self.held[p] for p in group if p in self.held and p in self._share]
        if not kept:
            return
        try:
            async with self._redis.read_limit, asyncio.timeout(PATIENCE):
                progress()
                found = await leases.renew(self._redis, self._keyspace, kept, self._lease_ms)
        except (*UNREACHABLE, RedisError) as error:
            found = {lease.partition: f"{type(error).__name__}: {error}" for lease in kept}
        for lease in kept:
            match found[lease.partition]:
                case str(why):
                    self._not_looked_after(lease.partition, why)
                case True:
                    self._not_taken.pop(lease.partition, None)
                case False:
                    self._not_taken.pop(lease.partition, None)
                    self.lose(lease, "renewal refused")

    async def _take_or_give_back(self, partition: int) -> None:
        try:
            # Each takes a connection, of which redis-py allows a hundred.
            async with self._redis.read_limit, asyncio.timeout(PATIENCE):
                progress()
                if partition in self._share:
                    if partition not in self.held:
                        await self._take(partition)
                elif not self.lock(partition).locked():
                    # A partition in the middle of a batch is given back at a later tick.
                    await self._give_back(partition)
            self._not_taken.pop(partition, None)
        except (*UNREACHABLE, RedisError) as error:
            # This includes a problem with this state key alone: the others still have to be
            # renewed.
            self._not_looked_after(partition, f"{type(error).__name__}: {error}")

    def _not_looked_after(self, partition: int, why: str) -> None:
        self._not_taken[partition] = why
        log.warning("lease not maintained", extra={"partition": partition, "error": why})

    async def _take(self, partition: int) -> None:
        # A writer that has had all of its share has seen a fleet in which each partition was
        # somebody's, though perhaps never its own.
        lease = await leases.acquire(
            self._redis,
            self._keyspace,
            partition,
            self._id,
            self._lease_ms,
            has_been=self.whole_at > 0,
        )
        if lease is not None:
            # Nothing that was in memory from an earlier term may be used again.
            self._pads.forget_partition(partition)
            try:
                await self._processor.tell_untold(lease)
            except LeaseLost as error:
                log.warning("lease lost", extra={"partition": partition, "why": str(error)})
                return
            self.held[partition] = lease
            self.taken_at[partition] = asyncio.get_running_loop().time()
            metrics.TAKE_OVERS.inc()
            log.debug("lease taken", extra={"partition": partition, "term": lease.term})

    async def _give_back(self, partition: int) -> None:
        async with self.lock(partition):  # not in the middle of a commit
            lease = self.held.pop(partition, None)
            if lease is not None:
                self._forget(partition)
                with suppress(*UNREACHABLE, RedisError):  # it runs out by itself then
                    await leases.release(self._redis, self._keyspace, lease, self._id)

    def lose(self, lease: Lease, why: str) -> None:
        """Drops the lease. If the partition has been taken again meanwhile, that is a different
        lease, which is kept."""
        partition = lease.partition
        if self.is_held(lease):
            del self.held[partition]
            metrics.LOST_LEASES.inc()
            log.warning("lease lost", extra={"partition": partition, "why": why})
        self._forget(partition)

    def moved(self, lease: Lease) -> None:
        """Implements `follower.Holdings`, like the next three methods."""
        if self.is_held(lease):
            self.held[lease.partition] = lease
        self._stuck.pop(lease.partition, None)

    def is_stuck(self, lease: Lease, why: str) -> None:
        log.warning("partition is stuck", extra={"partition": lease.partition, "error": why})
        self.lose(lease, "nothing can be stored")
        self._stuck[lease.partition] = why

    def is_held(self, lease: Lease) -> bool:
        now = self.held.get(lease.partition)
        return now is not None and now.term == lease.term

    def _forget(self, partition: int) -> None:
        self._pads.forget_partition(partition)
        for inboxes, pace in zip(self._inboxes, self._paces, strict=True):
            inboxes.forget(partition)
            pace.forget(partition)

    def lock(self, partition: int) -> PartitionLock:
        lock = self._busy.get(partition)
        if lock is None:
            lock = self._busy[partition] = PartitionLock()
        return lock

    async def stops_within(self, seconds: float) -> bool:
        """Implements `chores.HeldPartitions.stops_within`."""
        progress(seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop_wanted.wait()
        return self.stopping
