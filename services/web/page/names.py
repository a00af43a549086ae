"""Checks and sanitises the names of pads in addresses."""

import re
from typing import Final

_VALID: Final = re.compile(r"(g\.[a-zA-Z0-9]{16}\$)?[^$]{1,50}\Z")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_valid(name: str) -> bool:
    """Returns whether there can be a pad of this name, by the rules of Etherpad and of the
    socket."""
    # White space does not make a name invalid, since it is replaced.
    return bool(_VALID.match(name)) and not _CONTROL.search(re.sub(r"\s", " ", name))


def sanitised(name: str) -> str:
    """Returns the name that a new pad gets if this name is asked for: without white space and
    colons."""
    return re.sub(r":+", "_", re.sub(r"\s+", "_", name))
