"""Tests that JSON is read without a limit on its values only by modules whose texts are our own, or
that run where nobody waits for them.

Reading JSON holds the interpreter, whichever thread does it, and a megabyte of values takes a
second. Whoever adds a module here says in a word whose text it reads.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OURS = "what we have stored or written ourselves, within the limits of an edit"
FILE = "records of a file, in a process with limits or in a command"
OPERATOR = "what an operator's own service or file says"
COUNTED = "a packet whose values were counted when it arrived"

UNLIMITED = {
    "services/fanout/pads/collabroom.py": OURS,
    "services/fanout/timeslider/granules.py": OURS,
    "services/fanout/transport/engine_socket.py": COUNTED,
    "services/tools/export/etherpad.py": OPERATOR,
    "services/tools/importing/couch.py": OPERATOR,
    "services/tools/importing/dirty.py": FILE,
    "services/tools/importing/mongo.py": OPERATOR,
    "services/web/api/revisions.py": OURS,
    "shared/log/pad/rewriting.py": OURS,
    "shared/cold/etherpad/changing.py": OURS,
    "shared/cold/etherpad/note.py": OURS,
    "shared/cold/layout/pads.py": OURS,
    "shared/conversion/shown.py": OURS,
    "shared/etherpad/jsonfile.py": FILE,
    "shared/etherpad/source.py": FILE,
    "shared/etherpad/web.py": OPERATOR,
    "shared/log/pad/announcements.py": OURS,
    "shared/log/pad/chat.py": OURS,
    "shared/log/pad/document.py": OURS,
    "shared/log/pad/options.py": OURS,
    "shared/log/pad/past.py": OURS,
    "shared/log/people/group_sessions.py": OURS,
    "shared/wire/socketio.py": "what a server sends to our clients",
}

PYTHONS_OWN = {
    "services/web/page/assets.py": OURS,
    "shared/archive/taking.py": OURS,
    "shared/cold/paging.py": "where a page of an operator's list goes on; 1,000 characters",
    "shared/cold/rows.py": OURS,
    "shared/log/fleet/audit.py": OURS,
    "shared/ordering.py": OURS,
}
"""Modules that use the standard library's reader. Those of commands that need no fleet are not
listed."""

ALONE = ("services/dev", "services/tools")


def unlimited(source: str) -> list[int]:
    """Returns the lines that call our `loads` without `most`."""
    return [
        line for line, call in _calls(source) if not any(k.arg == "most" for k in call.keywords)
    ]


def _calls(source: str) -> list[tuple[int, ast.Call]]:
    return [
        (node.lineno, node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _is_ours(node.func)
    ]


def _is_ours(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return called.attr == "loads" and called.value.id == "jsontext"
    return isinstance(called, ast.Name) and called.id == "loads"


def pythons(source: str) -> list[int]:
    """Returns the lines that call the standard library's `json.loads` or `json.load`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr in ("load", "loads")
        and isinstance(node.value, ast.Name)
        and node.value.id == "json"
    ]


@pytest.mark.parametrize("line", ["loads(text)", "jsontext.loads(text)", "x = map(str, loads(t))"])
def test_each_way_is_found(line: str) -> None:
    assert unlimited(line) == [1]
    assert unlimited(line.replace("text)", "text, most=8)").replace("(t)", "(t, most=8)")) == []


def modules() -> list[Path]:
    return [
        path for place in ("shared", "services") for path in sorted((ROOT / place).rglob("*.py"))
    ]


def test_only_these_read_without_a_limit() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in modules()
        if unlimited(path.read_text()) and path.name != "jsontext.py"
    }
    assert found == set(UNLIMITED), "give `loads` a `most`, or say here whose text it reads"


def test_only_these_read_with_pythons_own() -> None:
    found = {
        name
        for path in modules()
        if not (name := str(path.relative_to(ROOT))).startswith(ALONE) and pythons(path.read_text())
    }
    assert found == set(PYTHONS_OWN), "use padfleet.shared.wire.jsontext"
