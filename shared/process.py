"""This module starts, serves and ends a long-running process of the fleet, whatever it serves.

A service is a coroutine that is given its settings; `run_process` turns it into an exit code:

    async def run(settings: WriterSettings) -> None:
        role = Role("writer", settings.writer_id, "PADFLEET_WRITER_ID", settings.lease_ms)
        async with Process(settings, role) as process:
            await process.serve(app, settings.host, settings.port)
            await process.listen((settings.host, settings.port), figures)
            process.keep("work", work)
            await process.until_asked_to_stop()

    sys.exit(run_process("writer", WriterSettings, run, sys.argv[1:]))
"""

import asyncio
import logging
import os
import secrets
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import uvloop
from aiohttp import web

from padfleet import __version__
from padfleet.shared import tracing
from padfleet.shared.cold.starting import attached, claim, try_out
from padfleet.shared.cold.thawing import Thawing
from padfleet.shared.cold.using import end_use
from padfleet.shared.fleet.beacon import Beacon, Figures, ProcessIdentity, reachable_host
from padfleet.shared.fleet.record import ColdTrouble, Kind
from padfleet.shared.health import Health
from padfleet.shared.log.connection.connect import UNREACHABLE, open_redis
from padfleet.shared.log.connection.keeping import Unfit, require_keeping
from padfleet.shared.log.fleet.agreement import Disagreement
from padfleet.shared.log.fleet.membership import Membership
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.logs import configure
from padfleet.shared.responsiveness import Collector, watch_delay
from padfleet.shared.runtime import Runtime
from padfleet.shared.serving import Runner
from padfleet.shared.settings import USAGE_ERROR, SettingsError, TracingSettings, load, mask
from padfleet.shared.settings.cold_url import agreed_name
from padfleet.shared.supervision.keeper import Kept, Work
from padfleet.shared.supervision.policy import DISPENSABLE, LASTING, Policy
from padfleet.shared.supervision.supervisor import Supervisor, TaskDied

log = logging.getLogger(__name__)

FAULT = 3

S = TypeVar("S", bound=TracingSettings)


class CannotListen(Exception):
    """A port that the process has to listen on is not available. The text says which, and why."""


class ProcessOptions(Protocol):
    """The settings that every process has."""

    @property
    def redis_url(self) -> str: ...
    @property
    def partitions(self) -> int: ...
    @property
    def cold_url(self) -> str: ...


class Role(NamedTuple):
    """What a process is in its fleet."""

    kind: Kind
    wanted: str  #: the name it was given; "" if it makes one from its host's name and chance
    setting: str  #: the setting for that name, named in errors if two processes share it
    timeout_ms: int  #: the silence after which the others presume it dead

    patience_s: float = 20.0  #: seconds to wait for a pad that comes from the cold store
    trusting_s: float = 0.0  #: seconds for which it is believed that a pad does not exist

    def name(self) -> str:
        """Returns the name that was given, or a new one that no other process has."""
        return self.wanted or f"{socket.gethostname()}-{secrets.token_hex(4)}"


class Process:
    """Owns what every process has: Redis, its place in the fleet, health, signals, the servers of
    its ports, the record of itself that others look at, and the supervisor of its tasks.

    Use it with `async with`, in the task that runs the process. What was opened is closed at the
    end in reverse order: the beacon, what was added to `ends` and the servers as they came, the
    tasks, the place in the fleet, Redis.
    """

    def __init__(
        self, settings: ProcessOptions, role: Role, *, runtime: Runtime | None = None
    ) -> None:
        """Opens nothing yet. It has to be called within a running loop.

        Arguments:
            runtime: that of another role of the same operating-system process, which has been
                entered and ends after this one. Both share it, and each has its own place in the
                fleet and its own connections to Redis. Without it, this is the only role.
        """
        self.runtime = runtime or Runtime()
        self.redis = open_redis(settings.redis_url)
        self.keyspace = Keyspace(settings.partitions)
        self.health: Health = self.runtime.health
        self.id = role.name()  #: its name in the fleet
        self.ends = AsyncExitStack()
        """What is to be done at the end, whatever has happened; what was added last is done
        first."""
        self.hurry: asyncio.Event = self.runtime.hurry
        self._role = role
        self._part = ""  #: distinguishes its tasks from those of another role
        self._partitions = settings.partitions
        self._cold_url = settings.cold_url
        self._cold_name = agreed_name(settings.cold_url)
        self.thawing: Thawing | None = None  #: brings pads from the cold store, if there is one
        self._kept: list[Kept] = []
        self._sites: list[web.TCPSite] = []

    async def __aenter__(self) -> Self:
        """Connects to Redis, handles signals and takes its place in the fleet, for which it waits
        at most `membership.PATIENCE` seconds.

        Raises what `UNREACHABLE` lists when Redis cannot be reached, `Unfit` when this Redis must
        not hold a fleet, and `Disagreement` when this process cannot belong to the fleet that it
        holds. What was opened until then is closed again.
        """
        try:
            await self._enter()
        except BaseException:
            await self.ends.__aexit__(*sys.exc_info())
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.ends.__aexit__(kind, error, trace)

    async def _enter(self) -> None:
        await self.redis.start()
        self.ends.push_async_callback(self.redis.close)
        await require_keeping(self.redis)
        is_first = await self.runtime.begin(self.ends)
        self._part = "" if is_first else self._role.kind
        # This comes before the fleet is told which store it has, since readers of that have to find
        # it.
        await self._attach()
        await self._join()
        if self.thawing is not None and is_first:
            await try_out(self.thawing)
            await claim(self.redis, self.thawing.cold)
            self.ends.push_async_callback(end_use, self.redis, self.thawing.cold, self.id)

    async def _attach(self) -> None:
        self.thawing = await attached(
            self.redis,
            self.keyspace,
            self._cold_url,
            patience_s=self._role.patience_s,
            trusting_s=self._role.trusting_s,
        )
        if self.thawing is not None:
            self.ends.push_async_callback(self.thawing.cold.aclose)
            whose = f" of {self._part}" if self._part else ""
            self.health.ready(f"cold store{whose}", self.thawing.trouble.remark)

    async def _join(self) -> None:
        """Joins the fleet before anything else; a process that turns out not to belong is ended
        later, too."""
        membership = Membership(
            self.redis,
            self._role.kind,
            self.id,
            partitions=self._partitions,
            setting=self._role.setting,
            cold=self._cold_name,
        )
        await membership.enter()
        self.ends.push_async_callback(membership.leave)
        self.keep("membership", membership.run, Policy(attempts=1))

    # --- Tasks -----------------------------------------------------------------------------------

    @property
    def supervisor(self) -> Supervisor:
        """The supervisor of all tasks, once the process has been entered."""
        return self.runtime.supervisor

    def keep(self, name: str, work: Work, policy: Policy = LASTING) -> None:
        """Begins `work`, and keeps it alive until `settle_down` or the end of the process; see
        `Supervisor.keep`, which has the same arguments."""
        self._kept.append(self.supervisor.keep(name, work, policy, part=self._part))

    def settle_down(self) -> None:
        """Stops what `keep` began: the process only finishes what is under way."""
        for task in self._kept:
            task.stop()

    # --- HTTP ------------------------------------------------------------------------------------

    async def serve(
        self, app: web.Application, host: str, port: int, *, backlog: int = 128, **options: Any
    ) -> None:
        """Makes a server of `app`, which `listen` opens at `host` and `port`. A process may have
        several: the first is opened first, and closed last.

        `backlog` is how many connections the kernel holds until they are accepted; `options` are
        those of `Runner`. Raises what the startup of `app` raises.
        """
        runner = Runner(app, access_log=None, **options)
        self.ends.push_async_callback(runner.cleanup)
        await runner.setup()
        self._sites.append(web.TCPSite(runner, host, port, backlog=backlog))

    async def listen(self, ops: tuple[str, int], count: Callable[[], Figures]) -> None:
        """Opens the ports, and begins to report to the fleet.

        The arguments are those of `report`. Raises `CannotListen` when a port is not available.
        """
        self.report(ops, count)
        self.keep("loop delay", watch_delay, DISPENSABLE)
        self.keep("garbage", Collector().run, DISPENSABLE)
        for site in self._sites:
            try:
                await site.start()
            except OSError as error:  # Redis raises this too, but not here
                raise CannotListen(f"cannot listen at {site.name}: {error}") from error

    def report(self, ops: tuple[str, int], count: Callable[[], Figures]) -> None:
        """Begins to report to the fleet.

        `ops` is the address and port at which operators find health and metrics; `count` returns
        what the process has counted since its start.
        """
        role = self._role
        place = reachable_host(ops[0]), ops[1]
        name = ProcessIdentity(role.kind, self.id, *place, __version__, role.timeout_ms)
        beacon = Beacon(
            self.redis, name, count, self.health, self.supervisor.lines, self._cold_trouble
        )
        self.ends.push_async_callback(beacon.retire)
        self.keep("beacon", beacon.run, DISPENSABLE)

    def _cold_trouble(self) -> ColdTrouble | None:
        error = self.thawing.trouble.error if self.thawing is not None else None
        return None if error is None else ColdTrouble(str(error), error.advice, error.meanwhile)

    # --- Its end ---------------------------------------------------------------------------------

    async def until_asked_to_stop(self) -> None:
        """Returns after SIGTERM or SIGINT. Raises `TaskDied` when the process has to end before
        that."""
        await self.supervisor.until(self.runtime.stop)


def run_process(
    name: str,
    settings_class: type[S],
    serve: Callable[[S], Coroutine[Any, Any, None]],
    argv: Sequence[str],
) -> int:
    """Runs `serve` with the settings from flags and environment, until it returns.

    `name` is the command's name, and `argv` what follows it. Returns the exit code: 2 when the
    settings do not fit the fleet or what is installed, a port is not available, or this Redis must
    not hold a fleet; 1 when Redis cannot be reached; 3 when a part that the process cannot do
    without has died repeatedly.
    """
    settings = load(settings_class, f"padfleet {name}", argv, os.environ)
    configure(settings.log_level, settings.log_format, name)
    try:
        tracing.begin(name, settings.trace_share)
        uvloop.run(serve(settings))
    except (CannotListen, Disagreement, SettingsError, Unfit, tracing.NotInstalled) as error:
        print(f"padfleet {name}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except UNREACHABLE as error:
        where = mask(settings.redis_url)
        print(f"padfleet {name}: cannot use Redis at {where}: {error}", file=sys.stderr)
        return 1
    except TaskDied as error:
        print(f"padfleet {name}: ends, since a part of it has died: {error}", file=sys.stderr)
        return FAULT
    finally:
        tracing.end()
    return 0
