"""Represents a host that a program runs on, with a name, an address, a clock, and work that waits
for it."""

from __future__ import annotations

from asyncio import Handle
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any

HOST: ContextVar[Host] = ContextVar("the host that the code at hand runs on")
"""The present host. Every callback and every task inherits it from whatever has scheduled it, so it
is known for all of them."""


class Host:
    """One life of one program. A program that is started again under the same name is another
    host."""

    def __init__(self, name: str, address: str, number: int) -> None:
        self.name = name
        self.address = address
        self.pid = 1000 + number
        self.ready: deque[Handle] = deque()
        self.alive = True
        self.frozen = False
        self.waits_for_turn = False  #: it is in the loop's list of hosts with something ready
        self.ahead = 0.0  #: seconds by which its wall clock is ahead of the true time
        self.signals: dict[int, tuple[Callable[..., object], tuple[Any, ...]]] = {}
        self.context = Context()
        """The context of this host's code."""
        self.context.run(HOST.set, self)

    @property
    def runs(self) -> bool:
        return self.alive and not self.frozen

    def __repr__(self) -> str:
        return f"<Host {self.name} {self.pid}>"


def here() -> Host | None:
    """Returns the host that the present code runs on, or None outside of all hosts."""
    return HOST.get(None)
