"""How far a session has been told about a pad's people: plain values."""

from dataclasses import dataclass


@dataclass(slots=True)
class RosterCursor:
    """A place in the room's `RosterLog`. It is all that a session needs, however many people there
    are and however slow its socket is."""

    lists: bool = False
    """The client has announced USERS: it is told of many people in one message."""
    at: int = 0  #: it has been told of what stands before this place
    since: int = 0
    """The end of the log when the session came. Of people who had left before, it knows nothing."""
    complete: bool = False
    """The session has been told of everybody who was there when it came, and that these were
    all."""
