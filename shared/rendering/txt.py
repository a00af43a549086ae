"""A pad as plain text, in the form of Etherpad's export."""

from collections.abc import Iterable, Iterator

from padfleet.shared.easysync import AText, AttributePool
from padfleet.shared.rendering.lines import TextLine, lines_of


def to_txt(atext: AText, pool: AttributePool) -> str:
    """List items are indented by a tab for each level, with ``* `` or their number (``1.2. ``) in
    front; a numbered list begins with the number that its first item has. Each line ends with a
    newline. Raises `EasysyncError` as `lines_of` does."""
    return "".join(_lines(lines_of(atext, pool)))


def without_halves(units: str) -> str:
    """The ordinary string of a code-unit string, with U+FFFD for each half of a pair: that cannot
    be written as UTF-8."""
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def numbered(lines: Iterable[TextLine]) -> Iterator[tuple[TextLine, dict[int, int]]]:
    """The lines, each with the numbers of the items of numbered lists that are open, by level."""
    counts: dict[int, int] = {}
    for line in lines:
        # An item ends the lists that lie deeper, one that has no number those of its own level too;
        # what is no item ends all.
        over = line.level if line.list_type == "number" else line.level - 1
        counts = {level: count for level, count in counts.items() if level <= over}
        if line.list_type == "number":
            count = counts.get(line.level)
            if count is None:
                count = (line.start or 1) - 1
            counts[line.level] = count + 1
        yield line, counts


def _lines(lines: Iterable[TextLine]) -> Iterable[str]:
    for line, counts in numbered(lines):
        front = ""
        if line.list_type == "number":
            # A level in between without a number of its own has none to show.
            front = "".join(f"{counts[n]}." for n in sorted(counts)) + " "
        elif line.list_type == "bullet":
            front = "* "
        yield "\t" * line.level + front + line.text + "\n"
