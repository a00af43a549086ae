"""Records how far a session has been told about a pad's people, as plain values."""

from dataclasses import dataclass


@dataclass(slots=True)
class RosterCursor:
    """A place in the room's `RosterLog`. It is all that a session needs, however many people there
    are and however slow its socket is."""

    lists: bool = False
    """Whether the client has announced USERS and so is told of many people in one message."""
    at: int = 0  #: it has been told of everything before this place
    since: int = 0
    """It knows nothing of people who had left before this place."""
    came: int = 0
    """The end of the log when the session came. Its page may know people with entries before this
    place from an earlier stay."""
    complete: bool = False
    """Whether the session has been told of everybody who was there when it came, and that there are
    no others."""
