"""Tests that no task is started without an owner: only `tasks` and the supervisor may ask asyncio
for one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWNERS = {
    "shared/tasks.py",
    "shared/supervision/supervisor.py",
    "shared/supervision/supervised_task.py",
}
FORBIDDEN = {"create_task", "ensure_future"}
PLACES = ("shared", "services/fanout", "services/writer", "services/web/api", "services/web/fleet")


def found(source: str) -> list[int]:
    """Returns the lines that ask asyncio, or its loop, for a task."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and node.attr in FORBIDDEN)
        or (isinstance(node, ast.ImportFrom) and {n.name for n in node.names} & FORBIDDEN)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "asyncio.create_task(x())",
        "asyncio.get_running_loop().create_task(x())",
        "group.create_task(x())",
        "asyncio.ensure_future(x())",
        "from asyncio import create_task",
    ],
)
def test_each_way_is_found(line: str) -> None:
    assert found(line) == [1]


def test_only_their_owners_make_tasks() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{line}"
        for place in PLACES
        for path in sorted((ROOT / place).rglob("*.py"))
        # The client library stands alone: it knows nothing of a server's processes.
        if str(path.relative_to(ROOT)) not in OWNERS and "client" not in path.parts
        for line in found(path.read_text())
    ]
    assert not bare, "use padfleet.shared.tasks or the supervisor"
