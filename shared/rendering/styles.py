"""What tags, classes and inline styles say of a text's formats. Pure.

Of CSS as much as word processors and editors write into files that are meant to be read elsewhere:
the declarations of `style` attributes, and rules of a style sheet for a class alone.
"""

import re
from collections.abc import Iterator, Mapping

FORMATS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "cite": "italic",
    "dfn": "italic",
    "var": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "del": "strikethrough",
    "strike": "strikethrough",
}
"""What each tag stands for."""

MOST_RULES = 5_000
"""Rules of a style sheet that are read: a document of a word processor has some hundred."""

_RULE = re.compile(r"\.([\w-]{1,80})\s*\{([^{}]{0,2000})\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WEIGHT = re.compile(r"[1-9][0-9]{0,2}")

Changes = dict[str, bool]
"""Formats that something turns on or off."""

Declarations = dict[str, str]


def declarations(style: str) -> Declarations:
    """The properties in a `style` attribute, or between the braces of a rule; the last one of a
    name counts."""
    found: Declarations = {}
    for part in style.lower().split(";"):
        name, _, value = part.partition(":")
        found[name.strip()] = value.replace("!important", "").strip()
    return found


def rules(sheet: str) -> dict[str, Declarations]:
    """Declarations by class."""
    found: dict[str, Declarations] = {}
    sheet = _COMMENT.sub("", sheet) if sheet.count("/*") == sheet.count("*/") else sheet
    for number, rule in enumerate(_RULE.finditer(sheet)):
        if number == MOST_RULES:
            break
        found.setdefault(rule[1], {}).update(declarations(rule[2]))
    return found


def changes(tag: str, said: Mapping[str, str]) -> Changes:
    """What an element does to the formats of its text. `said`: its declarations.

    An inline style is stronger than the tag: what Google Docs copies lies in a `<b>` that says
    ``font-weight: normal``.
    """
    found: Changes = {}
    if tag in FORMATS:
        found[FORMATS[tag]] = True
    for name, is_on in _styled(said):
        found[name] = is_on
    return found


def _styled(said: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    weight = said.get("font-weight", "")
    if weight in ("bold", "bolder") or (_WEIGHT.fullmatch(weight) and int(weight) >= 600):
        yield "bold", True
    elif weight in ("normal", "lighter") or _WEIGHT.fullmatch(weight):
        yield "bold", False
    style = said.get("font-style", "")
    if style.startswith(("italic", "oblique")):
        yield "italic", True
    elif style == "normal":
        yield "italic", False
    line = f"{said.get('text-decoration', '')} {said.get('text-decoration-line', '')}".split()
    if "underline" in line:
        yield "underline", True
    if "line-through" in line:
        yield "strikethrough", True
