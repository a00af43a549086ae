"""This module matches patterns of pad ids: `*` stands for any text, `?` for one character, and `\\`
makes the next character literal.

There is no more to them than that. Unlike in `fnmatch`, brackets have no meaning: they are ordinary
in pad names, and a token for `[draft] plan` must not open `d plan`. A regular expression, on the
other hand, could be made to take seconds.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

READ_ONLY = "r."
"""Every read-only id begins with this, and no pad's own id does."""

_BETWEEN_SLASHES = re.compile(r"[/\\]")


def covers(patterns: Iterable[str], pad_id: str, requested_id: str) -> bool:
    """Returns whether one of the patterns is for this pad, requested by its own id or by its
    read-only id.

    A pattern that begins with `r.` is for read-only ids, any other for pads' own ids, however the
    client came to them. So `r*` covers pads whose name begins with an r, and not every read-only
    address.
    """
    slippery = is_slippery(pad_id)
    for pattern in patterns:
        candidate = requested_id if pattern.startswith(READ_ONLY) else pad_id
        if matches(pattern, candidate) and not (slippery and _is_wild(pattern)):
            return True
    return False


def is_slippery(pad_id: str) -> bool:
    """Returns whether the id has `.` or `..` between slashes.

    To us that is a name like any other, so `team/../secret` is not the pad `secret`. A proxy or
    page server in front may see that differently, so no wildcard stands for such a name.
    """
    return any(part in (".", "..") for part in _BETWEEN_SLASHES.split(pad_id))


def matches(pattern: str, text: str) -> bool:
    """Returns whether the pattern matches the whole text, with regard to upper and lower case.

    A token may have hundreds of patterns, and all of them are compared in one turn of the event
    loop. So letters are compared as texts, and each piece between two stars is looked for only
    once, from the left: whatever an earlier star could take in addition, the next one can take,
    too.
    """
    first, *others = _pieces(pattern)
    if not others:
        return len(text) == first.length and first.fits(text, 0)
    last = others.pop()
    place, end = first.length, len(text) - last.length
    if place > end or not first.fits(text, 0) or not last.fits(text, end):
        return False
    for piece in others:
        found = piece.find(text, place, end)
        if found is None:
            return False
        place = found + piece.length
    return True


class _Piece(NamedTuple):
    """The part of a pattern between two stars."""

    length: int
    literals: list[tuple[int, str]]  #: the texts between its question marks, and where they begin

    def fits(self, text: str, at: int) -> bool:
        return all(text.startswith(literal, at + offset) for offset, literal in self.literals)

    def find(self, text: str, start: int, end: int) -> int | None:
        """Returns the first place from `start` where the piece fits and ends at `end` or before."""
        if not self.literals:
            return start if start + self.length <= end else None
        offset, longest = max(self.literals, key=lambda one: len(one[1]))
        rest = self.length - offset - len(longest)
        at = text.find(longest, start + offset, end - rest)
        while at >= 0:
            if self.fits(text, at - offset):
                return at - offset
            at = text.find(longest, at + 1, end - rest)
        return None


def _pieces(pattern: str) -> list[_Piece]:
    pieces = [[""]]
    for wild, letter in _parts(pattern):
        if not wild:
            pieces[-1][-1] += letter
        elif letter == "?":
            pieces[-1].append("")
        else:
            pieces.append([""])
    return [_piece(literals) for literals in pieces]


def _piece(literals: list[str]) -> _Piece:
    places, offset = [], 0
    for literal in literals:
        if literal:
            places.append((offset, literal))
        offset += len(literal) + 1  # with the question mark behind it
    return _Piece(offset - 1, places)


_PLAIN, _WILD = False, True


def _parts(pattern: str) -> Iterable[tuple[bool, str]]:
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            yield _PLAIN, next(letters, "\\")
        else:
            yield letter in "*?", letter


def _is_wild(pattern: str) -> bool:
    return any(wild for wild, _ in _parts(pattern))
