"""Lets Redis die, freeze, fail over, refuse, or throw connections away."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import psutil
from redis.exceptions import ResponseError

from padfleet.shared.client import connect
from tests.chaos.group import Promotion
from tests.chaos.history import Rollback, read_heads
from tests.chaos.scene import Scene
from tests.chaos.server import UNREACHABLE, Server
from tests.eventually import eventually_sync

ROUNDS = 5
FLOODS = 200


def _promoted(scene: Scene, promotion: Promotion) -> None:
    scene.promotion = promotion
    scene.mended_at = promotion.at


def _struck(scene: Scene) -> Server:
    """Returns the server that has the first pad."""
    return scene.group.primary_for(scene.key_of(scene.pads[0]))


async def primary_killed(scene: Scene) -> None:
    """Kills the primary. Commits wait for a replica, so nothing that was shown is lost. (A single
    server comes back with its append-only file.)"""
    victim = _struck(scene)
    if not scene.group.replicas_of(victim):
        await redis_killed(scene)
        return
    promotion = await scene.in_thread(scene.group.fail_over, victim)
    _promoted(scene, promotion)
    if not scene.group.replicas_of(promotion.new):
        # There is no replica that could have a commit until the old primary is back as one.
        promotion.old.launch()


async def redis_killed(scene: Scene) -> None:
    """Kills Redis, which comes back with the content of its append-only file."""
    (server,) = scene.group.servers
    server.kill()
    server.launch()
    await scene.in_thread(eventually_sync, lambda: server.role() == "master", "it answers")
    scene.mended()


async def primary_frozen(scene: Scene) -> None:
    """Freezes the primary: connections to it stay open and silent, and when it wakes, it still
    takes itself for primary."""
    promotion = await scene.in_thread(scene.group.fail_over, _struck(scene), by="freeze")
    _promoted(scene, promotion)
    if scene.group.replicas_of(promotion.new):
        await scene.typed()
    # Otherwise there is no replica that could have a commit until the old primary is back as one.
    await scene.in_thread(scene.group.old_primary_returns, promotion)


async def redis_frozen(scene: Scene) -> None:
    """Freezes Redis for longer than a command may take; no other server takes over."""
    (server,) = scene.group.servers
    server.freeze()
    await scene.in_thread(_refused, scene)
    server.thaw()
    scene.mended()


async def replica_lacks_revisions(scene: Scene) -> None:
    """Promotes a replica without revisions that the old primary had confirmed, and that people had
    seen."""
    # This comes before the cut: the replicas have at least so much, and they lack only later
    # revisions.
    heads = await read_heads(scene.group.url, scene.pads)
    primaries = {id(p): p for p in map(scene.group.primary_for, map(scene.key_of, scene.pads))}
    for primary in primaries.values():
        await scene.in_thread(scene.group.cut_replication, primary)
    await scene.typed()
    victim = _struck(scene)
    lost = [p for p in scene.pads if scene.group.primary_for(scene.key_of(p)) is victim]
    scene.rollback = Rollback(min(heads[pad] for pad in lost))
    scene.breaks()
    _promoted(scene, await scene.in_thread(scene.group.fail_over, victim))

    def it_was_noticed() -> None:
        """Checks that it was noticed: by a worker that has the pad open, or, if all sessions have
        lost their connections meanwhile, at the door when they come back."""
        rollbacks = [w.metric("padfleet_fanout_rollbacks_total") for w in scene.fleet.workers]
        turned_away = [
            w.metric('padfleet_fanout_disconnects_total{reason="rejected"}')
            for w in scene.fleet.workers
        ]
        assert sum(rollbacks) + sum(turned_away) > 0, "no worker has noticed"

    scene.checks.append(it_was_noticed)


async def out_of_memory(scene: Scene) -> None:
    """Lets Redis refuse all writes while it still answers reads."""
    for server in scene.group.primaries():
        server.client().config_set("maxmemory", 1)
    await scene.in_thread(_refused, scene)
    for server in scene.group.primaries():
        server.client().config_set("maxmemory", 0)
    scene.mended()


async def too_few_replicas(scene: Scene) -> None:
    """Lets Redis refuse writes with NOREPLICAS, as `min-replicas-to-write` does while replicas are
    away."""
    for server in scene.group.primaries():
        server.client().config_set("min-replicas-to-write", 9)
    await scene.in_thread(_refused, scene)
    for server in scene.group.primaries():
        server.client().config_set("min-replicas-to-write", 0)
    scene.mended()


def _refused(scene: Scene) -> None:
    """Waits until commands have been refused for some time, and workers know it."""
    eventually_sync(
        lambda: not any(worker.ready() for worker in scene.fleet.workers),
        "the workers say that they are not ready",
        timeout=20,
    )


async def script_that_runs_on(scene: Scene) -> None:
    """Keeps the server busy with somebody else's script: first it is silent, and then it refuses
    with BUSY."""
    (server,) = scene.group.servers
    client = server.client()
    client.config_set("busy-reply-threshold", 200)

    def run_on() -> None:
        with suppress(*UNREACHABLE, ResponseError):
            client.eval("while true do end", 0)

    def end_it() -> None:
        _refused(scene)
        eventually_sync(lambda: _killed(server), "the script is ended")

    running = asyncio.create_task(scene.in_thread(run_on))
    await scene.in_thread(end_it)
    await running
    scene.mended()


def _killed(server: Server) -> bool:
    try:
        server.client().execute_command("SCRIPT", "KILL")
    except (*UNREACHABLE, ResponseError):
        return False
    return True


async def subscriptions_killed(scene: Scene) -> None:
    """Kills the subscriptions again and again, each time as soon as they are back."""
    servers = [server for server in scene.group.servers if server.running]

    def kill() -> bool:
        kill = ("CLIENT", "KILL", "TYPE", "pubsub")
        counts = [int(server.client().execute_command(*kill)) for server in servers]
        return any(counts)

    for _ in range(ROUNDS):
        await scene.in_thread(eventually_sync, kill, "there were subscriptions to kill")
    scene.mended()

    def it_was_repaired() -> None:
        repairs = [w.metric("padfleet_fanout_repairs_total") for w in scene.fleet.workers]
        assert sum(repairs) > 0, "no worker has read a stream to set a feed right"

    scene.checks.append(it_was_repaired)


async def output_buffer_overrun(scene: Scene) -> None:
    """Freezes a worker until Redis has more data for it than it keeps for a subscriber, and ends
    its subscription to all of its pads, although only one of them was too much."""
    (server,) = scene.group.servers
    server.client().config_set("client-output-buffer-limit", "pubsub 64kb 64kb 0")
    flood = [f"{worker.url}/p/flood" for worker in scene.fleet.workers]

    # These are the subscriptions of the frozen worker, and not of one that is merely slow.
    ends = psutil.Process(scene.worker.process.pid).net_connections("tcp")
    ports = {end.laddr.port for end in ends}

    def subscriptions() -> int:
        found = server.client().client_list(_type="pubsub")
        return sum(int(client["addr"].rpartition(":")[2]) in ports for client in found)

    def overruns() -> bool:
        return subscriptions() < before  # it cannot subscribe again

    async with connect(flood[0], resume=False), connect(flood[1]) as writes:
        before = await scene.in_thread(subscriptions)
        scene.worker.freeze()
        # The kernels at both ends take a few megabytes first.
        for number in range(FLOODS):
            await writes.edit(0, len(writes.text) - 1, f"flood {number} " * 12_000)
            await writes.flush()
            if await scene.in_thread(overruns):
                break
        assert await scene.in_thread(overruns), "all of it found room somewhere"
        scene.worker.thaw()
        scene.mended()

    def it_was_repaired() -> None:
        repairs = scene.worker.metric("padfleet_fanout_repairs_total")
        assert repairs > 0, "the worker has not read a stream to set a feed right"

    scene.checks.append(it_was_repaired)
