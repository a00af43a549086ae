"""Tests that docs/logs.md has every field that a log line may have."""

from __future__ import annotations

import ast
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from padfleet.shared.log.fleet.audit import AuditEntry, Doer
from padfleet.shared.logs import JsonFormatter

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "logs.md").read_text()
ROWS = re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE)
DESCRIBED = {name for row in ROWS for name in re.findall(r"`(\w+)`", row)}
MODULES = [
    path
    for folder in ("shared", "services")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts and "dev" not in path.parts
]


def fields_of(module: ast.Module) -> Iterator[str]:
    """Yields the names of the facts that a module adds to its log lines."""
    for call in ast.walk(module):
        if isinstance(call, ast.Call):
            for keyword in call.keywords:
                if keyword.arg == "extra":
                    yield from _keys(keyword.value, module)


def _keys(value: ast.expr, module: ast.Module) -> Iterator[str]:
    """Yields the keys of a literal mapping, of a named one, and of mappings that are merged into
    them."""
    if isinstance(value, ast.Dict):
        for key, part in zip(value.keys, value.values, strict=True):
            if key is None:
                yield from _keys(part, module)
            elif isinstance(key, ast.Constant):
                yield str(key.value)
    elif isinstance(value, ast.Name):
        for node in ast.walk(module):
            yield from _put_in(value.id, node, module)


def _put_in(name: str, node: ast.AST, module: ast.Module) -> Iterator[str]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    for target in targets:
        assert isinstance(node, (ast.Assign, ast.AnnAssign))
        if isinstance(target, ast.Name) and target.id == name and isinstance(node.value, ast.Dict):
            yield from _keys(node.value, module)
        if (
            isinstance(target, ast.Subscript)
            and isinstance(target.value, ast.Name)
            and target.value.id == name
            and isinstance(target.slice, ast.Constant)
        ):
            yield str(target.slice.value)


def test_every_field_is_described() -> None:
    found = {
        (field, path.name)
        for path in MODULES
        if "extra=" in (text := path.read_text())
        for field in fields_of(ast.parse(text))
    }
    assert len({field for field, _ in found}) > 60, "the search has lost its way"
    assert {place for place in found if place[0] not in DESCRIBED} == set()


def test_what_every_line_has_is_described() -> None:
    """No field is described of which there is no trace in the code."""
    try:
        raise ValueError
    except ValueError:
        told = sys.exc_info()
    record = logging.LogRecord("padfleet", logging.ERROR, "", 1, "said", None, told)
    assert json.loads(JsonFormatter("writer").format(record)).keys() <= DESCRIBED
    code = "".join(path.read_text() for path in MODULES)
    gone = {name for name in DESCRIBED if not re.search(rf"\b{name}\b", code)}
    done = AuditEntry("1", 0, Doer("command", "", "", ""), "delete", "pad", "done", "", {})
    audited = {f"audit_{name}" for name in done.as_json()}
    assert {name for name in gone if name.startswith("audit_")} == audited
    assert {name for name in gone if not name.startswith("audit_")} == set()
