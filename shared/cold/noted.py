"""Defines what is noted with a pad in Redis about how far the cold store has it. Pure.

The note saves a look at the store, but nothing relies on it: an append that is based on a wrong
note raises `Overwritten`, and the caller then looks.
"""

from typing import NamedTuple

from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.log.pad.moving import STAMP
from padfleet.shared.log.records import pack, unpack


class Behind(NamedTuple):
    """How far the cold store has a pad."""

    head: ColdHead | None  #: None: the store does not have the pad
    chat: int = -1  #: the newest message that it has; -1: it may have none
    saved: bytes | None = None  #: the newest saved revision that it has; None: it may have none
    snap: int = -1  #: the revision of the snapshot that it has; -1: it may have none


def noted(behind: Behind) -> bytes:
    """Returns the text that is stored next to the stamp."""
    assert behind.head is not None
    return pack([list(behind.head), *behind[1:]])


def read_noted(stands: bytes | None) -> tuple[str, Behind] | None:
    """Returns the stamp under which it was noted, and the note; None if there is none, or it is not
    valid."""
    if not stands or len(stands) <= STAMP:
        return None
    try:
        head, *rest = unpack(stands[STAMP:])
        return stands[:STAMP].decode(), Behind(ColdHead(*head), *rest)
    except (ValueError, TypeError):
        return None
