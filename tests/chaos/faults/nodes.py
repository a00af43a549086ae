"""Strikes nodes, each a worker and a writer in one process, whose edits take no inbox."""

from __future__ import annotations

import signal

from tests.chaos.faults.processes import rolling_restart
from tests.chaos.history import read_heads
from tests.chaos.proxy import TcpProxy
from tests.chaos.scene import PARTITIONS, Scene
from tests.eventually import eventually, eventually_sync
from tests.fleet import Member

DIRECT = 'padfleet_writer_direct_total{outcome="committed"}'
NODE_REDIS = "node–Redis"


async def two_nodes(scene: Scene) -> None:
    """Starts two nodes, and nothing else."""
    await scene.in_thread(scene.fleet.start, writers=0, workers=0, nodes=2)


async def two_nodes_and_a_proxy(scene: Scene) -> None:
    """Puts a proxy between Redis and the first of two nodes."""
    fleet, start = scene.fleet, scene.fleet.start
    proxy = scene.resources.enter_context(TcpProxy(scene.group.servers[0].port))
    scene.proxies[NODE_REDIS] = proxy
    fleet.redis_url = f"redis://127.0.0.1:{proxy.port}/0"
    await scene.in_thread(start, writers=0, workers=0, nodes=1)
    fleet.redis_url = scene.group.url
    await scene.in_thread(start, writers=0, workers=0, nodes=1)


async def _direct(scene: Scene, node: Member) -> None:
    """Returns when edits on this node do without an inbox; otherwise nothing is tried out."""
    await scene.in_thread(
        eventually_sync, lambda: node.metric(DIRECT) > 0, "edits take the direct way", timeout=30
    )


async def _the_other_has_all(scene: Scene) -> None:
    other = scene.fleet.workers[1]
    await scene.in_thread(
        eventually_sync,
        lambda: other.metric("padfleet_writer_partitions") == PARTITIONS,
        "the other node has all partitions",
        timeout=30,
    )


async def node_killed(scene: Scene) -> None:
    await _direct(scene, scene.worker)
    scene.worker.kill()
    await scene.typed()
    await scene.in_thread(scene.fleet.restart, scene.worker)


async def node_frozen(scene: Scene) -> None:
    """Freezes a node with edits on their way to its own writer, until the other one has its
    clients and its partitions. When it wakes up, what it has not sent must have no effect."""
    await _direct(scene, scene.worker)
    other = scene.fleet.workers[1]
    scene.worker.freeze()
    await _the_other_has_all(scene)
    await scene.in_thread(
        eventually_sync,
        lambda: other.metric("padfleet_fanout_sessions") >= scene.size.clients,
        "all are on the other node",
        timeout=60,
    )
    scene.mended()
    scene.worker.thaw()


async def node_killed_in_mid_commit(scene: Scene) -> None:
    """Kills a node when Redis has stored edits, and it has not heard of that: their authors send
    them again, to the other node."""
    await _direct(scene, scene.worker)
    proxy = scene.proxies[NODE_REDIS]
    before = await read_heads(scene.group.url, scene.pads)
    proxy.blackhole("to_client")

    async def committed() -> bool:
        heads = await read_heads(scene.group.url, scene.pads)
        return any(heads[pad] > before[pad] for pad in scene.pads)

    await eventually(committed, "a commit whose answer is held back")
    scene.worker.signal(signal.SIGKILL)
    proxy.heal()
    await scene.typed()


async def node_loses_answers(scene: Scene) -> None:
    """Loses the answers to commits with their connections, again and again: edits that are in the
    pad already go through the inbox as well, and have to be recognised there."""
    proxy = scene.proxies[NODE_REDIS]
    for _ in range(5):
        await _direct(scene, scene.worker)
        proxy.reset_after(0, direction="to_client")
        await scene.typed()
    scene.mended()


async def nodes_restarted(scene: Scene) -> None:
    await _direct(scene, scene.worker)
    await rolling_restart(scene)
