"""Which pad an address means."""

import re
from typing import Final

_VALID: Final = re.compile(r"(g\.[a-zA-Z0-9]{16}\$)?[^$]{1,50}\Z")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_valid(name: str) -> bool:
    """Whether there can be a pad of this name, by the rules of Etherpad and of the socket."""
    # White space is not held against a name: it is replaced.
    return bool(_VALID.match(name)) and not _CONTROL.search(re.sub(r"\s", " ", name))


def sanitised(name: str) -> str:
    """The name that a new pad gets where this one is asked for: no white space, no colons."""
    return re.sub(r":+", "_", re.sub(r"\s+", "_", name))
