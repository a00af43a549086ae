"""Tests that every class of ours which overrides a method of a library is among the points."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

from tests.integration.log import test_overridden as of_redis
from tests.unit.overridden import test_sockets as of_sockets
from tests.unit.overridden.points import overridden

ROOT = Path(__file__).parents[3]
LIBRARIES = ("aiohttp", "engineio", "redis", "socketio")


def modules() -> Iterator[str]:
    """Yields our modules that name one of the libraries and define a class with a base."""
    for top in ("shared", "services"):
        for path in (ROOT / top).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            named = {
                node.module.partition(".")[0]
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module is not None
            } | {
                alias.name.partition(".")[0]
                for node in ast.walk(tree)
                if isinstance(node, ast.Import)
                for alias in node.names
            }
            heirs = any(isinstance(node, ast.ClassDef) and node.bases for node in ast.walk(tree))
            if heirs and named & set(LIBRARIES):
                yield ".".join(("padfleet", *path.relative_to(ROOT).with_suffix("").parts))


def test_no_class_overrides_a_library_unnoticed() -> None:
    points = (*of_sockets.POINTS, *of_redis.POINTS, *of_redis.CLUSTER_POINTS)
    noticed = {point.ours for point in points}
    found = {
        value
        for name in modules()
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type)
        and value.__module__ == name
        and any(overridden(value, library) for library in LIBRARIES)
    }
    assert len(found) > 5
    assert found == noticed, "give each of them its `Point`"
