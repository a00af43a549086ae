"""Tests that the page on the Python API matches the code, and that the code describes
everything."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from padfleet.services.dev.reference import PARTS, names_of, render

PAGE = Path(__file__).parents[2] / "docs" / "api-python.md"
MODULES = [part.public for part in PARTS]


def test_the_page_is_that_of_the_code() -> None:
    assert render() == PAGE.read_text(), "run `make reference`"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_name_has_a_place_in_it(module: ModuleType) -> None:
    page = render()
    for name in names_of(module):
        assert f"\n#### {name}\n" in page


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_whatever_a_module_has_is_public_or_marked_as_not(module: ModuleType) -> None:
    """A name that is not public begins with an underscore. Names from `from … import …` do not
    belong to the module."""
    here = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }
    assert here <= set(module.__all__)


def described(found: Any) -> list[tuple[str, str | None]]:
    """Returns a public class or function, and the public methods and properties of the class, with
    their docstrings."""
    docs = [
        (
            found.__qualname__,
            vars(found).get("__doc__") if isinstance(found, type) else found.__doc__,
        )
    ]
    if isinstance(found, type):
        for name, value in vars(found).items():
            function = getattr(value, "__func__", getattr(value, "fget", value))
            if not name.startswith("_") and inspect.isfunction(function):
                docs.append((function.__qualname__, function.__doc__))
    return docs


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_thing_says_what_it_is(module: ModuleType) -> None:
    """The description has to be more than a name and a signature, and ends with a full stop."""
    silent = [
        name
        for found in (getattr(module, name) for name in names_of(module))
        if isinstance(found, type) or inspect.isfunction(found)
        for name, doc in described(found)
        if not doc or len(doc.split()) < 3 or not doc.strip().endswith((".", "`", "]"))
    ]
    assert not silent
