"""This module defines the names of a pad's objects."""

from hashlib import blake2b
from typing import Final
from urllib.parse import quote, unquote

HEADS: Final = "pads/"
PARTS: Final = "parts/"

USED_BY: Final = "used-by"
"""The object in which a fleet says that it uses the store."""

_LONGEST: Final = 150
"""How many characters of a pad's id appear in a name; longer ids are distinguished by the hash
alone."""


def head_name(pad: str) -> str:
    """Returns the name of a pad's head. It is readable as far as it goes; the hash spreads pads
    over 4096 folders, and distinguishes ids that file systems treat as the same or that are too
    long for them."""
    return HEADS + _stem(pad)


def parts_folder(pad: str) -> str:
    return f"{PARTS}{_stem(pad)}/"


def pad_of(stem: str) -> str | None:
    """Returns the pad whose head, without the `HEADS` prefix, has this name, or None if the name
    does not say."""
    quoted = stem.rpartition("/")[2].rpartition("~")[0]
    return unquote(quoted) if len(quoted) < _LONGEST else None


def _stem(pad: str) -> str:
    digest = blake2b(pad.encode(), digest_size=8).hexdigest()
    quoted = quote(pad, safe="")[:_LONGEST]
    if quoted.startswith("."):
        quoted = "%2E" + quoted[1:]
    return f"{digest[:3]}/{quoted}~{digest[3:]}"
