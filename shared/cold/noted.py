"""This module defines the note that is stored with a pad in Redis, which says how much of it the
cold store has. It is pure.

The note saves a look at the store, but nothing relies on it: an append that is based on a wrong
note raises `Overwritten`, and the caller then looks.
"""

from typing import NamedTuple

from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.log.pad.moving import STAMP
from padfleet.shared.log.records import pack, unpack


class Behind(NamedTuple):
    """How much of a pad the cold store has."""

    head: ColdHead | None  #: None if the store does not have the pad
    chat: int = -1  #: the newest message that it has; -1 if it may have none
    saved: bytes | None = None  #: the newest saved revision that it has; None if it may have none
    snap: int = -1  #: the revision of the snapshot that it has; -1 if it may have none


def noted(behind: Behind) -> bytes:
    """Returns the text that is stored next to the stamp."""
    assert behind.head is not None
    return pack([list(behind.head), *behind[1:]])


def read_noted(stands: bytes | None) -> tuple[str, Behind] | None:
    """Returns the stamp under which the note was made, and the note. Returns None if there is no
    note, or it is not valid."""
    if not stands or len(stands) <= STAMP:
        return None
    try:
        head, *rest = unpack(stands[STAMP:])
        return stands[:STAMP].decode(), Behind(ColdHead(*head), *rest)
    except (ValueError, TypeError):
        return None
