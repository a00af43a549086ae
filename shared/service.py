"""What every long-running process of the fleet has, whatever it serves: a Redis that fits, health
and metrics over HTTP, a record of itself, signals, and somebody who looks after its tasks."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Protocol, Self

from aiohttp import web
from prometheus_client import REGISTRY

from padfleet.shared.fleet.beacon import Beacon, Figures, Name
from padfleet.shared.health import Health
from padfleet.shared.log.connect import open_redis
from padfleet.shared.log.keeping import require_keeping
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.membership import Membership
from padfleet.shared.responsiveness import Collector, watch_delay
from padfleet.shared.serving import Runner
from padfleet.shared.supervision import DISPENSABLE, LASTING, Policy
from padfleet.shared.supervisor import Kept, Supervisor, Work, add_metrics
from padfleet.shared.tasks import report_the_loops_faults


class ServiceOptions(Protocol):
    """The settings that all of them have."""

    @property
    def redis_url(self) -> str: ...
    @property
    def partitions(self) -> int: ...


class Service:
    """`async with` it in the task that runs the process.

    To enter raises what `UNREACHABLE` lists when there is no Redis, and `Unfit` or
    `Disagreement` when it is not for this fleet, which `join` raises too.
    """

    supervisor: Supervisor

    def __init__(self, settings: ServiceOptions) -> None:
        self.redis = open_redis(settings.redis_url)
        self.keyspace = Keyspace(settings.partitions)
        self.health = Health()
        self.ends = AsyncExitStack()
        """What is to be done at the end, whatever has happened; the last that was added first."""
        self.stop = asyncio.Event()  #: set when the process was asked to end
        self.hurry = asyncio.Event()  #: set when it was asked to end at once
        self._settings = settings
        self._kept: list[Kept] = []
        self._sites: list[web.TCPSite] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        report_the_loops_faults(loop)
        await self.redis.start()
        self.ends.push_async_callback(self.redis.close)
        await require_keeping(self.redis)
        self.supervisor = await self.ends.enter_async_context(Supervisor(self.health))
        self.ends.callback(REGISTRY.unregister, add_metrics(self.supervisor))
        # Somebody at a terminal does not want to wait, nor does who asks for the second time.
        loop.add_signal_handler(signal.SIGTERM, self._terminate)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.ends.__aexit__(kind, error, trace)

    async def join(self, kind: str, name: str, setting: str) -> None:
        """Takes its place in the fleet under this name, which `setting` gives it. To be done before
        anything else; raises `Disagreement`, and ends the process later if it has to be."""
        membership = Membership(
            self.redis, kind, name, partitions=self._settings.partitions, setting=setting
        )
        await membership.enter()
        self.ends.push_async_callback(membership.leave)
        self.keep("membership", membership.run, Policy(attempts=1))

    def keep(self, name: str, work: Work, policy: Policy = LASTING) -> None:
        """As `Supervisor.keep`, until `settle_down` or the end of the process."""
        self._kept.append(self.supervisor.keep(name, work, policy))

    def settle_down(self) -> None:
        """Stops what `keep` began: the process only ends what is under way."""
        for task in self._kept:
            task.stop()

    async def set_up(
        self, app: web.Application, host: str, port: int, *, backlog: int = 128, **options: Any
    ) -> web.Server:
        """Makes a server of `app`, which `listen` opens at this place; the first that was set up is
        opened first, and closed last. `options` are of `Runner`."""
        runner = Runner(app, access_log=None, **options)
        self.ends.push_async_callback(runner.cleanup)
        await runner.setup()
        self._sites.append(web.TCPSite(runner, host, port, backlog=backlog))
        assert runner.server is not None
        return runner.server

    async def listen(self, name: Name, count: Callable[[], Figures]) -> None:
        """Lets people in, and tells the fleet of it."""
        beacon = Beacon(self.redis, name, count, self.health, self.supervisor.lines)
        self.ends.push_async_callback(beacon.retire)
        self.keep("beacon", beacon.run, DISPENSABLE)
        self.keep("loop delay", watch_delay, DISPENSABLE)
        self.keep("garbage", Collector().run, DISPENSABLE)
        for site in self._sites:
            await site.start()

    async def until_asked_to_stop(self) -> None:
        """Raises `TaskDied` when the process has to end before."""
        await self.supervisor.until(self.stop)

    def _terminate(self) -> None:
        if self.stop.is_set():
            self.hurry.set()
        self.stop.set()

    def _interrupt(self) -> None:
        self.hurry.set()
        self.stop.set()
