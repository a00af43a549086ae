"""Patterns of pad ids: `*` stands for any text, `?` for one character, `\\` makes the next literal.

No more than that. Of `fnmatch`, brackets are left out: they are ordinary in pad names, and a token
for `[draft] plan` must not open `d plan`. A regular expression could also be made to take seconds.
"""

import re
from collections.abc import Iterable

READ_ONLY = "r."
"""Begins every read-only id, and no pad's own id."""

_BETWEEN_SLASHES = re.compile(r"[/\\]")


def covers(patterns: Iterable[str], pad_id: str, requested_id: str) -> bool:
    """Whether one of them is for this pad, asked for by its own id or by its read-only id.

    A pattern that begins with `r.` is for read-only ids, any other for pads' own ids, however the
    client came to them. So `r*` is about pads whose name begins with an r, and not about every
    read-only address there is.
    """
    slippery = is_slippery(pad_id)
    for pattern in patterns:
        candidate = requested_id if pattern.startswith(READ_ONLY) else pad_id
        if matches(pattern, candidate) and not (slippery and _is_wild(pattern)):
            return True
    return False


def is_slippery(pad_id: str) -> bool:
    """Whether the id has `.` or `..` between slashes.

    Here it is a name like any other, so that `team/../secret` is not the pad `secret`. A proxy or
    page server in front may think otherwise, so no wildcard stands for such a name.
    """
    return any(part in (".", "..") for part in _BETWEEN_SLASHES.split(pad_id))


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern stands for the whole text; upper and lower case are different."""
    parts = list(_parts(pattern))
    at, place = 0, 0
    star, resume = -1, 0  # the last `*` that was passed, and where to try on after it
    while place < len(text):
        if at < len(parts) and parts[at] == (_WILD, "*"):
            star, resume = at, place
            at += 1
        elif at < len(parts) and (parts[at] == (_WILD, "?") or parts[at] == (_PLAIN, text[place])):
            at += 1
            place += 1
        elif star >= 0:
            # Only the last star needs to be tried again: what an earlier one took longer, it can
            # take as well. So this is never worse than len(pattern) * len(text).
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
