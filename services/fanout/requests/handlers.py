"""This module maps each kind of COLLABROOM message to its handler; `collab` fills the table."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from padfleet.services.fanout.errors import ClientError, prefixed
from padfleet.services.fanout.limits.allowances import MessageLimit
from padfleet.services.fanout.requests.context import RequestContext

CLIENT_MESSAGE: Final = "CLIENT_MESSAGE"
"""A kind of message whose payload has a kind of its own."""


@dataclass(frozen=True, slots=True)
class MessageHandler:
    """The handler of one kind of message."""

    serve: Callable[[RequestContext], Coroutine[Any, Any, None]]
    """The function that serves a message. It may raise `ClientError`."""
    limit: MessageLimit | None
    """What its author is charged with for each of them: a field of `Allowances`. None leaves it at
    what a socket may send anyway."""
    too_many: str = "messages"
    """The words for these messages in the error that says that there were too many."""
    is_question: bool = False
    """Whether it only asks for something, so that nobody misses the answer once its sender has
    gone."""
    in_turn: bool = True
    """Whether it is served before the socket's next message is taken. It is False for messages that
    have to wait for the writer."""


class Handlers:
    """Finds the handler of a message."""

    def __init__(
        self,
        kinds: Mapping[str, MessageHandler],
        payloads: Mapping[str, MessageHandler],
        others: Callable[[str], MessageHandler | None],
    ) -> None:
        """Takes the handlers of all kinds of messages.

        Arguments:
            kinds: handlers by the message's `type`.
            payloads: handlers of CLIENT_MESSAGE, by the `type` of the payload.
            others: finds the handler of a type that is not in `kinds`; it returns None if nothing
                serves that type.
        """
        self.known = frozenset({*kinds, CLIENT_MESSAGE})
        """The types of messages for which there is a handler, regardless of the settings."""
        self._kinds = kinds
        self._payloads = payloads
        self._others = others

    def of(self, asked: RequestContext) -> tuple[str, MessageHandler]:
        """Returns the message's kind, which has an allowance of its own, and its handler.

        Raises `ClientError` for a message that nothing serves.
        """
        kind = asked.data.get("type")
        if kind == CLIENT_MESSAGE:
            inner = asked.part("payload").get("type")
            with prefixed(inner):
                return _known(inner, self._payloads.get)
        return _known(kind, lambda kind: self._kinds.get(kind) or self._others(kind))


def _known(
    kind: object, find: Callable[[str], MessageHandler | None]
) -> tuple[str, MessageHandler]:
    found = find(kind) if isinstance(kind, str) else None
    if found is None or not isinstance(kind, str):
        raise ClientError("unknown message type")
    return kind, found
