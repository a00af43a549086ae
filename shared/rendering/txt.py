"""This module renders a pad as plain text, in the form of Etherpad's export."""

from collections.abc import Iterable, Iterator

from padfleet.shared.easysync import AText, AttributePool
from padfleet.shared.rendering.lines import TextLine, lines_of


def to_txt(atext: AText, pool: AttributePool) -> str:
    """Returns the text. List items are indented by a tab for each level and begin with ``* `` or
    their number (``1.2. ``); a numbered list starts at the number of its first item. Each line ends
    with a newline.

    Raises `EasysyncError` if the attributes do not fit the text or are not in the pool.
    """
    return "".join(_lines(lines_of(atext, pool)))


def without_halves(units: str) -> str:
    """Converts a code-unit string to an ordinary one, with U+FFFD for each lone surrogate, which
    UTF-8 cannot represent."""
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def numbered(lines: Iterable[TextLine]) -> Iterator[tuple[TextLine, dict[int, int]]]:
    """Yields the lines. With each one comes the current number of each open numbered list, by
    level."""
    counts: dict[int, int] = {}
    for line in lines:
        # An item ends the lists that are deeper than it, and an item without a number also ends the
        # numbered list of its own level. A line that is not an item ends all lists.
        over = line.level if line.list_type == "number" else line.level - 1
        counts = {level: count for level, count in counts.items() if level <= over}
        if line.list_type == "number":
            count = counts.get(line.level)
            if count is None:
                count = (1 if line.start is None else line.start) - 1
            counts[line.level] = count + 1
        yield line, counts


def _lines(lines: Iterable[TextLine]) -> Iterable[str]:
    for line, counts in numbered(lines):
        front = ""
        if line.list_type == "number":
            # A level in between that has no number is left out.
            front = "".join(f"{counts[n]}." for n in sorted(counts)) + " "
        elif line.list_type == "bullet":
            front = "* "
        yield "\t" * line.level + front + line.text + "\n"
