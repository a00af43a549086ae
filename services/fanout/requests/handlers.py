"""How the kinds of COLLABROOM messages are served: a table that `collab` fills."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from padfleet.services.fanout.errors import ClientError, prefixed
from padfleet.services.fanout.requests.context import RequestContext

CLIENT_MESSAGE: Final = "CLIENT_MESSAGE"
"""A kind whose messages have a payload with a kind of its own."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of message is served."""

    serve: Callable[[RequestContext], Coroutine[Any, Any, None]]
    """Raises `ClientError`."""
    told: bool = True
    """Everybody on the pad is told of it, so an author may say only so many in a second."""
    too_many: str = "messages"
    """What there have been too many of then, in words."""
    in_turn: bool = True
    """Served before the socket's next message. False for what waits for the writer."""


class Handlers:
    """Finds the handler of a message."""

    def __init__(
        self,
        kinds: Mapping[str, Handler],
        payloads: Mapping[str, Handler],
        others: Callable[[str], Handler | None],
    ) -> None:
        """
        Arguments:
            kinds: by the message's `type`.
            payloads: for CLIENT_MESSAGE, by the `type` of the payload.
            others: asked for whatever is not in `kinds`; None if nothing serves it.
        """
        self.known = frozenset({*kinds, CLIENT_MESSAGE})
        """The types of messages for which there is a handler, whatever an operator has set."""
        self._kinds = kinds
        self._payloads = payloads
        self._others = others

    def of(self, asked: RequestContext) -> tuple[str, Handler]:
        """What the message is about, by which allowances are kept apart, and its handler.

        Raises `ClientError` for one that nothing serves.
        """
        kind = asked.data.get("type")
        if kind == CLIENT_MESSAGE:
            inner = asked.part("payload").get("type")
            with prefixed(inner):
                return _known(inner, self._payloads.get)
        return _known(kind, lambda kind: self._kinds.get(kind) or self._others(kind))


def _known(kind: object, find: Callable[[str], Handler | None]) -> tuple[str, Handler]:
    found = find(kind) if isinstance(kind, str) else None
    if found is None or not isinstance(kind, str):
        raise ClientError("unknown message type")
    return kind, found
