"""What stands with a pad in Redis of how far the cold store has it. Pure.

It saves a look at the store, and is believed by nobody: who appends by it is told `Overwritten` if
it is wrong, and looks.
"""

from typing import NamedTuple

from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.log.pad.moving import STAMP
from padfleet.shared.log.records import pack, unpack


class Behind(NamedTuple):
    """How far the cold store has a pad."""

    head: ColdHead | None  #: None: not at all
    chat: int = -1  #: the newest message that it has; -1: it may have none
    saved: bytes | None = None  #: the newest saved revision that it has; None: it may have none
    snap: int = -1  #: the revision of the snapshot that it has; -1: it may have none


def noted(behind: Behind) -> bytes:
    """What stands beside the stamp."""
    assert behind.head is not None
    return pack([list(behind.head), *behind[1:]])


def read_noted(stands: bytes | None) -> tuple[str, Behind] | None:
    """The stamp under which it was noted, and what; None where nothing is, or what is not ours."""
    if not stands or len(stands) <= STAMP:
        return None
    try:
        head, *rest = unpack(stands[STAMP:])
        return stands[:STAMP].decode(), Behind(ColdHead(*head), *rest)
    except (ValueError, TypeError):
        return None
