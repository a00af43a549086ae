"""What those parts of a worker that serve plain HTTP need to know of who is there.

The worker decides it, as it does for sockets; they only ask.
"""

from typing import NamedTuple, Protocol

from aiohttp import web

from padfleet.shared.log.people.authors import AuthorVisit


class NotAllowed(Exception):
    """The text is for the log; whoever asked learns only that."""


class Visitor(NamedTuple):
    pad: str  #: the pad's own id
    requested: str  #: what was asked for, which may be its read-only id; then the other is secret
    author: str  #: empty for who only looks and is no author yet
    write: bool
    address: str = ""  #: of the client
    visit: AuthorVisit | None = None  #: how he came, if that is no reason to keep him for good


class Bearers(Protocol):
    """Who may call the HTTP API without its key."""

    async def client_of(self, token: str) -> str | None:
        """What the bearer of this token, who may, is called by whoever has made it; empty: nothing.
        None: he may not."""
        ...


class Door(Protocol):
    async def look(self, request: web.Request, pad: str) -> Visitor:
        """Somebody who wants to see a pad, or has not been let in to write on it yet: nothing is
        stored of them. Raises `NotAllowed`."""
        ...

    async def work(self, request: web.Request, pad: str) -> Visitor:
        """Somebody who wants to write on one. Raises `NotAllowed`."""
        ...

    def address(self, request: web.Request) -> str:
        """The client's, whatever stands between."""
        ...
