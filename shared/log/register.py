"""People, groups and sessions that another system has on record too: an Etherpad, on whose database
a fleet works."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from padfleet.shared.log.authors import Author

NamedKind = Literal["author", "group"]


class RegisteredSession(NamedTuple):
    session: str
    group: str
    author: str
    valid_until: int  #: Unix seconds


class RegisteredGroup(NamedTuple):
    pads: list[str]
    mappers: list[str]
    sessions: list[RegisteredSession]  #: that are valid


class RegisteredWays(NamedTuple):
    """By what an author would be known again."""

    tokens: Collection[str]
    mappers: Collection[str]


class Register(Protocol):
    """What is not in Redis is asked for here, and what is made here is told, so that each system
    knows whom the other knows. Every call raises what `UNREACHABLE` lists, with a database that
    does not answer among them; to repeat one does no harm."""

    async def authors(self, names: Sequence[str]) -> "list[Author]":
        """Those of these authors who are on record there, in one read."""

    async def author_of_token(self, token: str) -> "Author | None":
        """Who stands behind an author token; None: nobody."""

    async def author_of_mapper(self, mapper: str) -> "Author | None": ...

    async def group_of_mapper(self, mapper: str) -> str | None: ...

    async def group(self, group: str) -> RegisteredGroup | None: ...

    async def groups(self) -> list[str]: ...

    async def session(self, session: str) -> RegisteredSession | None: ...

    async def sessions_of_author(self, author: str) -> list[RegisteredSession]:
        """Those of his that are valid."""

    async def keep_author(self, author: "Author", *, token: str = "", mapper: str = "") -> None:
        """He is on record, and stands behind what is given, unless somebody else does."""

    async def change_author(self, author: "Author") -> None:
        """He has this name and colour from now on, if he is on record there."""

    async def forget_author(self, author: str) -> RegisteredWays:
        """Nothing leads to him any more, and he has no name and the first colour. Returns what led
        to him. Goes through all tokens."""

    async def keep_group(self, group: str, *, mapper: str = "") -> None: ...

    async def keep_session(self, session: RegisteredSession) -> None: ...

    async def drop_session(self, session: RegisteredSession) -> None: ...

    async def drop_group(self, group: str) -> None:
        """The group, and the names that other systems have for it."""
