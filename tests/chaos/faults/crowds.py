"""Lets very many people come back at once, or lets them come back as real pages do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

from tests.acceptance.npm import require_npm
from tests.chaos.balancer import Balancer
from tests.chaos.faults.processes import rolling_restart
from tests.chaos.history import Typists, busiest, returns
from tests.chaos.history.returns import Return
from tests.chaos.scene import Scene
from tests.chaos.stock import Stock
from tests.chaos.watchers import Watchers
from tests.eventually import eventually
from tests.processes import memory

MB = 1 << 20

PER_PAD = 20

AS_DEPLOYED = {
    "PADFLEET_PING_INTERVAL_MS": "25000",
    "PADFLEET_PING_TIMEOUT_MS": "20000",
    "PADFLEET_DRAIN_MS": "30000",
}
"""The default settings. Other cells have settings that find out sooner who is gone; here, those
would only mean more work."""


# --- Stock pages ---------------------------------------------------------------------------------


@asynccontextmanager
async def stock_pages(scene: Scene) -> AsyncIterator[Typists]:
    """Runs twice as many clients as other cells have, on socket.io-client, with a balancer before
    the workers: a page knows only one address."""
    require_npm()
    async with Balancer(scene.fleet.urls) as balancer, Stock(balancer.url) as stock:
        async with scene.people(times=2, stay=stock.stay) as typists:
            yield typists
        assert not stock.faults, "\n".join(stock.faults)


async def rolling_restart_under_stock_pages(scene: Scene) -> None:
    """Restarts every process. The pages come back by themselves, each at its own time."""

    def all_are_back() -> list[Return]:
        away = [t for t in scene.typists.typists if not t.connected]
        assert not away, [(t.name, t.recording.moments[-1].event) for t in away[:5]]
        # If the machine is busy, the pages' reports arrive here later.
        found = list(returns(scene.typists.recordings, scene.broken_at))
        assert found, "nobody was sent away"
        return found

    await rolling_restart(scene)
    found = await eventually(all_are_back, "all pages are back", timeout=60)
    away = [back - lost for lost, back in found]
    scene.notes |= {
        "came back": len(found),
        "were sent away within the busiest second": busiest(lost for lost, _ in found),
        "came back within the busiest second": busiest(back for _, back in found),
        "s away (median)": median(away),
        "s away (worst)": max(away),
    }


# --- Thousands -----------------------------------------------------------------------------------


async def thousands_on_one_worker(scene: Scene) -> None:
    """Starts two writers, two workers, and a crowd that watches through the first worker."""
    await scene.in_thread(scene.fleet.start, writers=2, workers=2)
    count = scene.size.watchers * scene.size.clients
    quiet = [f"quiet-{number}" for number in range(count // PER_PAD - scene.size.pads)]
    first, second = scene.fleet.urls
    crowd = Watchers([*scene.pads, *quiet], count, first, second)
    scene.watchers = scene.resources.enter_context(crowd)
    scene.notes["s until all had come"] = await scene.in_thread(crowd.joined)


async def worker_killed_under_thousands(scene: Scene) -> None:
    """Kills a worker. All of its sockets come to the other worker within a second, as pages do."""
    watchers, other = scene.watchers, scene.fleet.workers[1]
    assert watchers is not None
    full = memory(scene.worker.process.pid)
    scene.worker.kill()
    spread = await scene.in_thread(watchers.back, scene.broken_at)
    peak = memory(other.process.pid, "VmHWM")
    scene.notes |= {
        "watchers": watchers.count,
        "s until the median one was back": spread.median,
        "s until all were back": spread.most,
        "MB in the worker that was killed": full / MB,
        "MB at most in the one that took them": peak / MB,
    }
    # It also has the other half of the typists, and everything under way to those who come.
    assert peak < 2 * full + 100 * MB, f"{peak / MB:.0f} MB instead of {full / MB:.0f} MB"
    await scene.typed()
    await scene.in_thread(scene.fleet.restart, scene.worker)
    scene.checks.append(lambda: watchers.agree(scene.group.url))
