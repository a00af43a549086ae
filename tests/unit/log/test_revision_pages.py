"""Tests that a pad's history is read in parts, and that missing revisions are told apart from
nonexistent ones."""

import ast
from pathlib import Path

import pytest

from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.history import HistoryEnds, HistoryGap, revision_pages
from padfleet.shared.log.records import Revision

ROOT = Path(__file__).parents[3]
KEYS = Keyspace(1).pad("p")
REDIS = open_redis("redis://127.0.0.1:1")  # nobody connects to it


class Stored:
    """Holds the revisions 0 to `head`, and records which ranges were read."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.reads: list[tuple[int, int]] = []

    async def read(self, _redis: Redis, _keys: PadKeys, first: int, last: int) -> list[Revision]:
        self.reads.append((first, last))
        numbers = range(first, min(last, self.head) + 1)
        return [Revision(rev, "", 0, None, b"", b"") for rev in numbers]

    async def pages(self, first: int, last: int, step: int = 10) -> list[list[int]]:
        pages = revision_pages(REDIS, KEYS, first, last, step=step, read=self.read)
        return [[revision.rev for revision in page] async for page in pages]


@pytest.mark.parametrize("first", [0, 3, 9, 10, 29])
@pytest.mark.parametrize("last", [9, 10, 19, 29])
@pytest.mark.parametrize("step", [1, 7, 10, 100])
async def test_all_of_them_come_once_and_in_order(first: int, last: int, step: int) -> None:
    stored = Stored(29)
    pages = await stored.pages(first, last, step)
    assert [rev for page in pages for rev in page] == list(range(first, last + 1))
    assert all(0 < len(page) <= step for page in pages)
    assert all(end - begin < step and end <= last for begin, end in stored.reads)


@pytest.mark.parametrize(("first", "last"), [(0, -1), (5, 4), (-3, -1), (7, -1)])
async def test_nothing_is_read_for_an_empty_list(first: int, last: int) -> None:
    stored = Stored(29)
    assert await stored.pages(first, last) == []
    assert stored.reads == []


async def test_what_is_before_the_first_one_is_passed_over() -> None:
    assert await Stored(29).pages(-5, 1) == [[0, 1]]


@pytest.mark.parametrize(("head", "came"), [(14, 15), (9, 10), (19, 20), (-1, 0)])
async def test_what_is_there_comes_before_it_is_said_that_the_rest_is_missing(
    head: int, came: int
) -> None:
    stored = Stored(head)
    revisions: list[Revision] = []

    async def follow() -> None:
        async for page in revision_pages(REDIS, KEYS, 0, 40, step=10, read=stored.read):
            revisions.extend(page)

    with pytest.raises(HistoryEnds, match=f"revision {head + 1} is missing, and all after it"):
        await follow()
    assert len(revisions) == came
    assert max(last for _, last in stored.reads) < head + 11, "it does not read on"


async def test_a_gap_in_the_middle_is_a_fault_of_its_own() -> None:
    async def read(*_arguments: object) -> list[Revision]:
        raise HistoryGap("revision 3 is missing; the next one there is 5")

    with pytest.raises(HistoryGap, match="revision 3") as caught:
        await anext(revision_pages(REDIS, KEYS, 0, 9, read=read))
    assert not isinstance(caught.value, HistoryEnds)


async def test_nothing_is_read_ahead() -> None:
    stored = Stored(29)
    pages = revision_pages(REDIS, KEYS, 0, 29, step=10, read=stored.read)
    await anext(pages)
    assert stored.reads == [(0, 9)]


def _is_a_step(node: ast.AST) -> bool:
    """Returns whether the node is a call that reads several revisions, directly or through another
    function."""
    if not isinstance(node, ast.Call) or "read_revisions" not in ast.unparse(node):
        return False
    *_, first, last = [ast.dump(argument) for argument in (*node.args, *node.args)]
    return first != last


@pytest.mark.parametrize("top", ["services", "shared"])
def test_nobody_else_steps_through_revisions(top: str) -> None:
    odd = []
    for path in (ROOT / top).rglob("*.py"):
        if "node_modules" in path.parts or path.match("shared/log/pad/history.py"):
            continue
        for loop in ast.walk(ast.parse(path.read_text())):
            if isinstance(loop, ast.For | ast.While | ast.AsyncFor):
                steps = [node for node in ast.walk(loop) if _is_a_step(node)]
                odd += [f"{path.relative_to(ROOT)}: {ast.unparse(step)}" for step in steps]
    assert not odd, "use revision_pages of shared/log/pad/history.py"
