"""This module writes the formulas of office documents in one line, as people type them. It is
pure."""

from __future__ import annotations

from typing import Any, Final

_M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MATHML: Final = "{http://www.w3.org/1998/Math/MathML}"

MATH: Final = f"{_MATHML}math"
"""The root of a formula in MathML."""

MOST: Final = 2_000
"""The maximum number of characters of a formula in MathML: a document may show one any number of
times."""

_JOINED: Final = {
    "f": ("num", "/", "den"),
    "sSup": ("e", "^", "sup"),
    "sSub": ("e", "_", "sub"),
    "rad": ("deg", "√", "e"),
}
"""Formulas of Word that have two parts, with what is written between them."""

_BETWEEN: Final = {"mfrac": "/", "msup": "^", "msub": "_"}
"""Formulas in MathML that have two parts, and what is written between them."""


def written(formula: Any) -> str:
    """Returns a formula of Word in one line."""
    name = formula.tag.removeprefix(_M) if isinstance(formula.tag, str) else ""
    if name == "t":
        return formula.text or ""
    if name in _JOINED:
        first, sign, second = _JOINED[name]
        return f"{_part(formula, first)}{sign}{_part(formula, second)}"
    text = "".join(map(written, formula))
    if name == "d":
        return f"{_bracket(formula, 'begChr', '(')}{text}{_bracket(formula, 'endChr', ')')}"
    return text


def _part(formula: Any, name: str) -> str:
    found = formula.find(f"{_M}{name}")
    return "" if found is None else _grouped("".join(map(written, found)))


def _bracket(formula: Any, name: str, usual: str) -> str:
    found = formula.find(f"{_M}dPr/{_M}{name}")
    return usual if found is None else found.get(f"{_M}val", usual)


def written_in_mathml(root: Any) -> str:
    """Returns a formula in MathML in one line: as it was typed, if that is known."""
    typed = root.find(f".//{_MATHML}annotation")
    text = _of_mathml(root) if typed is None else typed.text or ""
    return " ".join(text.split())[:MOST]


def _of_mathml(element: Any) -> str:
    name = element.tag.removeprefix(_MATHML) if isinstance(element.tag, str) else ""
    if name == "msqrt":
        return "√" + _grouped("".join(map(_of_mathml, element)))
    if name in _BETWEEN:
        return _BETWEEN[name].join(_grouped(_of_mathml(child)) for child in element)
    return (element.text or "").strip() + "".join(map(_of_mathml, element))


def _grouped(text: str) -> str:
    """Returns a part of a formula, in brackets if it has more than one character."""
    return f"({text})" if len(text) > 1 else text
