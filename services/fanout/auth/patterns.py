"""This module matches patterns of pad ids: `*` stands for any text, `?` for one character, and `\\`
makes the next character literal.

There is no more to them than that. Unlike in `fnmatch`, brackets have no meaning: they are ordinary
in pad names, and a token for `[draft] plan` must not open `d plan`. A regular expression, on the
other hand, could be made to take seconds.
"""

import re
from collections.abc import Iterable

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
    """Returns whether the pattern matches the whole text, with regard to upper and lower case."""
    parts = list(_parts(pattern))
    at, place = 0, 0
    star, resume = -1, 0  # the last `*` that was passed, and where to retry after it
    while place < len(text):
        if at < len(parts) and parts[at] == (_WILD, "*"):
            star, resume = at, place
            at += 1
        elif at < len(parts) and (parts[at] == (_WILD, "?") or parts[at] == (_PLAIN, text[place])):
            at += 1
            place += 1
        elif star >= 0:
            # Only the last star needs to be retried: whatever an earlier one could take in
            # addition, the last one can take, too. So this is never worse than
            # len(pattern) * len(text).
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return all(part == (_WILD, "*") for part in parts[at:])


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
