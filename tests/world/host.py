"""Where a program runs: a host has a name, an address, a clock, and what waits to be run on it."""

from __future__ import annotations

from asyncio import Handle
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any

HOST: ContextVar[Host] = ContextVar("the host that the code at hand runs on")
"""Every callback and every task has it from who has scheduled it, so it is known of all of them."""


class Host:
    """One life of one program. Whoever is started again under the same name is another one."""

    def __init__(self, name: str, address: str, number: int) -> None:
        self.name = name
        self.address = address
        self.pid = 1000 + number
        self.ready: deque[Handle] = deque()
        self.alive = True
        self.frozen = False
        self.waits_for_turn = False  #: stands in the loop's list of those that have something ready
        self.ahead = 0.0  #: seconds by which its wall clock is ahead of the true time
        self.signals: dict[int, tuple[Callable[..., object], tuple[Any, ...]]] = {}
        self.context = Context()
        """What is run in it belongs to this host."""
        self.context.run(HOST.set, self)

    @property
    def runs(self) -> bool:
        return self.alive and not self.frozen

    def __repr__(self) -> str:
        return f"<Host {self.name} {self.pid}>"


def here() -> Host | None:
    """The host that the code at hand runs on; None outside of all."""
    return HOST.get(None)
