"""Checks that nothing grows without bound, and that no task dies unseen."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

from tests.world.host import HOST, Host, here
from tests.world.loop import WorldLoop
from tests.world.network import Network
from tests.world.redis.server import Server
from tests.world.redis.store import SortedSet, Stream

SEEN_WITHIN: Final = 5.0
"""How many seconds may pass until somebody has asked a task for the error that it died of."""

MOST_TASKS: Final = 250
"""How many tasks one program may have: twice what has been seen with a dozen clients."""

MOST_CONNECTIONS: Final = 150
"""How many connections one program may have; redis-py may have a hundred."""

MOST_INBOX: Final = 250
"""How many entries an inbox may have in the end: a server trims by whole nodes of a hundred."""

MOST_KEYS: Final = 80
"""How many keys there may be for each client, with its pads, authors, sessions and programs."""


class TaskGuard:
    """Makes the tasks of a loop, and keeps track of them."""

    def __init__(self, found: Callable[[str], None], loop: WorldLoop) -> None:
        self._found = found
        self._loop = loop
        self._failed: list[tuple[float, Host, asyncio.Task[Any]]] = []
        self._running: list[tuple[Host, asyncio.Task[Any]]] = []
        """The tasks that had not ended at the last look, and those that have begun since."""
        loop.set_task_factory(self._make)  # type: ignore[arg-type]

    def _make(
        self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
        context = options.get("context")
        host = context.get(HOST, self._loop.outside) if context is not None else here()
        self._running.append((host or self._loop.outside, task))
        return task

    def running(self) -> Counter[Host]:
        """Returns how many tasks each host has."""
        return Counter(host for host, task in self._running if not task.done())

    def of(self, host: Host) -> list[asyncio.Task[Any]]:
        """Returns the tasks of a host that have not ended, in the order in which they began."""
        return [task for at, task in self._running if at is host and not task.done()]

    def look(self, now: float) -> None:
        """Finds tasks that died unseen. asyncio records whether anybody has asked for a task's
        fault."""
        running = []
        for each in self._running:
            host, task = each
            if not task.done():
                running.append(each)
            elif not task.cancelled() and task._exception is not None:
                self._failed.append((now, host, task))
        self._running = running
        kept = []
        for at, host, task in self._failed:
            if not task._log_traceback or not host.alive:
                continue
            if now - at > SEEN_WITHIN:
                fault = task._exception
                self._found(f"TASK {host.name}: {task.get_name()} died unseen, of {fault!r}")
            else:
                kept.append((at, host, task))
        self._failed = kept


def too_much(
    tasks: TaskGuard, network: Network, servers: list[Server], *, hosts: list[Host], clients: int
) -> list[str]:
    """Returns what has grown beyond its bounds, at a quiet moment when everybody is still there."""
    found = []
    running = tasks.running()
    for host in hosts:
        if (count := running[host]) > MOST_TASKS:
            found.append(f"GROWN {host.name} has {count} tasks")
        if (count := len(network.ends_of(host))) > MOST_CONNECTIONS + clients:
            found.append(f"GROWN {host.name} has {count} connections")
    for key, value in (item for server in servers for item in server.store.values.items()):
        if isinstance(value, Stream):
            if key.endswith(b":inbox") and len(value.ids) > MOST_INBOX:
                found.append(f"GROWN {key!r} has {len(value.ids)} entries")
        elif isinstance(value, dict | SortedSet | list):
            count = len(value.scores) if isinstance(value, SortedSet) else len(value)
            if key.endswith(b":members") and count > clients:
                found.append(f"GROWN {key!r} has {count} members, of {clients} people")
            elif key.endswith((b":fences", b":unwritten")) and count > 4 * clients:
                found.append(f"GROWN {key!r} has {count} entries")
    if (count := sum(len(server.store.values) for server in servers)) > MOST_KEYS * clients:
        found.append(f"GROWN there are {count} keys")
    return found
