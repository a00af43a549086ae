"""Kills, freezes and restarts workers and writers, and lets their clocks jump."""

from __future__ import annotations

import signal

from tests.chaos.faults.network import WRITER_REDIS
from tests.chaos.history import read_heads
from tests.chaos.scene import PARTITIONS, Scene
from tests.chaos.skewed import WallClock
from tests.eventually import eventually, eventually_sync
from tests.fleet import Member

EXIT_S = 30.0


async def worker_killed(scene: Scene) -> None:
    scene.worker.kill()
    await scene.typed()
    await scene.in_thread(scene.fleet.restart, scene.worker)


async def worker_frozen(scene: Scene) -> None:
    """Freezes a worker until the clients have left it. When it wakes up, it holds sockets and rooms
    that are long gone."""
    other = scene.fleet.workers[1]
    scene.worker.freeze()
    await scene.in_thread(
        eventually_sync,
        lambda: other.metric("padfleet_fanout_sessions") >= scene.size.clients,
        "all are on the other worker",
        timeout=60,
    )
    scene.mended()
    scene.worker.thaw()


async def writer_killed(scene: Scene) -> None:
    scene.writer.kill()
    await scene.typed()
    await scene.in_thread(scene.fleet.restart, scene.writer)


async def writer_killed_in_mid_commit(scene: Scene) -> None:
    """Kills a writer when Redis has done what it was asked and the answer has not arrived: the next
    writer must neither do it again nor leave it out."""
    proxy = scene.proxies[WRITER_REDIS]
    before = await read_heads(scene.group.url, scene.pads)
    proxy.blackhole("to_client")

    async def committed() -> bool:
        heads = await read_heads(scene.group.url, scene.pads)
        return any(heads[pad] > before[pad] for pad in scene.pads)

    await eventually(committed, "a commit whose answer is held back")
    scene.writer.kill()
    proxy.heal()
    await scene.typed()


async def two_writers_own_a_partition(scene: Scene) -> None:
    """Freezes a writer for longer than its leases last, so that it wakes up still believing in
    them."""
    other = scene.fleet.writers[1]
    scene.writer.freeze()
    await scene.in_thread(
        eventually_sync,
        lambda: other.metric("padfleet_writer_partitions") == PARTITIONS,
        "the other writer has all partitions",
        timeout=30,
    )
    scene.mended()
    await scene.typed()
    lost = "padfleet_writer_leases_lost_total"
    woken = scene.writer
    woken.thaw()
    scene.checks.append(
        lambda: eventually_sync(lambda: woken.metric(lost) > 0, "it has seen that they are gone")
    )


async def each_with_a_clock(scene: Scene) -> None:
    """Gives the first writer and the first worker clocks of their own; the others have the
    machine's."""
    clocks = {name: WallClock(scene.folder / f"clock-{name}") for name in ("writer", "worker")}
    scene.clocks.update(clocks)
    start = scene.fleet.start
    await scene.in_thread(start, writers=1, workers=0, launcher=clocks["writer"].launcher)
    await scene.in_thread(start, writers=0, workers=1, launcher=clocks["worker"].launcher)
    await scene.in_thread(start, writers=1, workers=1)


async def clocks_jump(scene: Scene) -> None:
    """Moves the clocks an hour ahead, then far back, in opposite directions: leases, presence,
    time-outs and the times of revisions have to cope with it."""
    for hours in (1, -3, 2):
        scene.clocks["writer"].jump(hours * 3600)
        scene.clocks["worker"].jump(-hours * 3600)
        await scene.typed()


async def rolling_restart(scene: Scene) -> None:
    """Replaces each process in turn, with SIGTERM and a successor, as an upgrade does."""

    def replace(member: Member) -> None:
        member.signal(signal.SIGTERM)
        code = member.process.wait(EXIT_S)
        assert code == 0, f"{member.name} ended with {code}"
        scene.fleet.restart(member)

    for member in [*scene.fleet.workers, *scene.fleet.writers]:
        await scene.in_thread(replace, member)
    scene.mended()
