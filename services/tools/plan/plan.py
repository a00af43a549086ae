"""Makes the plan of a fleet that meets a demand. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from padfleet.services.tools.plan.constants import Constants
from padfleet.services.tools.plan.demand import Demand, Goal
from padfleet.services.tools.plan.layout import Pads, pads_of
from padfleet.services.tools.plan.limits import CapacityLimit, CostModel, binding, worker_limits
from padfleet.services.tools.plan.rhythm import BusyRoom, Rhythm
from padfleet.services.tools.plan.work import CommitCost, PlannedWork, commits, workers_work
from padfleet.shared.settings import WriterSettings

PARTITIONS_PER_WRITER = 8
"""The number of partitions for each writer: enough for rendezvous hashing to spread them evenly,
and for the fleet to grow, since their number is fixed at the first start."""

COLD_PAD_BYTES = 30
"""How many bytes a pad in a cold store leaves behind in Redis, its witness: 29.9 were measured with
100,000 pads, and 25.5 with a million."""

COLD_OBJECT_BYTES = 4096
COLD_REVISION_BYTES = 10
"""How many bytes a pad takes in a cold store, and each of its revisions: a block of a disk, and
what typing was measured to take (docs/performance.md), rounded up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan. `impossible` says why no such fleet can exist; the figures are then the nearest."""

    demand: Demand
    goal: Goal
    impossible: list[str]
    limits: dict[str, list[CapacityLimit]]  #: by what is counted: workers, writers, redis, nodes
    counts: dict[str, int]
    partitions: int
    work: PlannedWork
    commits: CommitCost
    room: BusyRoom  #: of the busiest pad, on one worker
    rhythm: Rhythm
    worker_cores: float
    worker_bytes: float
    redis_bytes: float  #: of all shards, without replicas
    node_bytes: float
    node_out: float
    node_in: float
    cold_bytes: float = 0.0  #: of the cold store

    @property
    def fits_one_process(self) -> bool:
        """Returns whether a single process could do the work of all workers and writers, besides
        what the goal leaves free."""
        alone = self.counts["workers"] <= 2 >= self.counts["writers"] and not self.impossible
        return alone and self.work.cores + self.commits.writer_cores <= self.goal.usable

    def binds(self, what: str) -> CapacityLimit:
        return binding(self.limits[what])


def plan(demand: Demand, goal: Goal, constants: Constants) -> Plan:
    """Returns how many processes of each kind the demand needs, and which limit decides that. What
    no number of processes can serve is listed in `impossible`."""
    pads = pads_of(demand)
    model = CostModel(demand, goal, constants, pads)
    limits = {"workers": [*worker_limits(model), _two("another goes on when one dies")]}
    workers = _count(limits["workers"])
    work = workers_work(pads, demand, goal, constants, workers)
    partitions = WriterSettings.partitions
    made = commits(pads, demand, constants, partitions, work.heard)
    stored = _stored(demand, constants)
    for _ in range(8):  # partitions and writers depend on each other; they settle at once or twice
        limits["writers"] = _writer_limits(pads, demand, goal, constants, made)
        limits["redis"] = _redis_limits(goal, constants, made, stored)
        wanted = PARTITIONS_PER_WRITER * max(_count(limits["writers"]), _count(limits["redis"]))
        wanted = max(WriterSettings.partitions, 1 << math.ceil(math.log2(wanted)))
        if wanted <= partitions:
            break
        partitions = wanted
        made = commits(pads, demand, constants, partitions, work.heard)
    writers = _count(limits["writers"])
    memory = model.worker_bytes(workers)
    writer_bytes = constants.writer_process_bytes + constants.writer_pad_bytes * min(
        WriterSettings.cached_pads, demand.pads / writers
    )
    resident = workers * memory + writers * writer_bytes
    resident += demand.sockets * constants.kernel_socket_bytes
    limits["nodes"] = _node_limits(goal, workers + writers, resident, work)
    nodes = _count(limits["nodes"])
    room = model.busiest_room(workers)
    counts = {what: _count(found) for what, found in limits.items()}
    return Plan(
        demand,
        goal,
        _impossible(limits),
        limits,
        counts,
        partitions,
        work,
        made,
        room,
        model.busiest_rhythm(workers),
        work.cores / workers,
        memory,
        stored,
        resident / nodes,
        work.bytes_out / nodes,
        work.bytes_in / nodes,
        _cold(demand),
    )


def _count(limits: Sequence[CapacityLimit]) -> int:
    """Returns how many processes the limits require, of those limits that can be met."""
    return max(limit.needs for limit in limits if limit.needs is not None)


def _impossible(limits: dict[str, list[CapacityLimit]]) -> list[str]:
    return [
        f"{limit.name}: {limit.found}. What helps: {limit.relax}."
        for found in limits.values()
        for limit in found
        if limit.needs is None
    ]


def _two(why: str) -> CapacityLimit:
    return CapacityLimit("one may die", 2, why, "nothing: one process is no fleet")


def _at_least(amount: float, each: float) -> int:
    return max(1, math.ceil(amount / each - 1e-9))


def _left(goal: Goal, idle: float) -> float:
    """Returns the share of a process's core that is left for its work. It is never 0: if the
    headroom left less than a process needs for itself, there would be no end of processes."""
    return max(goal.usable - idle, goal.usable / 10)


def _writer_limits(
    pads: Sequence[Pads], demand: Demand, goal: Goal, constants: Constants, made: CommitCost
) -> list[CapacityLimit]:
    busiest = max((group.editors * demand.rate for group in pads), default=0.0)
    possible = made.busiest_cores <= 1
    one_pad = CapacityLimit(
        "one pad's writer",
        1 if possible else None,
        f"the busiest pad has {busiest:,.0f} revisions a second, which take "
        f"{made.busiest_cores:.0%} of the one core that can commit them; about "
        f"{made.most_revisions:,.0f} a second are the most that one pad can have",
        "fewer editors on that pad, or a faster core: a pad's revisions have one order, so one "
        "writer makes them, and more writers or partitions do not help",
    )
    return [
        CapacityLimit(
            "CPU of the writers",
            _at_least(made.writer_cores, _left(goal, constants.writer_idle_cores)),
            f"{made.revisions:,.0f} revisions a second take {made.writer_cores:.2f} cores",
            "less headroom; a longer PADFLEET_COMMIT_INTERVAL_MS",
        ),
        one_pad,
        _two("the partitions of one that dies have a writer within the lease time"),
    ]


def _redis_limits(
    goal: Goal, constants: Constants, made: CommitCost, stored: float
) -> list[CapacityLimit]:
    return [
        CapacityLimit(
            "CPU of Redis",
            _at_least(made.redis_cores, _left(goal, constants.redis_idle_cores)),
            f"{made.revisions:,.0f} revisions and {made.calls:,.0f} commits a second take "
            f"{made.redis_cores:.2f} cores",
            "less headroom; a longer PADFLEET_COMMIT_INTERVAL_MS; a balancer that gathers pads",
        ),
        CapacityLimit(
            "memory of Redis",
            _at_least(stored, goal.redis_memory * goal.usable),
            f"{stored / 2**30:,.2f} GiB of pads, {goal.redis_memory * goal.usable / 2**30:,.2f} "
            "GiB for each shard",
            "more --redis-memory; a lower PADFLEET_KEEP_REVISIONS",
        ),
    ]


def _node_limits(
    goal: Goal, processes: int, resident: float, work: PlannedWork
) -> list[CapacityLimit]:
    network = max(work.bytes_out, work.bytes_in)
    return [
        CapacityLimit(
            "cores of a node",
            _at_least(processes, goal.node_cores),
            f"{processes:,} processes of one event loop each, {goal.node_cores} to a node",
            "more --node-cores",
        ),
        CapacityLimit(
            "memory of a node",
            _at_least(resident, goal.node_memory * goal.usable),
            f"{resident / 2**30:,.1f} GiB, connections in the kernel included",
            "more --node-memory",
        ),
        CapacityLimit(
            "network of a node",
            _at_least(network, goal.node_network * goal.usable),
            f"{network * 8 / 1e9:,.2f} Gbit/s in all, "
            f"{goal.node_network * goal.usable * 8 / 1e9:,.2f} wanted of each",
            "more --node-network; a lower PADFLEET_FLUSH_RATE saves headers, not revisions",
        ),
        _two("another goes on when one dies"),
    ]


def _stored(demand: Demand, constants: Constants) -> float:
    """Returns the bytes in Redis. Revisions that are too new to be packed are up to a chunk more
    than are kept."""
    # Only the newest revisions of a pad are there if it was brought from the cold store.
    newest = min(demand.history, WriterSettings.keep_revisions)
    each = constants.redis_pad_bytes + newest * constants.redis_revision_bytes
    if not demand.all_pads:
        each += (demand.history - newest) * constants.redis_packed_bytes
    hot = demand.pads_in_redis
    return hot * each + max(0, demand.all_pads - hot) * COLD_PAD_BYTES


def _cold(demand: Demand) -> float:
    """Returns the bytes in the cold store."""
    return demand.all_pads * (COLD_OBJECT_BYTES + demand.history * COLD_REVISION_BYTES)
