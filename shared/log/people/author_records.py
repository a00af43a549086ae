"""This module has what an author is, and how name and colour are stored. It knows no Redis."""

import secrets
import string
from collections.abc import Sequence
from typing import NamedTuple

from padfleet.shared import bounds

SYSTEM_AUTHOR = "a.etherpad-system"
"""The author of default text, and of API edits without an author. No session can be this author."""

RANDOM = 14
"""How many characters of the ids that we make are random."""

_END = "00"

_ALPHABET = (string.ascii_letters + string.digits).encode()
_UNEVEN = bytes(range(256 - 256 % len(_ALPHABET), 256))
_LETTERS = bytes(_ALPHABET[number % len(_ALPHABET)] for number in range(256))


class Author(NamedTuple):
    id: str
    name: str | None
    color: int | str  #: an index into the palette, or "#rrggbb" if the author has chosen one


def new_author_id() -> str:
    """Returns a new id of ``a.`` and 16 characters, like those that Etherpad makes. The last two of
    them are the same in all ids: 14 random ones, which are 83 bits, are enough for nobody ever to
    get an id that somebody has, and each further one takes a byte of what newcomers are sent about
    everybody who is there, since random characters cannot be compressed."""
    # All random bytes are drawn at once, since each draw is a system call. Bytes that do not map
    # evenly to the alphabet are dropped; there are hardly ever too many of these.
    while True:
        even = secrets.token_bytes(32).translate(_LETTERS, _UNEVEN)
        if len(even) >= RANDOM:
            return f"a.{even[:RANDOM].decode()}{_END}"


def author_items(author: Author) -> list[bytes]:
    """Returns what is stored of an author: names and values in turn, as HSET takes them. Values
    that are out of bounds are cut or replaced."""
    color = bounds.color_of(author.color, author.id)
    items = [b"color", shade(color).encode()]
    if author.name:
        items += [b"name", encoded_name(author.name)]
    return items


def stored_author(author: str, items: Sequence[bytes]) -> Author | None:
    """Returns the author from items such as `author_items` returns, even if other software has made
    them. Returns None if they are not those of an author."""
    stored = dict(zip(items[::2], items[1::2], strict=False))
    if not bounds.is_author_id(author) or b"color" not in stored:
        return None
    return author_of(author, stored.get(b"name"), stored[b"color"])


def shade(color: int | str) -> str:
    """Returns what is stored of a colour. A number and the text "7" are different things to a
    client, so the first letter says which of them it is."""
    return f"n{color}" if isinstance(color, int) else f"c{color}"


def encoded_name(name: str) -> bytes:
    """Returns what is stored of a name, which is cut if it is too long."""
    return name[: bounds.MOST_NAME].encode("utf-8", "surrogatepass")


def author_of(author: str, name: bytes | None, color: bytes) -> Author:
    """Returns the author with this id from the stored name and colour."""
    shade = color.decode("utf-8", "replace")
    known = bounds.number_of(shade[1:]) if shade.startswith("n") else shade[1:]
    return Author(
        author,
        bounds.name_of(name.decode("utf-8", "surrogatepass")) if name else None,
        bounds.color_of(known, author),
    )
