"""This module shows what has changed between two revisions of a pad, as a document: the newer text
with its authors, and within it the text that has been removed since, marked as removed. It is pure.

The result is what Etherpad's `createDiffHTML` shows. The authors of what was there before are
ignored. Where only attributes have changed, the text appears twice: as it was, and as it is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from padfleet.shared.bounds import is_color
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    Builder,
    apply_to_atext,
    attribs_of,
    compose,
    iter_ops,
    pack,
    unpack,
)
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.attributes import attribs_string
from padfleet.shared.easysync.base36 import numeral

REMOVED: Final = ("removed", "true")
"""The attribute of text that has been removed."""

MARKER: Final = "*"
"""The character at the beginning of a line that has its own attributes. It is never displayed."""

_NO_CLASS: Final = re.compile(r"[^A-Za-z0-9_-]")


class AuthoredChange(NamedTuple):
    author: str  #: empty if it has no particular author
    changeset: str  #: with the attribute numbers of a pool that all changes share


def difference(
    before: AText, changes: Iterable[AuthoredChange], pool: AttributePool
) -> tuple[AText, list[str]]:
    """Returns the document, and the authors of the changes in the order in which they first appear.

    Arguments:
        before: the document that the first change applies to.
        changes: the changes, each made to the result of the one before it. A change that only
            removes all authors is left out.
        pool: the pool of the attribute numbers in `before` and `changes`. Attributes that are new
            in the document are added to it.

    Raises `EasysyncError` if a change does not fit the one before it.
    """
    old = _without_authors(before, pool)
    authors: dict[str, None] = {}
    whole = _composed(_signed(changes, authors, pool), pool)
    if whole is None:
        return old, []
    taken_out = _removals(whole, old, pool)
    new = apply_to_atext(whole, old, pool)
    return apply_to_atext(taken_out, new, pool), list(authors)


def style(pool: AttributePool, colors: Mapping[str, int | str], palette: list[str]) -> str:
    """Returns a style element with a class for each author in the pool, and one for removed text.

    Arguments:
        colors: the colours of the known authors, as indices into `palette` or in CSS notation.
    """
    rules = []
    for number in range(len(pool)):
        key, value = pool.get(number)
        if key == "author" and value:
            color = _css(colors.get(value), palette)
            rules.append(f".{author_class(value)} {{background-color: {color}}}\n")
        elif key == REMOVED[0]:
            rules.append(
                ".removed {text-decoration: line-through; "
                "-ms-filter:'progid:DXImageTransform.Microsoft.Alpha(Opacity=80)'; "
                "filter: alpha(opacity=80); opacity: 0.8; }\n"
            )
    return f"<style>\n{''.join(rules)}</style>"


def author_class(author: str) -> str:
    """Returns the CSS class of text by `author`. Any character that has a meaning in CSS or HTML is
    replaced."""
    return "author" + _NO_CLASS.sub("_", author)


def _css(color: int | str | None, palette: list[str]) -> str:
    if isinstance(color, int) and 0 <= color < len(palette):
        return palette[color]
    return color if is_color(color) else "null"  # of unknown authors, as in Etherpad


# --- The change as a whole -----------------------------------------------------------------------


def _without_authors(atext: AText, pool: AttributePool) -> AText:
    keep = Builder(len(atext.text)).keep_text(atext.text, [("author", "")], pool)
    return apply_to_atext(keep.to_changeset(), atext, pool)


def _signed(
    changes: Iterable[AuthoredChange], authors: dict[str, None], pool: AttributePool
) -> Iterator[str]:
    """Yields the changesets, with the author added to each removal and each change of attributes.
    Adds the authors to `authors`."""
    for change in changes:
        if _takes_authors_away(change.changeset, pool):
            continue
        authors[change.author] = None
        yield _with_author(change, pool)


def _takes_authors_away(changeset: str, pool: AttributePool) -> bool:
    old_len, new_len, ops, bank = unpack(changeset)
    if bank or old_len != new_len:
        return False
    found = iter_ops(ops)
    if len(found) != 1 or found[0].opcode != "=" or found[0].chars < old_len - 1:
        return False
    return attribs_of(found[0].attribs, pool) == {"author": ""}


def _with_author(change: AuthoredChange, pool: AttributePool) -> str:
    old_len, new_len, ops, bank = unpack(change.changeset)
    author = "*" + numeral(pool.put("author", change.author))
    removal = author + "*" + numeral(pool.put(*REMOVED))
    out = Assembler()
    for op in iter_ops(ops):
        attribs = op.attribs
        if op.opcode == "-":
            attribs = removal
        elif op.opcode == "=" and attribs:
            attribs += author
        out.add(op.opcode, op.chars, op.lines, attribs)
    return pack(old_len, new_len, out.finish(), bank)


def _composed(changesets: Iterable[str], pool: AttributePool) -> str | None:
    """Returns all changesets composed into one, or None if there are none. Neighbours of the same
    size are composed pairwise: the result is the same as composing them one after the other, but
    each changeset is composed only as often as the logarithm of their number."""
    waiting: list[tuple[int, str]] = []  # each made of 2^n changesets, the larger ones first
    for changeset in changesets:
        size, whole = 0, changeset
        while waiting and waiting[-1][0] == size:
            whole = compose(waiting.pop()[1], whole, pool)
            size += 1
        waiting.append((size, whole))
    if not waiting:
        return None
    _, whole = waiting.pop()
    while waiting:
        whole = compose(waiting.pop()[1], whole, pool)
    return whole


# --- What has been removed ------------------------------------------------------------------------


def _removals(changeset: str, old: AText, pool: AttributePool) -> str:
    """Returns the changeset that inserts into the new text what the change has removed from the old
    one."""
    _, new_len, ops, _ = unpack(changeset)
    builder = Builder(new_len)
    there = _Old(old)
    for op in iter_ops(ops):
        if op.opcode == "+":
            builder.keep(op.chars, op.lines)
        elif op.opcode == "-":
            for text, attribs in there.next(op.chars):
                builder.insert(text, attribs + op.attribs)
        elif not op.attribs or there.is_marker(op.chars):
            there.skip(op.chars)
            builder.keep(op.chars, op.lines)
        else:
            _changed(builder, there.next(op.chars), attribs_of(op.attribs, pool), pool)
    return builder.to_changeset()


def _changed(
    builder: Builder,
    parts: Iterable[tuple[str, str]],
    set_to: dict[str, str],
    pool: AttributePool,
) -> None:
    """Handles text of which only attributes have changed: inserts the text as it was in front of
    each piece of it that lies within one line."""
    known: dict[str, str] = {}
    kept = 0
    for text, attribs in parts:
        for number, line in enumerate(text.split("\n")):
            if number:
                builder.keep(kept)
                builder.keep(1, 1)
                kept = 0
            if not line:
                continue
            if attribs not in known:
                known[attribs] = _as_it_was(attribs, set_to, pool)
            builder.insert(line, known[attribs])
            kept += len(line)
    builder.keep(kept)


def _as_it_was(attribs: str, set_to: dict[str, str], pool: AttributePool) -> str:
    """Returns the attributes for inserted text that shows how it looked before the change: the old
    values of the attributes that the change has set, no author, and the mark of removed text. As in
    Etherpad, attributes that the change left alone are not among them."""
    had = attribs_of(attribs, pool)
    back = {"author": "", REMOVED[0]: REMOVED[1]}
    for key, value in set_to.items():
        if had.get(key) != value:
            back[key] = had.get(key, "")
    return attribs_string(back.items(), pool)


class _Old:
    """Reads the old text from its beginning to its end."""

    def __init__(self, atext: AText) -> None:
        self._text = atext.text
        self._position = 0
        self._runs = iter([(op.chars, op.attribs) for op in iter_ops(atext.attribs)])
        self._left, self._attribs = 0, ""

    def is_marker(self, chars: int) -> bool:
        return chars == 1 and self._text[self._position : self._position + 1] == MARKER

    def skip(self, chars: int) -> None:
        for _ in self.next(chars):
            pass

    def next(self, chars: int) -> Iterator[tuple[str, str]]:
        """Yields the next `chars` characters, in pieces that have the same attributes throughout,
        each with its attributes."""
        while chars > 0:
            while not self._left:
                self._left, self._attribs = next(self._runs)
            taken = min(chars, self._left)
            chars -= taken
            self._left -= taken
            start = self._position
            self._position += taken
            yield self._text[start : self._position], self._attribs
