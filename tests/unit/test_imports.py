"""Who imports whom: each room of the code has doors to those below it, and no others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PUBLIC = ("__init__", "__main__", "easysync", "hooks")
"""Modules of src/padfleet itself."""

APART = ("services.fanout", "services.writer", "services.web", "services.tools", "services.dev")
"""These never import each other,"""

MOUNTS = {("services.fanout", "services.web")}
"""but a worker serves what `web` has, and its `app` alone puts the two together."""

FANOUT = (
    ("metrics", "errors"),
    ("auth",),
    ("limits",),
    ("transport",),
    ("pads",),
    ("delivery",),
    ("presence",),
    ("hub",),
    ("requests",),
    ("collab", "timeslider"),
    ("ops",),
    ("app",),
    ("__main__",),
)
"""The rooms of a worker, lowest first. Each imports from those before it only."""


@cache
def sources() -> dict[str, ast.Module]:
    """By module, below `padfleet`: its code."""
    found = {}
    for top in ("services", "shared", "src/padfleet"):
        for path in (ROOT / top).rglob("*.py"):
            if {"node_modules", "services", "shared"} & set(path.relative_to(ROOT / top).parts):
                continue
            name = path.relative_to(ROOT / (top if top.startswith("src") else ".")).with_suffix("")
            found[".".join(name.parts).removesuffix(".__init__")] = ast.parse(path.read_text())
    return found


@cache
def imports() -> dict[str, frozenset[str]]:
    """By module: the modules and names that it imports of the package, below `padfleet`."""
    return {name: frozenset(_of(tree)) for name, tree in sources().items()}


def _of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names]
        else:
            continue
        for name in whole:
            if name.startswith("padfleet."):
                yield name.removeprefix("padfleet.")


def _room(name: str) -> str:
    """`services.fanout`, or the part of it that a module is in; else the same of another folder."""
    return ".".join(name.split(".")[:2])


def test_all_of_the_code_is_looked_at() -> None:
    assert len(imports()) > 400
    assert "shared.log.inbox" in imports()
    assert "shared.log.records.Revision" in imports()["services.fanout.pads.steps"]


def test_a_class_has_a_name_of_its_own() -> None:
    """One word for one thing; a private class is the business of its module."""
    places: dict[str, list[str]] = {}
    for name, tree in sources().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert not {name: there for name, there in places.items() if len(there) > 1}


def test_shared_imports_no_service() -> None:
    odd = [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if name.startswith("shared") and other.startswith("services")
    ]
    assert not odd


def test_services_do_not_import_each_other() -> None:
    odd = [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if (mine := _room(name)) in APART
        and (theirs := _room(other)) in APART
        and mine != theirs
        and not ((mine, theirs) in MOUNTS and name == "services.fanout.app")
    ]
    assert not odd


def test_commands_do_not_import_each_other() -> None:
    odd = [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if name.startswith(("services.tools.", "services.web.", "services.dev."))
        and other.startswith(("services.tools.", "services.web.", "services.dev."))
        and name.split(".")[1:3] != other.split(".")[1:3]
    ]
    assert not odd


def test_a_worker_imports_downwards() -> None:
    floor = {room: number for number, rooms in enumerate(FANOUT) for room in rooms}
    odd = []
    for name, others in imports().items():
        if not name.startswith("services.fanout."):
            continue
        mine = name.split(".")[2]
        for other in others:
            if not other.startswith("services.fanout."):
                continue
            theirs = other.split(".")[2]
            if theirs != mine and floor[theirs] >= floor[mine]:
                odd.append(f"{name}: {other}")
    assert not odd


@pytest.mark.parametrize("public", PUBLIC)
def test_only_the_outermost_imports_what_is_public(public: str) -> None:
    """The fleet uses its own parts, so that what is offered to others can be changed by itself."""
    if public == "__init__":
        return
    odd = [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if other.split(".")[0] == public and name.startswith(("services", "shared"))
    ]
    assert not odd
