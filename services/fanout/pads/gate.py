"""Defines who sends the sessions of a room what there is, and whether that is allowed at the
moment."""

import asyncio
from typing import Protocol


class SendingGate:
    """A gate that is open unless somebody keeps it shut. Several may; it opens when the last of
    them is done."""

    def __init__(self) -> None:
        self._shut_by = 0
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_shut(self) -> bool:
        return self._shut_by > 0

    def shut(self) -> None:
        """Shuts the gate. Each call needs a `release`."""
        self._shut_by += 1
        self._open.clear()

    def release(self) -> None:
        self._shut_by -= 1
        if not self._shut_by:
            self._open.set()

    async def opened(self) -> None:
        """Returns when the gate is open."""
        await self._open.wait()


class Sender(Protocol):
    """Brings sessions what the replica has."""

    def due(self) -> None:
        """Notes that there is something to send."""

    def revisions_due(self) -> None:
        """Notes that the replica has new revisions."""
