"""This module keeps track of the people who are or were on a pad, from the server's messages about
them. It is pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

_COLOR: Final = re.compile(r"#[0-9a-fA-F]{3,8}")


def names_of(authors: Any) -> dict[str, str]:
    """Returns the names in `historicalAuthorData`, by author id. Authors without a name are left
    out."""
    return {author: who["name"] for author, who in _authors(authors) if who.get("name")}


def colors_of(authors: Any, palette: Any) -> dict[str, str]:
    """Returns the colours in `historicalAuthorData`, by author id; see `color_of`."""
    found = ((author, color_of(who.get("colorId"), palette)) for author, who in _authors(authors))
    return {author: color for author, color in found if color is not None}


def color_of(color: Any, palette: Any) -> str | None:
    """Returns a colour as ``#rrggbb``, or None for anything that is not a colour. Servers may also
    give a colour as an index into `palette`, that of CLIENT_VARS."""
    if isinstance(color, int) and isinstance(palette, list) and 0 <= color < len(palette):
        color = palette[color]
    return color if isinstance(color, str) and _COLOR.fullmatch(color) else None


class PresentPeople:
    """The other people on a pad."""

    def __init__(
        self,
        me: str,
        palette: Any,
        users: dict[str, str | None],
        names: dict[str, str],
        colors: dict[str, str],
    ) -> None:
        """Takes `me`, this client's own author, whom messages may be about as well. The last three
        arguments have the same content as in `Pad`, and are kept up to date."""
        self._me = me
        self._palette = palette
        self._users = users
        self._names = names
        self._colors = colors
        self._unconfirmed: set[str] = set()

    def came_back(self) -> None:
        """Records that the client has joined again: people who were here before may have left
        meanwhile."""
        self._unconfirmed = set(self._users)

    def receive(self, data: Mapping[str, Any]) -> list[str] | None:
        """Handles a message. Returns the authors who are now known to have left, or None if the
        message is not about people."""
        match data:
            case {"type": "USER_NEWINFO", "userInfo": {"userId": str(author)} as who}:
                self._here(author, who.get("colorId"), who.get("name"))
                return []
            case {"type": "USER_LEAVE", "userInfo": {"userId": str(author)}}:
                return self._left([author])
            case {"type": "USERS"}:
                for row in _list(data.get("users")):
                    match row:
                        case [str(author), color, name]:
                            self._here(author, color, name)
                gone = self._left(a for a in _list(data.get("left")) if isinstance(a, str))
                if data.get("complete"):
                    unconfirmed, self._unconfirmed = self._unconfirmed, set()
                    gone += self._left(unconfirmed)
                return gone
        return None

    def _here(self, author: str, color: Any, name: Any) -> None:
        if author == self._me:
            return
        self._unconfirmed.discard(author)
        self._users[author] = name
        if name:
            self._names[author] = name
        found = color_of(color, self._palette)
        if found is not None:
            self._colors[author] = found

    def _left(self, authors: Iterable[str]) -> list[str]:
        gone = list(authors)
        for author in gone:
            self._users.pop(author, None)
        self._unconfirmed.difference_update(gone)
        return gone


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _authors(authors: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(authors, dict):
        return
    for author, who in authors.items():
        if isinstance(who, dict):
            yield author, who
