"""This module defines the maximum length, the form and the greatest number of everything that
people submit. It is pure.

Input comes in many ways: through sockets, the HTTP API, `.etherpad` files, databases of an
Etherpad, and archives. What is kept out of one of them must not come in through another, so all of
them ask here, and what is stored and read again is bounded here too. There are four ways to deal
with what is out of bounds, one for each field:

- **cut**: names and labels lose their end; nobody is turned away for a long one.
- **replaced**: an invalid colour becomes a valid one, always the same for the same author.
- **moved**: times that no page can show move to the nearest that one can.
- **refused**: whatever has a meaning that would be lost. `OutOfBounds` says what, and the limit.

Lengths are in UTF-16 code units, as in JavaScript, unless stated otherwise.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeGuard
from zlib import crc32

from padfleet.shared.wire.jsontext import dumps

PALETTE_SIZE: Final = 64
"""The number of colours in Etherpad's palette; a new author gets the index of one of them."""

MOST_NAME: Final = 200
"""The maximum length of an author's name. Longer ones are cut."""

MOST_LABEL: Final = 200
"""The maximum length of the label, and of the id, of a saved revision. Longer ones are cut."""

MOST_CHAT_TEXT: Final = 10_000
"""The maximum length of a chat message. Etherpad's page accepts at most 999 characters; its server
has no limit except that of the message as a whole. A longer message is refused when it is sent, and
cut when it is part of a history."""

MOST_CHAT_EXTRA: Final = 4_096
"""The maximum number of bytes, as JSON, of what plugins add to a chat message, which is stored with
it. More than that is refused when it is sent, and left out when it is part of a history."""

MOST_BROUGHT_MESSAGES: Final = 100_000
"""The maximum number of chat messages of a pad that is brought from elsewhere; the newest are
kept."""

MOST_SAVED: Final = 2000
"""The maximum number of saved revisions of a pad. Everyone who joins is sent all of them, some 150
bytes each."""

MOST_RELAYED: Final = 64 << 10
"""The maximum number of bytes, as JSON, of a message that is passed on and not stored."""

MOST_WORD: Final = 200
"""The maximum length of the name of a language or a font in a pad's settings. Longer ones are
cut."""

PLUGIN_KEY_BYTES: Final = 64 << 10
PLUGINS_BYTES: Final = 256 << 10
"""The maximum number of bytes that a plugin's setting, and all of them together, may take as JSON;
anything more is left out. This is the limit of Etherpad, so that what fits there fits here."""

MOST_ID: Final = 100
"""The maximum length of the id of an author, a group or a session; ours have 18 characters. Longer
ones are refused."""

MOST_MAPPER: Final = 1_000
"""The maximum number of characters of the name that another system has for an author or a group.
Longer ones are refused."""

MOST_TOKEN: Final = 200
"""The maximum number of characters of an author token. Longer ones are refused."""

MOST_ATTRIBUTE_KEY: Final = 1_000
MOST_ATTRIBUTE_VALUE: Final = 1_000_000
"""The maximum length of the key, and of the value, of one attribute. A value may be as long as a
message is by default, since plugins store pictures in this way. Longer ones are refused."""

MOST_POOL: Final = 10_000_000
"""The maximum total length of all attributes of a pad that is brought from elsewhere. More is
refused."""

LARGEST: Final = (1 << 53) - 1
"""The largest whole number up to which all are exact in JavaScript."""

LAST_DATE: Final = 8_640_000_000_000_000
"""The last moment, in ms since 1970, for which JavaScript has a date."""

DAY_MS: Final = 86_400_000

_COLOR: Final = re.compile(r"#(?:[0-9A-Fa-f]{3}){1,2}")
_ID: Final = re.compile(rf"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff]{{1,{MOST_ID}}}")
_GROUP: Final = re.compile(r"g\.[a-zA-Z0-9]{16}")
_PAD: Final = re.compile(r"(g\.[a-zA-Z0-9]{16}\$)?[^$]{1,50}")
_NOBODY_CAN_OPEN: Final = re.compile(r"r\.|.*[\x00-\x1f\x7f-\x9f\ud800-\udfff]", re.DOTALL)
_READ_ONLY: Final = re.compile(r"r\.[^$\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,48}")
_REPLACED: Final = re.compile(r"[\s:]")
_TOKEN: Final = re.compile(rf"(?=.{{1,{MOST_TOKEN}}}\Z)t\.[A-Za-z0-9_-]+={{0,2}}")
_DIGITS: Final = re.compile("[0-9]{1,16}")


class OutOfBounds(ValueError):
    """A value is refused. The text says what is too long or malformed, and what would be right."""


# --- Authors -------------------------------------------------------------------------------------


def name_of(value: Any) -> str | None:
    """Returns an author's name, cut to its limit, or None for an invalid one."""
    return value[:MOST_NAME] if isinstance(value, str) and value else None


def is_color(value: Any) -> TypeGuard[str]:
    """Returns whether the value is ``#rgb`` or ``#rrggbb``."""
    return isinstance(value, str) and _COLOR.fullmatch(value) is not None


def color_of(value: Any, author: str) -> int | str:
    """Returns an author's colour: an index into the palette or ``#rrggbb``. Anything else is
    replaced."""
    if is_color(value):
        return value
    if type(value) is int and 0 <= value < PALETTE_SIZE:
        return int(value)
    return crc32(author.encode("utf-8", "surrogatepass")) % PALETTE_SIZE


def is_author_id(value: Any) -> TypeGuard[str]:
    """Returns whether an author may have this id. Etherpad's ids are ``a.`` and 16 characters;
    those created by other systems may be different."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_token(value: Any) -> TypeGuard[str]:
    """Returns whether the value is an author token: ``t.`` and base64url."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


# --- Pads and groups -----------------------------------------------------------------------------


def is_pad_id(value: Any) -> TypeGuard[str]:
    """Returns whether a pad may have this id, so that it can be opened. The id is plain text, not
    code units. White space and colons are allowed, as names of old pads contain them, though no new
    pad gets them."""
    return (
        isinstance(value, str)
        and _PAD.fullmatch(value) is not None
        and _NOBODY_CAN_OPEN.match(value) is None
    )


def is_new_pad_id(value: Any) -> TypeGuard[str]:
    """Returns whether a pad can be created with this id, without anything in it being replaced."""
    return is_pad_id(value) and _REPLACED.search(value) is None


def is_read_only_id(value: Any) -> TypeGuard[str]:
    """Returns whether a pad may have this id for those who only read: ``r.`` and further
    characters."""
    return isinstance(value, str) and _READ_ONLY.fullmatch(value) is not None


def is_group_id(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and _GROUP.fullmatch(value) is not None


def is_session_id(value: Any) -> TypeGuard[str]:
    """Returns whether a group's session may have this id. Ids are separated by commas in a cookie,
    so an id cannot contain one."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None and "," not in value


def check_mapper(value: str) -> str:
    """Checks the name that another system has for an author or a group, and returns it. Raises
    `OutOfBounds`."""
    if not 0 < len(value) <= MOST_MAPPER:
        raise OutOfBounds(f"a mapper has 1 to {MOST_MAPPER} characters, not {len(value)}")
    return value


# --- Times and numbers ---------------------------------------------------------------------------


def moment(value: Any, *, latest: int = LAST_DATE) -> int:
    """Returns a time in ms since 1970, from 0 up to `latest`, or 0 for an invalid one."""
    if isinstance(value, str):
        value = number_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return 0
    return latest if value >= latest else int(value)


def number_of(value: Any) -> int | None:
    """Returns a whole number from 0 to `LARGEST`. Plain decimal digits are accepted, and so is a
    float such as 1.0, as in JavaScript. Returns None for anything else, whatever its length."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and _DIGITS.fullmatch(value) else None
    elif isinstance(value, float):
        value = int(value) if abs(value) <= LARGEST and value.is_integer() else None
    return value if type(value) is int and 0 <= value <= LARGEST else None


# --- Chat, and saved revisions -------------------------------------------------------------------


def check_chat(text: str, extra: Mapping[str, Any]) -> None:
    """Checks a chat message. Raises `OutOfBounds`."""
    if len(text) > MOST_CHAT_TEXT:
        raise OutOfBounds(f"the text is longer than {MOST_CHAT_TEXT} characters")
    if extra and len(dumps(extra).encode()) > MOST_CHAT_EXTRA:
        raise OutOfBounds(f"what is added to the text takes more than {MOST_CHAT_EXTRA} bytes")


def chat_text(value: str) -> str:
    """Returns the text of a message in a history, cut to its limit."""
    return value[:MOST_CHAT_TEXT]


def chat_extra(extra: dict[str, Any]) -> dict[str, Any]:
    """Returns what was added to a message in a history, or nothing if that is too much."""
    return extra if not extra or len(dumps(extra).encode()) <= MOST_CHAT_EXTRA else {}


def label_of(value: Any, rev: int) -> str:
    """Returns the label of a saved revision, cut to its limit; one is made up if it is empty or
    missing."""
    return value[:MOST_LABEL] if isinstance(value, str) and value else f"Revision {rev}"


# --- Attributes ----------------------------------------------------------------------------------


def check_attributes(pairs: Iterable[tuple[str, str]], *, together: int = LARGEST) -> None:
    """Checks the length of each key and value, and of all of them `together`. Raises
    `OutOfBounds`."""
    total = 0
    for key, value in pairs:
        if len(key) > MOST_ATTRIBUTE_KEY:
            raise OutOfBounds(f"the key of an attribute has more than {MOST_ATTRIBUTE_KEY} units")
        if len(value) > MOST_ATTRIBUTE_VALUE:
            raise OutOfBounds(f"an attribute's value has more than {MOST_ATTRIBUTE_VALUE} units")
        if key == "author" and value and not is_author_id(value):
            raise OutOfBounds(f"an author's id has 1 to {MOST_ID} characters without spaces")
        total += len(key) + len(value)
        if total > together:
            raise OutOfBounds(f"the attributes have more than {together} units together")
