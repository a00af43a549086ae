"""This module reads the formats of a text from tags, classes and inline styles. It is pure.

It understands as much CSS as word processors and editors write into files for others to read: the
declarations of `style` attributes, and style sheet rules whose selector is a single class.
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
"""The format that each tag stands for."""

MOST_RULES = 5_000
"""The maximum number of style sheet rules that are read. A document from a word processor has some
hundred."""

_RULE = re.compile(r"\.([\w-]{1,80})\s*\{([^{}]{0,2000})\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WEIGHT = re.compile(r"[1-9][0-9]{0,2}")

Changes = dict[str, bool]
"""Formats that are turned on (True) or off (False)."""

Declarations = dict[str, str]


def declarations(style: str) -> Declarations:
    """Returns the properties in a `style` attribute, or between the braces of a rule. If a property
    occurs several times, the last one counts."""
    found: Declarations = {}
    for part in style.lower().split(";"):
        name, _, value = part.partition(":")
        found[name.strip()] = value.replace("!important", "").strip()
    return found


def rules(sheet: str) -> dict[str, Declarations]:
    """Returns the declarations of a style sheet by class."""
    found: dict[str, Declarations] = {}
    sheet = _COMMENT.sub("", sheet) if sheet.count("/*") == sheet.count("*/") else sheet
    for number, rule in enumerate(_RULE.finditer(sheet)):
        if number == MOST_RULES:
            break
        found.setdefault(rule[1], {}).update(declarations(rule[2]))
    return found


def changes(tag: str, said: Mapping[str, str]) -> Changes:
    """Returns how an element changes the formats of its text.

    An inline style overrides the tag: what Google Docs copies is inside a `<b>` with ``font-weight:
    normal``.

    Arguments:
        said: the element's declarations.
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
