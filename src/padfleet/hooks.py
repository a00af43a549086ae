"""Types for hooks: Python code that takes part in what a fan-out worker does.

    # pyproject.toml
    [project.entry-points."padfleet.hooks"]
    chat_message = "my_package:on_chat"

    # my_package.py
    from padfleet.hooks import Message, Visit

    def on_chat(visit: Visit, message: Message) -> bool | None:
        return None if visit.name else False  # whoever has no name does not chat

docs/hooks.md says when each hook is called and what it may do. A hook is a function or a coroutine
function; one that fails or takes longer than five seconds counts as not installed for that call.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

__all__ = [
    "ChatMessage",
    "ClientVars",
    "HandleMessage",
    "Message",
    "UserJoin",
    "UserLeave",
    "Visit",
]

Message = dict[str, Any]
"""A message of the protocol as JSON has it. Texts are sequences of UTF-16 code units."""


class Visit(Protocol):
    """A session on a pad, as hooks are shown it."""

    @property
    def pad(self) -> str:
        """The pad's id: the one that it takes to write, also for a reader."""

    @property
    def author(self) -> str:
        """The author's id, ``a.…``."""

    @property
    def name(self) -> str | None:
        """The author's name, if the author has chosen one."""

    @property
    def read_only(self) -> bool:
        """Whether the session came by the read-only link."""

    @property
    def session(self) -> str:
        """The session's id, unlike any other's for as long as the session lasts."""

    def send(self, message: Any, *, event: str = "message") -> None:
        """Sends something to this session's client alone, in order with what it is sent otherwise.

        Arguments:
            message: what Socket.IO is to carry, as JSON.
            event: the name of the Socket.IO event.
        """

    async def tell(
        self, message: Any, *, event: str = "message", others_only: bool = False, author: str = ""
    ) -> None:
        """Sends something to the clients on the pad, on all workers.

        Readers who came by the read-only link get it too: the pad's id must not be in it.

        Arguments:
            message: what Socket.IO is to carry, as JSON.
            event: the name of the Socket.IO event.
            others_only: leave out this session.
            author: only to the sessions of this author; "" for everybody.
        """


ClientVars = Callable[[Visit], dict[str, Any] | Awaitable[dict[str, Any] | None] | None]
"""Called before CLIENT_VARS are sent; what it returns is put over what is in them."""

HandleMessage = Callable[[Visit, Message], bool | Awaitable[bool | None] | None]
"""Called before a client's message is served; False: the hook has dealt with it."""

ChatMessage = Callable[[Visit, Message], bool | Awaitable[bool | None] | None]
"""Called before a chat message is stored; False: it is not said."""

UserJoin = Callable[[Visit], Awaitable[None] | None]
"""Called after a client has joined or resumed."""

UserLeave = Callable[[Visit], Awaitable[None] | None]
"""Called after the last socket of an author has left the pad."""
