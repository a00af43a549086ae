"""Cuts, slows down or spoils the connections between clients, workers, writers and Redis."""

from __future__ import annotations

import pytest

from tests.chaos.namespaces import Network, unavailable
from tests.chaos.proxy import TcpProxy
from tests.chaos.scene import PARTITIONS, Scene
from tests.eventually import eventually_sync
from tests.fleet import PADFLEET

RESETS = 5

CLIENTS_WORKER = "clients–worker"
WORKER_REDIS = "worker–Redis"
WRITER_REDIS = "writer–Redis"


async def proxies_between(scene: Scene) -> None:
    """Puts a proxy between Redis and the first writer, one between Redis and the first worker, and
    one between the clients and that worker. The second writer and worker have none."""
    fleet, start = scene.fleet, scene.fleet.start

    def proxy(name: str, port: int) -> str:
        made = scene.resources.enter_context(TcpProxy(port))
        scene.proxies[name] = made
        return f"127.0.0.1:{made.port}"

    redis = scene.group.servers[0].port
    fleet.redis_url = f"redis://{proxy(WRITER_REDIS, redis)}/0"
    await scene.in_thread(start, writers=1, workers=0)
    fleet.redis_url = f"redis://{proxy(WORKER_REDIS, redis)}/0"
    await scene.in_thread(start, writers=0, workers=1)
    fleet.redis_url = scene.group.url
    await scene.in_thread(start, writers=1, workers=1)
    scene.urls = [f"http://{proxy(CLIENTS_WORKER, scene.worker.port)}", fleet.workers[1].url]


async def all_have_left_the_worker(scene: Scene) -> None:
    await scene.in_thread(
        eventually_sync,
        lambda: scene.fleet.workers[1].metric("padfleet_fanout_sessions") >= scene.size.clients,
        "all are on the other worker",
        timeout=60,
    )


async def the_other_writer_has_all(scene: Scene) -> None:
    other = scene.fleet.writers[1]
    await scene.in_thread(
        eventually_sync,
        lambda: other.metric("padfleet_writer_partitions") == PARTITIONS,
        "the other writer has all partitions",
        timeout=30,
    )


async def clients_cut_off(scene: Scene) -> None:
    """Cuts off the clients of a worker: connections look open, and nothing comes through."""
    scene.proxies[CLIENTS_WORKER].blackhole()
    await all_have_left_the_worker(scene)
    scene.proxies[CLIENTS_WORKER].heal()


async def worker_cut_off_from_redis(scene: Scene) -> None:
    scene.proxies[WORKER_REDIS].blackhole()
    await scene.in_thread(
        eventually_sync, lambda: not scene.worker.ready(), "it says that it is not ready"
    )
    await scene.typed()  # on the other worker, at least
    scene.proxies[WORKER_REDIS].heal()
    scene.mended()
    await scene.in_thread(eventually_sync, scene.worker.ready, "it is ready again", timeout=30)


async def writer_cut_off_from_redis(scene: Scene) -> None:
    scene.proxies[WRITER_REDIS].blackhole()
    await the_other_writer_has_all(scene)
    await scene.typed()
    scene.proxies[WRITER_REDIS].heal()


async def half_cut_off(scene: Scene) -> None:
    """Cuts one direction each: the writer's requests arrive and are done, but it gets no answers,
    and with the worker it is the other way round."""
    scene.proxies[WRITER_REDIS].blackhole("to_client")
    scene.proxies[WORKER_REDIS].blackhole("to_target")
    await the_other_writer_has_all(scene)
    await scene.typed()
    for proxy in scene.proxies.values():
        proxy.heal()
    scene.mended()


async def slow_and_lossy(scene: Scene) -> None:
    """Slows everything down: a round trip takes 100 to 200 ms between all of them, and one chunk in
    twenty stalls."""
    for proxy in scene.proxies.values():
        proxy.delay(0.05, 0.05)
        proxy.lossy(0.05)
    await scene.typed(timeout=120)
    await scene.typed(timeout=120)
    for proxy in scene.proxies.values():
        proxy.heal()
    scene.mended()


async def connections_reset(scene: Scene) -> None:
    """Resets all connections, each time as soon as people have got on a little."""
    for number in range(RESETS):
        for name in (WORKER_REDIS, WRITER_REDIS, CLIENTS_WORKER):
            scene.proxies[name].drop_connections()
            if number % 2:
                # The next answer is lost with its connection, although the request has been done.
                scene.proxies[name].reset_after(0, direction="to_client")
        await scene.typed()
    scene.mended()


async def slow_clients(scene: Scene) -> None:
    """Lets half of the sockets take less than they are due, and then all of it at once."""
    scene.proxies[CLIENTS_WORKER].throttle(1_000, direction="to_client")
    await scene.typed()
    await scene.typed()
    scene.proxies[CLIENTS_WORKER].heal()
    scene.mended()


async def a_machine_of_its_own(scene: Scene) -> None:
    """Runs the first writer and the first worker on another machine, as far as they can tell."""
    if why := unavailable():
        pytest.skip(why)
    network = scene.resources.enter_context(Network())
    far = network.host("far")
    redis = scene.resources.enter_context(
        TcpProxy(scene.group.servers[0].port, host=network.here.address)
    )
    start, launcher = scene.fleet.start, [*far.launcher, *PADFLEET]
    scene.fleet.redis_url = f"redis://{network.here.address}:{redis.port}/0"
    await scene.in_thread(start, writers=1, workers=1, launcher=launcher, host=far.address)
    scene.fleet.redis_url = scene.group.url
    await scene.in_thread(start, writers=1, workers=1)
    scene.network = network, far


async def machine_cut_off(scene: Scene) -> None:
    """Pulls the cable of a machine with a worker and a writer: packets vanish, and no connection is
    reset. It is plugged in again when nobody needs it any more."""
    assert scene.network is not None
    network, far = scene.network
    network.cut(network.here, far)
    await the_other_writer_has_all(scene)
    await all_have_left_the_worker(scene)
    scene.mended()
    await scene.typed()
    network.mend()
    await scene.in_thread(eventually_sync, scene.worker.ready, "it is ready again", timeout=60)
