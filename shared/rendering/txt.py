"""A pad as plain text, in the form of Etherpad's export."""

from collections.abc import Iterable

from shared.easysync import AText, AttributePool
from shared.rendering.lines import Line, lines_of


def to_txt(atext: AText, pool: AttributePool) -> str:
    """List items are indented by a tab for each level, with ``* `` or their number (``1.2. ``) in
    front. Each line ends with a newline. Raises `EasysyncError` as `lines_of` does."""
    return "".join(_lines(lines_of(atext, pool)))


def _lines(lines: Iterable[Line]) -> Iterable[str]:
    counts: dict[int, int] = {}  # by level
    before = 0
    for line in lines:
        if line.list_type != "number":
            counts.clear()
        number = ""
        if line.list_type == "number":
            if line.level < before:
                counts.pop(before, None)
            counts[line.level] = counts.get(line.level, 0) + 1
            number = "".join(f"{counts.get(n, 0)}." for n in range(1, line.level + 1)) + " "
            before = line.level
        elif line.list_type == "bullet":
            number = "* "
        yield "\t" * line.level + number + line.text + "\n"
