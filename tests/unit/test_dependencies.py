"""Tests what pyproject.toml says about other people's packages."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CODE = ("services", "shared", "src/padfleet")
OVERRIDDEN = ("aiohttp", "python-engineio", "python-socketio", "redis")


@cache
def declared() -> dict[str, Requirement]:
    """Returns the declared requirements by name, including those of the extras that a wheel has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [lines for name, lines in project["optional-dependencies"].items() if name != "dev"]
    found = map(
        Requirement, [*project["dependencies"], *(line for lines in extras for line in lines)]
    )
    return {canonicalize_name(each.name): each for each in found}


def imported() -> dict[str, Path]:
    """Returns the third-party packages that our code imports, each with a file that imports it."""
    found: dict[str, Path] = {}
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module or ""]
                found |= {name.partition(".")[0]: path.relative_to(ROOT) for name in names}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names}


def test_whatever_is_imported_is_declared() -> None:
    """A package that is installed only as another one's dependency may be missing with that one's
    next version."""
    owners = packages_distributions()
    missing = {
        name: str(path)
        for name, path in imported().items()
        if name != "padfleet"
        and not any(canonicalize_name(owner) in declared() for owner in owners.get(name, ()))
    }
    assert not missing, "add these to the dependencies in pyproject.toml"


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_where_private_parts_are_overridden_there_is_an_upper_bound(name: str) -> None:
    specifier = declared()[name].specifier
    assert any(each.operator == "<" for each in specifier), f"{name}{specifier} has no upper bound"
    assert version(name) in specifier, (
        f"{name} {version(name)} is not within {specifier}: make setup"
    )


def test_each_package_that_we_override_is_among_them() -> None:
    """Points of override name the classes of a library."""
    owners = packages_distributions()
    files = [
        *(ROOT / "tests/unit/overridden").glob("test_*.py"),
        *ROOT.glob("tests/*/**/test_overridden.py"),
    ]
    tops = {
        top
        for path in files
        for top in re.findall(r"^from (\w+)", path.read_text(), re.MULTILINE)
        if top in owners and top not in {"pytest", "padfleet"}
    }
    assert {canonicalize_name(owner) for top in tops for owner in owners[top]} == set(OVERRIDDEN)
