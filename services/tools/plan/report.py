"""Shows a plan as text, as JSON, and as settings to paste."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from padfleet.services.tools.plan.constants import Provenance
from padfleet.services.tools.plan.plan import Plan

NOUNS = {
    "workers": "fan-out workers",
    "writers": "writers",
    "redis": "Redis shards",
    "nodes": "nodes for workers and writers",
}

MIB = 1 << 20


def lines(plan: Plan, provenance: Provenance) -> Iterator[str]:
    """Yields the plan as text: what is needed, what decides that, and what each process does."""
    demand, goal, work = plan.demand, plan.goal, plan.work
    there_are = f" of {demand.all_pads:,}, the others in a cold store" if demand.all_pads else ""
    yield (
        f"{demand.sockets:,} sockets on {demand.pads:,} pads{there_are}, "
        f"{demand.editors:,} people typing "
        f"{demand.rate:g} edits/s each; {goal.headroom:.0%} of everything stays free"
    )
    for reason in plan.impossible:
        yield f"IMPOSSIBLE  {reason}"
    yield ""
    for what, noun in NOUNS.items():
        binds = plan.binds(what)
        yield f"{plan.counts[what]:>7,}  {noun}"
        yield f"         because of: {binds.name} ({binds.found})"
        yield f"         to need less: {binds.relax}"
        others = sorted(
            (limit for limit in plan.limits[what] if limit is not binds and limit.needs),
            key=lambda limit: -(limit.needs or 0),
        )
        if others:
            yield "         next: " + ", ".join(f"{o.name} {o.needs:,}" for o in others[:3])
    if plan.fits_one_process:
        yield ""
        yield (
            "One process could do all of it: instead of workers and writers, run `padfleet node` "
            "twice (docs/operations.md)."
        )
    yield ""
    replicas = plan.counts["redis"] * goal.replicas
    yield from _table(
        [
            ("Redis processes", f"{plan.counts['redis'] + replicas:,}, {replicas:,} as replicas"),
            ("Redis, memory", f"{plan.redis_bytes / plan.counts['redis'] / MIB:,.0f} MiB a shard"),
            *_cold_rows(plan),
            (
                "Redis, CPU",
                f"{plan.commits.redis_cores / plan.counts['redis']:.0%} of a core a shard, "
                f"{plan.commits.calls / plan.counts['redis']:,.0f} commit calls/s",
            ),
            ("worker, CPU", f"{plan.worker_cores:.0%} of a core on average"),
            (
                "worker, sockets and memory",
                f"{demand.sockets / plan.counts['workers']:,.0f}, "
                f"{plan.worker_bytes / MIB:,.0f} MiB",
            ),
            (
                "writer, CPU",
                f"{plan.commits.writer_cores / plan.counts['writers']:.0%} of a core; "
                f"{plan.commits.busiest_cores:.0%} for the busiest pad",
            ),
            (
                "node, memory",
                f"{plan.node_bytes / 2**30:,.1f} GiB, connections in the kernel included",
            ),
            (
                "node, network",
                f"{_mbit(plan.node_out)} Mbit/s out, {_mbit(plan.node_in)} Mbit/s in",
            ),
            ("all, network", f"{_mbit(work.bytes_out)} out, {_mbit(work.bytes_in)} in"),
            ("delivered", f"{work.deliveries:,.0f} revisions × sockets/s"),
            ("committed", f"{plan.commits.revisions:,.0f} revisions/s"),
            (
                "busiest pad",
                f"{plan.room.sockets:,.0f} sockets on each worker that has it, "
                f"{plan.room.revisions:,.1f} revisions/s",
            ),
            (
                "  a message",
                f"{plan.rhythm.batch:,.1f} revisions, {plan.rhythm.flushes:,.1f} times a second",
            ),
            (
                "  a flush",
                f"{plan.rhythm.flush_s * 1000:,.1f} ms, then {plan.rhythm.pause_s * 1000:,.1f} ms "
                "of pause",
            ),
            ("  commit to socket", f"{plan.rhythm.p95_s * 1000:,.0f} ms, 95 of 100"),
        ]
    )
    yield ""
    yield from settings(plan)
    yield ""
    yield (
        f"Costs measured on {provenance.machine.get('processor', 'an unnamed machine')}, "
        f"{provenance.date}, commit {provenance.commit}: docs/capacity.md."
    )


def _cold_rows(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.demand.all_pads:
        hot = plan.demand.pads_in_redis
        yield "pads in Redis", f"{hot:,} of {plan.demand.all_pads:,}: open, or until a moment ago"
        yield "cold store", f"{plan.cold_bytes / 2**30:,.1f} GiB"


def _table(rows: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        yield f"{name:<{width}}  {value}"


def _mbit(per_second: float) -> str:
    return f"{per_second * 8 / 1e6:,.0f}"


def settings(plan: Plan) -> Iterator[str]:
    """Yields shell variables, and a patch for deploy/kubernetes."""
    memory = -(-int(plan.worker_bytes / plan.goal.usable) // (64 * MIB)) * 64
    yield "# All processes; the number of partitions is for good:"
    yield f"PADFLEET_PARTITIONS={plan.partitions}"
    if plan.goal.replicas:
        yield "# Writers: nobody is shown what no replica has."
        yield "PADFLEET_COMMIT_REPLICAS=1"
    if plan.demand.all_pads:
        yield "# All processes: where pads lie that nobody is on."
        yield "PADFLEET_COLD_URL=file:///var/lib/padfleet/cold"
    yield "# deploy/kubernetes: into `patches` of the overlay's kustomization.yaml"
    yield "patches:"
    for name in ("fanout", "writer"):
        yield f"  - target: {{kind: Deployment, name: {name}}}"
        yield "    patch: |-"
        count = plan.counts["workers" if name == "fanout" else "writers"]
        yield f"      - {{op: add, path: /spec/replicas, value: {count}}}"
        if name == "fanout":
            path = "/spec/template/spec/containers/0/resources"
            yield f"      - {{op: replace, path: {path}/requests/memory, value: {memory}Mi}}"
            limit = int(plan.goal.worker_memory / MIB)
            yield f"      - {{op: replace, path: {path}/limits/memory, value: {limit}Mi}}"


def jsonable(plan: Plan, provenance: Provenance) -> dict[str, Any]:
    """Returns the plan in seconds, bytes and cores; counts are whole numbers."""
    data = asdict(plan)
    data["binds"] = {what: plan.binds(what).name for what in plan.limits}
    data["settings"] = list(settings(plan))
    data["constants"] = {
        "machine": dict(provenance.machine),
        "date": provenance.date,
        "commit": provenance.commit,
    }
    return data
