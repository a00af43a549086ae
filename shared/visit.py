"""This module defines what the parts of a worker that serve plain HTTP need to know about a
visitor.

The worker decides who a visitor is, as it does for sockets; these parts only ask.
"""

from typing import NamedTuple, Protocol

from aiohttp import web

from padfleet.shared.log.people.visitors import AuthorVisit
from padfleet.shared.payers import NOBODY, Payer


class NotAllowed(Exception):
    """The visitor is refused. The text is for the log; the client learns only that it was
    refused."""


class TooFast(Exception):
    """The visitor has to come again later."""


class Visitor(NamedTuple):
    pad: str  #: the pad's own id
    requested: str  #: what was asked for; if that is its read-only id, `pad` is secret
    author: str  #: empty for a visitor who only looks and is no author yet
    write: bool
    payer: Payer = NOBODY  #: whom the client's address counts as
    visit: AuthorVisit | None = None  #: how they came, if they need not be kept permanently


class Bearers(Protocol):
    """Decides which bearers of tokens may call the HTTP API without its key."""

    async def client_of(self, token: str) -> str | None:
        """Returns the name that the issuer of this token has given to its bearer, who is admitted,
        or an empty string if there is no such name. Returns None if the bearer is not admitted."""
        ...


class Door(Protocol):
    async def look(self, request: web.Request, pad: str) -> Visitor:
        """Admits a visitor who wants to see a pad, or has not been admitted to write on it yet:
        nothing is stored about them. Raises `NotAllowed`."""
        ...

    async def work(self, request: web.Request, pad: str) -> Visitor:
        """Admits a visitor who wants to write on a pad. Raises `NotAllowed`."""
        ...

    async def charge(self, visitor: Visitor) -> None:
        """Charges the visitor, who wants to see the pad, if it has to be fetched from the cold
        store. Raises `TooFast`, or what `UNREACHABLE` lists."""
        ...

    def admits_stranger(self, request: web.Request) -> bool:
        """Returns whether a caller who has not shown who they are may go on: their address has not
        made too many requests. It is charged for this one, unless it has been already."""
        ...

    def knows_stranger(self, request: web.Request) -> None:
        """Takes the charge back, because the caller has shown after all that they may call."""
        ...

    def address(self, request: web.Request) -> str:
        """Returns the client's address, even if there is a proxy in between."""
        ...

    def payer(self, request: web.Request) -> Payer:
        """Returns whom that address counts as."""
        ...
