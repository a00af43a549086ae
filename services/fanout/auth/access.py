"""This module has the interface of what says who may do what. `modes` opens one of them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from padfleet.services.fanout.auth.decision import Grant, RequestedPad
from padfleet.services.fanout.auth.handshake import Handshake

Find = Callable[[], Awaitable[RequestedPad]]
"""A function that finds the pad that a client asks for. It raises `Denied`."""


class Access(Protocol):
    """The interface that says who may do what. `admit` is called at a join, and again when the
    grant that it returned has expired."""

    async def admit(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        """Returns the pad, and what this client may do there. Raises `Denied`."""
        ...

    async def look(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        """Returns the pad, and what this client may do there, for a client that only fetches
        something and leaves. Nobody becomes an author by that: the grant of somebody who is not an
        author yet has an empty one. Raises `Denied`."""
        ...

    def why_denying(self) -> str:
        """Returns why everybody is denied at present, for reasons that are not theirs; an empty
        text if that is not so."""
        ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...
