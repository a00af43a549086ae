"""Draws tables for terminals of any width. Pure.

It uses no library: what is needed is a grid that drops its least important columns, and names that
cannot control the terminal. Rich would be a dependency of each worker's image for that.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

R = TypeVar("R")

GAP = 2
NARROWEST = 16
"""Cells that are left to a column of names before another column is left out for it."""


class TableColumn(NamedTuple, Generic[R]):
    title: str
    text: Callable[[R], str]
    keep: int  #: the higher, the longer it stays when room runs out
    left: bool = False  #: words stand left, numbers right


def rows(columns: Sequence[TableColumn[R]], things: Sequence[R], width: int) -> Iterator[str]:
    """Yields a line of titles and one line for each thing, at most `width` cells wide."""
    grid = {column.title: [plain(column.text(thing)) for thing in things] for column in columns}
    needed = {title: max(map(cells, [title, *texts])) for title, texts in grid.items()}
    least = {
        c.title: min(needed[c.title], NARROWEST) if c.left else needed[c.title] for c in columns
    }
    kept = list(columns)
    while len(kept) > 1 and _wide(least[c.title] for c in kept) > width:
        kept.remove(min(kept, key=lambda column: column.keep))
    # What is too long is cut where it is longest; figures only where nothing else is left to cut.
    sizes = {column.title: needed[column.title] for column in kept}
    names = {column.title for column in kept if column.left}
    while _wide(sizes.values()) > width and max(sizes.values()) > 1:
        wordy = [title for title in names if sizes[title] > least[title]]
        longest = max(wordy or sizes, key=lambda title: sizes[title])
        sizes[longest] -= 1
    for line in range(-1, len(things)):
        texts = [(c, c.title if line < 0 else grid[c.title][line]) for c in kept]
        fitted = (fit(text, sizes[c.title], left=c.left) for c, text in texts)
        yield (" " * GAP).join(fitted).rstrip()


def _wide(sizes: Iterable[int]) -> int:
    found = list(sizes)
    return sum(found) + GAP * (len(found) - 1)


def plain(text: str) -> str:
    """Returns the text for a terminal, without anything that would control it or reverse its
    direction."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def cells(text: str) -> int:
    """Returns how many cells the text takes."""
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, width: int, *, left: bool = True) -> str:
    """Returns exactly `width` cells: the text is cut with an ellipsis, or padded."""
    if cells(text) > width:
        text = cut(text, width)
    space = " " * (width - cells(text))
    return text + space if left else space + text


def cut(text: str, width: int) -> str:
    """Returns at most `width` cells of the text."""
    if cells(text) <= width:
        return text
    taken, room = "", width - 1
    for char in text:
        room -= _cells(char)
        if room < 0:
            break
        taken += char
    return f"{taken}…"


def wrapped(text: str, width: int, indent: int) -> Iterator[str]:
    """Yields lines of at most `width` cells, of which all but the first begin with `indent`
    spaces."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else f"{line}{word}"
        if cells(longer) > width and line.strip():
            yield line
            line = " " * indent + word
        else:
            line = longer
        line = cut(line, width)
    yield line
