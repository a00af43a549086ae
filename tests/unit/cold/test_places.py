"""Tests where a pad is, and that nothing is lost on its way. It visits every world that can follow
from thaws, freezes and the cleaning up after them, each of which may end at any step."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.cold.places import PadPlace, due, may_freeze, place_of
from padfleet.shared.log.pad.moving import PadMove, Whereabouts
from tests.examples import PROFILE
from tests.unit.cold.model import (
    Actor,
    Object,
    Rules,
    Server,
    World,
    begun,
    faults_of,
    plain,
)

HEAD = ColdHead(7, 3, b"c", "live", 5, 0, "v")
MOVE = PadMove("thaw", 7, 5, "r", 1)


def walk(rules: Rules, start: World) -> tuple[int, list[str]]:
    """Returns the number of worlds, and what is wrong with the first faulty one. Those that take
    the fewest steps come first: so does a fault, and there are fewer of them."""
    known: set[World] = {start}
    left = deque([start])
    while left:
        world = left.popleft()
        for after in rules.after(world):
            after = plain(after)
            if after in known:
                continue
            if wrong := list(faults_of(after)):
                return len(known), wrong
            known.add(after)
            left.append(after)
    return len(known), []


WALKS = [(0, 1), (1, 1)]
"""Faults of Redis, and actors. Two at a time make ten times as many worlds, and a minute each."""

if PROFILE == "thorough":
    WALKS += [(2, 1), (0, 2)]


@pytest.mark.parametrize(("faults", "actors"), WALKS)
def test_I5_wherever_a_process_ends_nothing_is_lost_and_every_loss_is_told(
    faults: int, actors: int
) -> None:
    start = begun()._replace(actors=(Actor(),) * actors)
    worlds, wrong = walk(Rules(commits=2, faults=faults), start)
    assert not wrong
    assert worlds > 70


REVERTS = [(0, 3)]
"""Faults of Redis, and commits, with a store that goes back once."""

if PROFILE == "thorough":
    REVERTS += [(1, 2)]


@pytest.mark.parametrize(("faults", "commits"), REVERTS)
def test_I5_a_store_that_goes_back_shows_nobody_an_older_text_unless_that_was_accepted(
    faults: int, commits: int
) -> None:
    """Whoever had seen more, and comes back after that, is told to reload."""
    start = begun()._replace(actors=(Actor(),))
    worlds, wrong = walk(Rules(commits=commits, faults=faults, reverts=1), start)
    assert not wrong
    assert worlds > 4000


@pytest.mark.parametrize(("rule", "reverts"), [("witness at thaw", 1), ("reign at accept", 2)])
def test_I5_each_rule_of_the_witness_is_needed(rule: str, reverts: int) -> None:
    start = begun()._replace(actors=(Actor(),))
    _, wrong = walk(Rules(commits=3, faults=0, reverts=reverts, broken=rule), start)
    assert wrong


@pytest.mark.parametrize(
    ("rule", "commits", "faults"),
    [
        ("mark before", 2, 1),
        ("frozen after", 2, 1),
        ("unchanged at freeze", 2, 0),
        ("move at freeze", 2, 0),
        ("reign after loss", 3, 1),
    ],
)
def test_I5_each_rule_of_the_order_is_needed(rule: str, commits: int, faults: int) -> None:
    start = begun()._replace(actors=(Actor(),))
    _, wrong = walk(Rules(commits=commits, faults=faults, broken=rule), start)
    assert wrong


def test_I5_a_pad_that_is_brought_while_it_is_marked_is_the_one_that_is_marked() -> None:
    """The mark is put over what was read. Where it would be put over anything, an old text would
    come back: of who has brought all of it, and stands still before the mark."""
    hot = begun()
    assert hot.server.history is not None
    frozen = Object("frozen", hot.server.history, hot.server.record, 1, 1)
    move = PadMove("thaw", 1, 1, "r1", 1)
    stands = Server(move=move, staged=frozenset({(1, frozen.history)}))
    sleeper = Actor("fetch staged", 1, Server(), frozen, move)
    # That nothing is wrong otherwise takes more than a minute to see.
    rules = ("", "over what was read") if PROFILE == "thorough" else ("over what was read",)
    for broken in rules:
        cold = hot._replace(server=stands, replica=stands, store=frozen, actors=(sleeper, Actor()))
        _, wrong = walk(Rules(commits=2, faults=0, broken=broken), cold)
        assert bool(wrong) is bool(broken), wrong


def view(head: int | None, move: PadMove | None = None, reign: str = "r") -> Whereabouts:
    return Whereabouts(reign, head, 7, move.to_text() if move is not None else "")


def test_where_a_pad_is() -> None:
    frozen = HEAD._replace(mark="frozen")
    assert place_of(view(3), HEAD) is PadPlace.HOT
    assert place_of(view(3), frozen) is PadPlace.HOT
    assert place_of(view(-1), HEAD) is PadPlace.DELETED
    assert place_of(view(None), None) is PadPlace.NOWHERE
    assert place_of(view(None), frozen) is PadPlace.COLD
    assert place_of(view(None, MOVE), HEAD) is PadPlace.MOVING
    assert place_of(view(None), HEAD) is PadPlace.LOST
    assert place_of(view(None, MOVE, "another"), HEAD) is PadPlace.LOST
    assert place_of(view(None, MOVE._replace(epoch=8)), HEAD) is PadPlace.LOST
    assert place_of(view(None, MOVE._replace(way="lost")), HEAD) is PadPlace.LOST


def test_a_trace_is_read_as_it_was_written() -> None:
    assert PadMove.from_text(MOVE.to_text()) == MOVE
    for text in ("", "thaw", "thaw 1 2 r", "melt 1 2 r 3", "thaw x 2 r 3"):
        assert PadMove.from_text(text) is None


def test_what_is_due_is_what_the_store_lacks() -> None:
    assert due(7, 5, None) == (0, range(0))
    assert due(7, 5, HEAD) == (4, range(0))
    assert due(8, 5, HEAD) == (0, range(0))  # another pad by now
    assert due(7, 2, HEAD, 2) == (3, range(3, 4))  # rolled back
    assert due(7, 5, HEAD, 1) == (2, range(2, 4))


def test_a_pad_leaves_when_nobody_needs_it() -> None:
    quiet: dict[str, Any] = {
        "people": 0,
        "quiet_ms": 9,
        "edited_ms": 9,
        "opened": False,
        "after_ms": 9,
    }
    assert may_freeze(even=True, **quiet)
    assert not may_freeze(even=False, **quiet)
    assert not may_freeze(even=True, **quiet | {"people": 1})
    assert not may_freeze(even=True, **quiet | {"quiet_ms": 8})
    assert not may_freeze(even=True, **quiet | {"edited_ms": 8})
    assert not may_freeze(even=True, **quiet | {"opened": True})
    assert not may_freeze(even=True, **quiet | {"edited_ms": -8}), "clocks differ a little"


def test_a_pad_that_was_edited_under_a_clock_that_was_ahead_leaves_nevertheless() -> None:
    """The pads that were edited while a machine's clock was a day ahead stayed in Redis for a
    day."""
    assert may_freeze(
        even=True, people=0, quiet_ms=9, edited_ms=-86_400_000, opened=False, after_ms=9
    )
