"""Defines the errors that tell a client why its message cannot be served."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MAX_SHOWN = 60
"""How many characters of a client's own words are repeated in answers and in the log."""


class ClientError(Exception):
    """The message cannot be served. The text is what the client's acknowledgement says."""

    name = "Error"

    def __init__(self, text: str, *words: Any) -> None:
        """Takes the error's text, and the client's own `words`, which its answer repeats after the
        text. The log does not repeat them: something in the wrong place may be a token."""
        super().__init__(": ".join([text, *(shown(word) for word in words)]))
        self.plain = text  #: for the log


class WrongType(ClientError):
    """A field is missing or not what it should be; JavaScript's TypeError."""

    name = "TypeError"


def shown(word: Any) -> str:
    """Returns a client's own words in a form that is fit for its answer and for the log: they could
    be a megabyte, or nested so deep that formatting them would be an error of its own."""
    if word is None:
        return "undefined"
    if isinstance(word, float) or (isinstance(word, int) and abs(word) < 1 << 53):
        return str(word)
    return word[:MAX_SHOWN] if isinstance(word, str) else f"a {type(word).__name__}"


@contextmanager
def prefixed(kind: Any) -> Iterator[None]:
    """Puts the type of the message, as far as it has been read, before the text of an error."""
    try:
        yield
    except ClientError as error:
        raise _prefixed(kind, error) from error


def _prefixed(kind: Any, error: ClientError) -> ClientError:
    # No frame that the error passes through may have a name for it: they would keep each other.
    prefixed_error = type(error)(f"{shown(kind)}: {error}")
    prefixed_error.plain = error.plain
    return prefixed_error
