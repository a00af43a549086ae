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

_LINES = {"underline": "underline", "line-through": "strikethrough"}
"""The format that each value of `text-decoration` stands for."""

MOST_RULES = 5_000
"""The maximum number of style sheet rules that are read. A document from a word processor has some
hundred."""

_RULE = re.compile(r"\.([\w-]{1,80})\s*\{([^{}]{0,2000})\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WEIGHT = re.compile(r"[1-9][0-9]{0,2}|1000")
_SIZE = re.compile(r"[0-9]*\.?[0-9]+(?:%|[a-z]).*|(?:xx?-)?(?:small|large)|medium|smaller|larger")

_BOLD = frozenset(("bold", "bolder"))
_NOT_BOLD = frozenset(("normal", "lighter", "initial"))

Changes = dict[str, bool]
"""Formats that are turned on (True) or off (False)."""

Declarations = dict[str, str]


def declarations(style: str) -> Declarations:
    """Returns the properties in a `style` attribute, or between the braces of a rule. If a property
    occurs several times, the last one counts. The shorthand `font` also sets `font-style` and
    `font-weight`."""
    found: Declarations = {}
    for part in style.lower().split(";"):
        name, _, value = part.partition(":")
        name, value = name.strip(), value.replace("!important", "").strip()
        found[name] = value
        if name == "font":
            found |= _font(value)
    return found


def _font(value: str) -> Declarations:
    """Returns the style and weight in the value of `font`. They stand before the size; what is left
    out there is normal. A value without a size, such as `inherit` or `caption`, says nothing."""
    found = {"font-style": "normal", "font-weight": "normal"}
    for word in value.split():
        if _SIZE.fullmatch(word.partition("/")[0]):
            return found
        if word in _BOLD or _WEIGHT.fullmatch(word):
            found["font-weight"] = word
        elif word in ("italic", "oblique"):
            found["font-style"] = word
    return {}


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
    line = f"{said.get('text-decoration', '')} {said.get('text-decoration-line', '')}".split()
    own = FORMATS.get(tag)
    # A line that an element around this one draws is not taken away by ``none``; its own is.
    if own and not ("none" in line and own in _LINES.values()):
        found[own] = True
    for value, name in _LINES.items():
        if value in line:
            found[name] = True
    for name, is_on in _styled(said):
        found[name] = is_on
    return found


def _styled(said: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    weight = said.get("font-weight", "")
    if weight in _BOLD or (_WEIGHT.fullmatch(weight) and int(weight) >= 600):
        yield "bold", True
    elif weight in _NOT_BOLD or _WEIGHT.fullmatch(weight):
        yield "bold", False
    style = said.get("font-style", "")
    if style.startswith(("italic", "oblique")):
        yield "italic", True
    elif style in ("normal", "initial"):
        yield "italic", False
