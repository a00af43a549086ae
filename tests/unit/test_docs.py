"""Tests that what the documentation names exists: links, anchors, and the names of the glossary."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from padfleet.services.fanout.limits.allowances import Allowances
from padfleet.services.fanout.limits.connection_quota import QuotaExceeded
from padfleet.shared.archive import entries as archive
from padfleet.shared.log import entries

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for folder, below in (
        ("", "*.md"),
        ("docs", "**/*.md"),
        ("deploy", "**/*.md"),
        ("services/web/page/client", "*.md"),
        ("shared", "**/*.md"),
        ("clients", "*/*.md"),
        ("tests", "**/*.md"),
    )
    for path in (ROOT / folder).glob(below)
    if "node_modules" not in path.parts
)
MADE = {"client-typescript.md"}
"""Written by a tool, with anchors that the renderer of the page gives it."""

OFFERED_BY_PADFLEET = {"to_units", "from_units"}
"""Functions of `padfleet.easysync` that the client's docstring is about."""

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_CLASS = re.compile(r"^class (\w+)", re.MULTILINE)


def prose(page: Path) -> str:
    """Returns the page without its blocks of code."""
    return _FENCED.sub("", page.read_text())


@cache
def anchors(page: Path) -> frozenset[str]:
    """Returns the anchors that GitHub makes from the page's headings."""
    found: dict[str, int] = {}
    names = []
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        times = found[name] = found.get(name, -1) + 1
        names.append(f"{name}-{times}" if times else name)
    return frozenset(names)


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Yields the path and the anchor of each link into this repository."""
    for target in _LINK.findall(prose(page)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {path}"
        if anchor and target.name not in MADE:
            assert anchor in anchors(target), f"{page.name}: {path}#{anchor}"


def test_modules_that_are_named_are_there() -> None:
    """A module is named by the end of its path."""
    there = {
        f"/{path.relative_to(ROOT).as_posix()}"
        for folder in ("shared", "services", "src", "tests", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    }
    odd = [
        f"{page.name}: {name}"
        for page in PAGES
        if page.name != "CHANGELOG.md"  # it tells of what has been
        for name in _CODE.findall(prose(page))
        if re.fullmatch(r"[\w/]+\.py", name) and not any(t.endswith(f"/{name}") for t in there)
    ]
    assert not odd


def rooms() -> Iterator[tuple[Path, ast.Module]]:
    """Yields the packages of the code, each with the content of its `__init__.py`."""
    for folder in ("shared", "services"):
        for path in sorted((ROOT / folder).rglob("__init__.py")):
            if "node_modules" not in path.parts:
                yield path.parent, ast.parse(path.read_text())


def test_every_room_says_what_is_in_it() -> None:
    assert [room.name for room, code in rooms() if not ast.get_docstring(code)] == []


def test_what_a_room_names_is_there() -> None:
    """A module or file of the room or of one above it, or a function that the room offers."""
    tops = {ROOT / "src" / "padfleet", ROOT / "src"}
    odd = []
    for room, code in rooms():
        offered = {
            name.name
            for node in ast.walk(code)
            for name in (node.names if isinstance(node, ast.ImportFrom) else [node])
            if isinstance(name, ast.FunctionDef | ast.alias)
        }
        places = [room, *(p for p in room.parents if p.is_relative_to(ROOT)), *tops]
        for name in re.findall(r"(?<!`)`([a-z_][a-z_.]*)`(?!`)", ast.get_docstring(code) or ""):
            paths = [place / below for place in places for below in (name, name.replace(".", "/"))]
            found = any(path.exists() or path.with_suffix(".py").exists() for path in paths)
            if not found and name not in offered | OFFERED_BY_PADFLEET:
                odd.append(f"{room.relative_to(ROOT)}: {name}")
    assert not odd


def test_every_page_is_in_the_index() -> None:
    listed = {path for path, _ in links(ROOT / "docs" / "README.md")}
    missing = [p.name for p in (ROOT / "docs").glob("*.md") if p.name not in {*listed, "README.md"}]
    assert not missing
    decided = {path for path, _ in links(ROOT / "docs" / "decisions" / "README.md")}
    assert {p.name for p in (ROOT / "docs" / "decisions").glob("[0-9]*.md")} <= decided


def words() -> list[tuple[str, str]]:
    """Returns the glossary's words, and where each one lives."""
    rows = _ROW.findall((ROOT / "docs" / "glossary.md").read_text())
    return [(word, where) for word, _, where in rows if word != "word" and "---" not in word]


def test_the_words_of_the_glossary_live_where_it_says() -> None:
    assert len(words()) > 80
    tops = (ROOT, ROOT / "shared", ROOT / "services", ROOT / "services" / "fanout")
    odd = []
    for word, where in words():
        package = ""
        for name in _CODE.findall(where):
            # `easysync/follow`, `fast_rebase`: the second one is in the first one's package.
            places = [top / base for top in tops for base in (name, f"{package}/{name}")]
            found = any(p.exists() or p.with_suffix(".py").exists() for p in places)
            package = str(Path(name).parent) if "/" in name else package
            if not found:
                odd.append(f"{word}: {name}")
    assert not odd


def test_the_classes_of_the_glossary_are_defined() -> None:
    defined = {
        name
        for folder in ("shared", "services")
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
        for name in _CLASS.findall(path.read_text())
    }
    text = (ROOT / "docs" / "glossary.md").read_text()
    named = {name for name in _CODE.findall(text) if re.fullmatch(r"[A-Z][a-z]\w+", name)}
    assert named
    assert not named - defined


def test_every_limit_that_is_counted_is_explained() -> None:
    """A limit is known by its label in `padfleet_fanout_limited_total`."""
    code = "".join(
        path.read_text()
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    )
    labels = {
        *re.findall(r'LIMITED\.labels\("(\w+)"', code),
        *(field.name for field in fields(Allowances)),
        *(full.value for full in QuotaExceeded),
    }
    assert len(labels) > 25
    page = (ROOT / "docs" / "limits.md").read_text()
    assert not {label for label in labels if f"`{label}`" not in page}


def test_every_key_is_in_the_layout() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    code = (
        (ROOT / "shared" / "log" / "keys.py")
        .read_text()
        .replace("{{{self._tags[partition]}}}", "{t}")
    )
    code = code.replace("{base}", "pf:{t}:pad:<id>")
    names = {re.sub(r"\{(?!t\})\w+\}.*", "", name) for name in re.findall(r'"(pf:[^"]*)"', code)}
    assert len(names) > 25
    assert not {name for name in names if f"`{name}" not in page}


def test_the_format_of_backups_has_all_that_is_in_a_file() -> None:
    page = (ROOT / "docs" / "backup.md").read_text()
    kinds = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))
    assert set(archive._KINDS) <= set(kinds)
    fields = re.sub(r"\(.*?\)", "", kinds["pad"]).split(",")
    assert len(fields) == len(archive.PadHead._fields), "one for each, in their order"


def test_every_entry_and_message_is_in_the_layout() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    kinds = {(letter, kind.__name__) for letter, kind in entries._KINDS.items()}
    assert not {(a, b) for a, b in kinds if f"| `{a}` | `{b}` |" not in page}
    log = ROOT / "shared" / "log"
    places = ("channel_messages.py", "pad/announcements.py")
    source = "".join((log / name).read_text() for name in places)
    messages = re.findall(r'case b"(.)":', source)
    assert len(messages) == 11
    assert not [letter for letter in messages if f"| `{letter}` | " not in page]
