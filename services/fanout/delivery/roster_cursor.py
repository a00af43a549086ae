"""Where a session is in what there is to tell of a pad's people: plain values."""

from dataclasses import dataclass


@dataclass(slots=True)
class RosterCursor:
    """A place in the `RosterLog` of the room. All that a session takes of it, however many people
    there are and however slow its socket is."""

    lists: bool = False
    """The client has announced USERS: it is told of many people in one message."""
    at: int = 0  #: it has been told of what stands before this place
    since: int = 0
    """What was the end of the log when it came. Of those who had left before, it knows nothing."""
    complete: bool = False
    """It has been told of everybody who was there when it came, and that these were all."""
