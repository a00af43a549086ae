"""Runs the processes of a fleet together, from the first start to the last stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Final

import aiohttp

from padfleet.services.tools.up.child import Child, ChildGaveUp, ChildSpec, Say
from padfleet.services.tools.up.readiness import NotReady, wait_until_ready
from padfleet.services.tools.up.server import EmbeddedServer

START_S: Final = 60.0
STOP_S: Final = 10.0
_SERVER_POLL_S: Final = 0.5

_OUR_NAME: Final = "up"


class FleetFailed(Exception):
    """The fleet cannot run, or cannot run on; the text says why."""


class ChildSupervisor:
    """A set of processes that stand and fall together."""

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        server: EmbeddedServer | None,
        say_output: Say,
        say: Say,
    ) -> None:
        self._children = [Child(spec, say_output, say) for spec in specs]
        self._server = server
        self._say = say
        self._stop_wanted = asyncio.Event()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Starts everything, calls `on_ready`, and returns when a signal has asked for the end and
        everything has ended. Raises `FleetFailed` if it ends for another reason."""
        self._listen_to_signals()
        keepers = [asyncio.create_task(child.keep_running()) for child in self._children]
        watchers = [asyncio.create_task(self._stop_wanted.wait()), *keepers]
        if self._server is not None:
            watchers.append(asyncio.create_task(self._watch(self._server)))
        starting = asyncio.create_task(self._announce(on_ready))
        try:
            await self._first_of(watchers, starting)
        finally:
            await self._stop(keepers)
            for task in (*watchers, starting):
                task.cancel()
            await asyncio.gather(*watchers, starting, return_exceptions=True)

    async def _first_of(
        self, watchers: Sequence[asyncio.Task[object]], starting: asyncio.Task[None]
    ) -> None:
        """Returns when the end is wanted; raises what makes going on impossible."""
        await asyncio.wait([*watchers, starting], return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and not self._stop_wanted.is_set():
            starting.result()
            await asyncio.wait(watchers, return_when=asyncio.FIRST_COMPLETED)
        if self._stop_wanted.is_set():
            return
        for task in watchers:
            if task.done() and (error := task.exception()) is not None:
                if isinstance(error, ChildGaveUp):
                    raise FleetFailed(str(error))
                raise error

    async def _announce(self, on_ready: Callable[[], None]) -> None:
        async with aiohttp.ClientSession() as session:
            outcomes = await asyncio.gather(
                *(self._wait_for(session, child.spec) for child in self._children),
                return_exceptions=True,
            )
        late = []
        for outcome in outcomes:
            if isinstance(outcome, NotReady):
                late.append(str(outcome))
            elif outcome is not None:
                raise outcome
        if late:
            raise FleetFailed("\n  ".join(late))
        on_ready()

    async def _wait_for(self, session: aiohttp.ClientSession, spec: ChildSpec) -> None:
        def tell(why: str) -> None:
            self._say(spec.name, f"is not ready yet: {why}")

        await wait_until_ready(session, spec.url, START_S, tell)

    async def _watch(self, server: EmbeddedServer) -> None:
        while server.running:  # noqa: ASYNC110 (the end of a process sets no event)
            await asyncio.sleep(_SERVER_POLL_S)
        # Not started again: it dies of a full disk or of a lack of memory, and then the next one
        # would as well.
        lines = "".join(f"\n    {line}" for line in server.last_log_lines())
        raise FleetFailed(f"the embedded server died; the end of {server.log_path}:{lines}")

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self._stop_wanted.is_set():
            self._say(_OUR_NAME, "killing what still runs")
            for child in self._children:
                child.kill()
            return
        self._say(_OUR_NAME, "stopping; once more to force it")
        self._stop_wanted.set()

    async def _stop(self, keepers: Sequence[asyncio.Task[None]]) -> None:
        """Ends the processes: it asks them first, and kills those that take too long."""
        for child in self._children:
            child.stop()
        _, late = await asyncio.wait(keepers, timeout=STOP_S)
        for child in self._children:
            if child.pid:
                self._say(child.spec.name, f"did not stop within {STOP_S:g} s; killing it")
                child.kill()
        if late:
            await asyncio.wait(late, timeout=STOP_S)
