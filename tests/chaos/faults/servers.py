"""Redis dies, freezes, fails over, refuses, or throws connections away."""

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
    """The server that has the first pad."""
    return scene.group.primary_for(scene.key_of(scene.pads[0]))


async def primary_killed(scene: Scene) -> None:
    """With commits that wait for a replica, so that nothing shown is lost. (A server alone comes
    back with its append-only file.)"""
    victim = _struck(scene)
    if not scene.group.replicas_of(victim):
        await redis_killed(scene)
        return
    promotion = await scene.in_thread(scene.group.fail_over, victim)
    _promoted(scene, promotion)
    if not scene.group.replicas_of(promotion.new):
        # Nobody is there to have a commit until the old one is back, as a replica.
        promotion.old.launch()


async def redis_killed(scene: Scene) -> None:
    """It comes back with what its append-only file has."""
    (server,) = scene.group.servers
    server.kill()
    server.launch()
    await scene.in_thread(eventually_sync, lambda: server.role() == "master", "it answers")
    scene.mended()


async def primary_frozen(scene: Scene) -> None:
    """Connections to it stay open and silent; when it wakes, it still takes itself for primary."""
    promotion = await scene.in_thread(scene.group.fail_over, _struck(scene), by="freeze")
    _promoted(scene, promotion)
    if scene.group.replicas_of(promotion.new):
        await scene.typed()
    # Else nobody is there to have a commit until the old one is back, as a replica.
    await scene.in_thread(scene.group.old_primary_returns, promotion)


async def redis_frozen(scene: Scene) -> None:
    """For longer than a command may take; nobody takes over."""
    (server,) = scene.group.servers
    server.freeze()
    await scene.in_thread(_refused, scene)
    server.thaw()
    scene.mended()


async def replica_lacks_revisions(scene: Scene) -> None:
    """It is promoted without what the old primary had confirmed, and people had seen."""
    # Before the cut: so much at least the replicas have, and what they lack comes after it.
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
        """By a worker that has the pad open, or, where all have lost their connections meanwhile,
        at the door when they come back."""
        rollbacks = [w.metric("padfleet_fanout_rollbacks_total") for w in scene.fleet.workers]
        turned_away = [
            w.metric('padfleet_fanout_disconnects_total{reason="rejected"}')
            for w in scene.fleet.workers
        ]
        assert sum(rollbacks) + sum(turned_away) > 0, "no worker has noticed"

    scene.checks.append(it_was_noticed)


async def out_of_memory(scene: Scene) -> None:
    """Redis refuses to write and still answers reads."""
    for server in scene.group.primaries():
        server.client().config_set("maxmemory", 1)
    await scene.in_thread(_refused, scene)
    for server in scene.group.primaries():
        server.client().config_set("maxmemory", 0)
    scene.mended()


async def too_few_replicas(scene: Scene) -> None:
    """NOREPLICAS: as `min-replicas-to-write` makes it, while replicas are away."""
    for server in scene.group.primaries():
        server.client().config_set("min-replicas-to-write", 9)
    await scene.in_thread(_refused, scene)
    for server in scene.group.primaries():
        server.client().config_set("min-replicas-to-write", 0)
    scene.mended()


def _refused(scene: Scene) -> None:
    """Until commands have been refused for some time, and workers know."""
    eventually_sync(
        lambda: not any(worker.ready() for worker in scene.fleet.workers),
        "the workers say that they are not ready",
        timeout=20,
    )


async def script_that_runs_on(scene: Scene) -> None:
    """BUSY: somebody else's script keeps the server, first silent and then refusing."""
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
    """Again and again, each time as soon as they are back."""
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
    """A worker stands still until Redis has more for it than it keeps for a subscriber, and ends
    its subscription: of all its pads, and one of them is all that came to too much."""
    (server,) = scene.group.servers
    server.client().config_set("client-output-buffer-limit", "pubsub 64kb 64kb 0")
    flood = [f"{worker.url}/p/flood" for worker in scene.fleet.workers]

    # The subscription of the worker that stands still, and not of one that is merely slow.
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
        # What the kernels of both ends keep comes first, a few megabytes.
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
