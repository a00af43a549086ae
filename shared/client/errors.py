"""This module defines what can go wrong for a client of a pad. All errors but `ProtocolError` are
`PadError`s."""

from __future__ import annotations


class PadError(Exception):
    """The pad cannot be used, or not in this way. The text says why, for a person."""


class Disconnected(PadError):
    """The server told this client to leave. `reason` is Etherpad's word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the server ended the session: {reason}")
        self.reason = reason


class ConnectionLost(PadError):
    """The connection broke and could not be made again. Whether the server is still alive is
    unknown."""


class CannotConnect(ConnectionLost):
    """No connection was made: nobody is there, or whoever is there answers with an error."""


class EditRefused(PadError, ValueError):
    """An edit cannot be made. Nothing has changed, and the session goes on."""


class OutOfRange(EditRefused):
    """The edit or the cursor is beyond the text, or the edit would leave the text without its final
    newline."""


class TooLarge(EditRefused):
    """A single attribute is larger than what the server accepts in one submission, so the edit
    cannot be split."""


class EditsLost(PadError):
    """The pad was left with edits that the server has not accepted. `edits` says how many revisions
    they would have become, and the reason is the exception's `__cause__`."""

    def __init__(self, edits: int, why: str) -> None:
        super().__init__(f"{edits} edit(s) did not become part of the pad: {why}")
        self.edits = edits


class PadLeft(PadError):
    """The pad has been left: the block of `connect` has ended, and no more edits are accepted."""

    def __init__(self) -> None:
        super().__init__("the pad has been left: its block has ended")


class ProtocolError(Exception):
    """The server sent something that cannot be right, such as a gap, a repetition, or an answer to
    a request that was never made."""
