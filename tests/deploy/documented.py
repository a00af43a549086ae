"""The commands that README and docs print, taken out of their pages. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
WRITTEN_BY_TOOLS = {"client-typescript.md", "client-python.md"}

_BLOCK = re.compile(r"(?:<!-- not run: (.+?) -->\n+)?^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*=")


class DocumentedCommand(NamedTuple):
    page: str
    line: int  #: of the page, from 1
    environ: dict[str, str]
    words: list[str]  #: none: only settings are shown
    why_not: str  #: it is not run; empty: it is

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def commands(page: Path) -> Iterator[DocumentedCommand]:
    """Yields the commands in the page's `sh` blocks. A command that cannot be run says why in a
    comment before it: `<!-- not run: it needs a cluster -->`."""
    text = page.read_text()
    for block in _BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(2)) + 1
        for number, line in _joined(block[2].splitlines()):
            words = shlex.split(line, comments=True)
            environ = {}
            while words and _SETTING.match(words[0]):
                name, _, value = words.pop(0).partition("=")
                environ[name] = value
            if words or environ:
                yield DocumentedCommand(page.name, first + number, environ, words, block[1] or "")


def _joined(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Lines with those that they are continued on, and the number of the first of each."""
    begun, start = "", 0
    for number, line in enumerate(lines):
        start = start if begun else number
        begun += line.removesuffix("\\")
        if not line.endswith("\\"):
            yield start, begun
            begun = ""
    assert not begun, f"{begun!r} is continued on no line"


ALL = [command for page in PAGES if page.name not in WRITTEN_BY_TOOLS for command in commands(page)]
