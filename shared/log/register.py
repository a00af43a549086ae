"""This module defines the interface to people, groups and sessions that another system also has on
record: an Etherpad whose database a fleet uses."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from padfleet.shared.log.people.author_records import Author


class RegisteredSession(NamedTuple):
    session: str
    group: str
    author: str
    valid_until: int  #: Unix seconds


class RegisteredGroup(NamedTuple):
    pads: list[str]
    mappers: list[str]
    sessions: list[RegisteredSession]  #: only those that are valid


class RegisteredWays(NamedTuple):
    """Everything by which an author would be recognised."""

    tokens: Collection[str]
    mappers: Collection[str]


class Register(Protocol):
    """The other system's records. It answers for what is not in Redis and is told of what is made
    here, so that each system knows the people whom the other knows. Every call raises what
    `UNREACHABLE` lists, which includes a database that does not answer. Repeating a call does no
    harm."""

    async def authors(self, names: Sequence[str]) -> "list[Author]":
        """Returns those of these authors who are on record there, in one read."""

    async def author_of_token(self, token: str) -> "Author | None":
        """Returns the author that a token belongs to, or None if there is none."""

    async def author_of_mapper(self, mapper: str) -> "Author | None": ...

    async def group_of_mapper(self, mapper: str) -> str | None: ...

    async def group(self, group: str) -> RegisteredGroup | None: ...

    async def groups(self) -> list[str]: ...

    async def session(self, session: str) -> RegisteredSession | None: ...

    async def sessions_of_author(self, author: str) -> list[RegisteredSession]:
        """Returns the author's valid sessions."""

    async def keep_author(self, author: "Author", *, token: str = "", mapper: str = "") -> None:
        """Records the author, and that the given token or name belongs to them unless it belongs to
        somebody else."""

    async def change_author(self, author: "Author") -> None:
        """Sets the author's name and colour, if they are on record there."""

    async def forget_author(self, author: str) -> RegisteredWays:
        """Removes everything by which the author would be recognised, and the author's name, and
        resets the colour to the first one of the palette. Returns what would have led to the
        author. This goes through all tokens."""

    async def keep_group(self, group: str, *, mapper: str = "") -> None: ...

    async def keep_session(self, session: RegisteredSession) -> None: ...

    async def drop_session(self, session: RegisteredSession) -> None: ...

    async def drop_group(self, group: str) -> None:
        """Deletes the group, and the names that it has in other systems."""
