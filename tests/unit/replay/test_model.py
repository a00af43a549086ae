"""Tests a trace's text in any of its states against a slow model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.dev.replay import model as model_module
from padfleet.services.dev.replay.model import BLOCK, Edit, ReplayModel, shortened
from padfleet.services.dev.replay.trace import (
    BadTrace,
    EditTrace,
    TracePatch,
    Transaction,
    parse_trace,
)

POINTS = ["a", "b", "\n", "é", "😀", "漢"]


# --- Random traces -------------------------------------------------------------------------------


@dataclass(eq=False)
class Char:
    point: str
    made_by: tuple[int, int]  #: agent, number
    region: int
    marker: bool = False
    removed_by: set[tuple[int, int]] = field(default_factory=set)


class RawPatch(NamedTuple):
    at: int
    removed: int
    inserted: str


class RawStep(NamedTuple):
    agent: int
    parents: list[int]
    patches: list[RawPatch]
    ahead: list[int]  #: what else the client has by then, as transactions


@dataclass
class Written:
    """A trace under construction, with who made and removed each character.

    Each agent has a region of its own, begun by a marker that stays, and inserts only there, so no
    two insert in one place. It removes what it sees, anywhere.
    """

    agents: int
    txns: list[dict[str, Any]] = field(default_factory=list)
    chars: list[Char] = field(default_factory=list)
    ancestors: list[set[int]] = field(default_factory=list)  #: by transaction, with itself
    names: list[tuple[int, int]] = field(default_factory=list)  #: agent and number, likewise

    def __post_init__(self) -> None:
        self.names.append((0, 1))
        self.ancestors.append({0})
        self.chars += [Char(f"{n}", (0, 1), n, marker=True) for n in range(self.agents)]
        start = "".join(char.point for char in self.chars)
        self.txns.append({"agent": 0, "parents": [], "patches": [[0, 0, start]]})

    def after(self, *txns: int) -> set[int]:
        """Returns all the transactions in the state that these ones make together."""
        return set().union(*(self.ancestors[index] for index in txns))

    def visible(self, state: set[int]) -> list[Char]:
        names = {self.names[index] for index in state}
        return [c for c in self.chars if c.made_by in names and not c.removed_by & names]

    def text(self, state: set[int]) -> str:
        return "".join(char.point for char in self.visible(state))

    def version(self, state: set[int]) -> tuple[int, ...]:
        return tuple(
            sum(self.names[index][0] == agent for index in state) for agent in range(self.agents)
        )

    def write(self, agent: int, parents: list[int], patches: list[RawPatch]) -> None:
        own = [index for index, name in enumerate(self.names) if name[0] == agent]
        parents = sorted({*parents, *own[-1:]} or {0})
        state = self.after(*parents)
        seen = self.visible(state)
        name = (agent, len(own) + 1)
        done = [self._patch(raw, agent, name, seen) for raw in patches]
        self.txns.append({"agent": agent, "parents": parents, "patches": done})
        self.ancestors.append({*state, len(self.names)})
        self.names.append(name)

    def _patch(
        self, raw: RawPatch, agent: int, name: tuple[int, int], seen: list[Char]
    ) -> list[Any]:
        if raw.inserted:
            places = [index + 1 for index, char in enumerate(seen) if char.region == agent]
        else:
            places = list(range(len(seen) + 1))
        at = places[raw.at % len(places)]
        removed = 0
        while removed < raw.removed and at < len(seen) and not seen[at].marker:
            seen.pop(at).removed_by.add(name)
            removed += 1
        if raw.inserted:
            fresh = [Char(point, name, agent) for point in raw.inserted]
            place = self.chars.index(seen[at - 1]) + 1
            self.chars[place:place] = fresh
            seen[at:at] = fresh
        return [at, removed, raw.inserted]

    def parsed(self) -> EditTrace:
        everything = set(range(len(self.txns)))
        return parse_trace(
            {
                "kind": "concurrent",
                "numAgents": self.agents,
                "endContent": self.text(everything),
                "txns": self.txns,
            }
        )


RAW_PATCHES = st.builds(
    RawPatch,
    st.integers(0, 40),
    st.sampled_from([0, 0, 1, 2, 5]),
    st.text(st.sampled_from(POINTS), max_size=4),
)
RAW_STEPS = st.builds(
    RawStep,
    st.integers(0, 3),
    st.lists(st.integers(0, 100), max_size=2),
    st.lists(RAW_PATCHES, max_size=3),
    st.lists(st.integers(0, 100), max_size=2),
)


@st.composite
def written(draw: st.DrawFn) -> tuple[Written, list[list[int]]]:
    """Draws a trace and, for each transaction, what else its author's client has at that moment."""
    trace = Written(draw(st.integers(1, 4)))
    ahead: list[list[int]] = [[]]
    for step in draw(st.lists(RAW_STEPS, min_size=3, max_size=15)):
        count = len(trace.txns)
        # Agents that begin have seen at least the markers.
        parents = [0, *(number % count for number in step.parents)]
        trace.write(step.agent % trace.agents, parents, step.patches)
        ahead.append([number % count for number in step.ahead])
    trace.write(0, list(range(len(trace.txns))), [])
    ahead.append([])
    return trace, ahead


def applied(edits: list[Edit], text: str) -> str:
    for start, removed, inserted in edits:
        assert 0 <= start <= start + removed <= len(text)
        text = text[:start] + inserted + text[start + removed :]
    return text


@pytest.mark.parametrize("block", [2, 7, BLOCK])
@given(case=written())
def test_each_state_and_each_edit_is_that_of_the_trace(
    block: int, case: tuple[Written, list[list[int]]]
) -> None:
    """This is the heart of a replay: were an edit carried over to a wrong place, the end would
    differ, and the fleet would be blamed. Small blocks, so that they are split all the time."""
    expected, ahead = case
    trace = expected.parsed()
    with mock.patch.object(model_module, "BLOCK", block):
        model = ReplayModel(trace.agents, views=2 * trace.agents)
        has: list[set[int]] = [set() for _ in range(trace.agents)]  # in the client's text
        for index, item in enumerate(trace.transactions):
            seen, now = 2 * item.agent, 2 * item.agent + 1
            state = expected.ancestors[index] - {index}
            assert item.needs == expected.version(state)
            has[item.agent] |= state | expected.after(*ahead[index])
            model.show(seen, item.needs)
            model.show(now, expected.version(has[item.agent]))
            assert model.text(seen) == expected.text(state)
            before = model.text(now)
            assert before == expected.text(has[item.agent])

            edits = model.perform(item, seen, now)

            has[item.agent].add(index)
            after = model.text(now)
            assert applied(edits, before) == after == expected.text(has[item.agent])
            assert model.text(seen) == expected.text(expected.ancestors[index])
            assert model.version(seen) == expected.version(expected.ancestors[index])
            assert model.version(now) == expected.version(has[item.agent])
            for view in range(2 * trace.agents):
                assert model.length(view) == len(model.text(view))
        assert model.text(0) == trace.end_content


def expected_text(expected: Written, state: set[int]) -> str:
    return expected.text(state)


@given(case=written(), limit=st.integers(1, 20))
def test_a_shortened_trace_ends_with_the_text_of_its_transactions(
    case: tuple[Written, list[list[int]]], limit: int
) -> None:
    """`--limit` compares with this text, so nothing of a later transaction may be in it."""
    expected, _ = case
    whole = expected.parsed()
    short = shortened(whole, limit)
    assert short.transactions == whole.transactions[:limit]
    assert short.end_content == expected.text(set(range(min(limit, len(whole.transactions)))))


@given(case=written(), order=st.permutations(range(4)))
def test_a_view_may_be_brought_up_to_date_agent_by_agent(
    case: tuple[Written, list[list[int]]], order: list[int]
) -> None:
    """Then removals are seen before the insertions that they remove; they once had no effect, and
    the text came back when its insertion was seen."""
    expected, _ = case
    trace = expected.parsed()
    model, late = ReplayModel(trace.agents, trace.agents + 1), trace.agents
    for item in trace.transactions:
        model.show(item.agent, item.needs)
        model.perform(item, item.agent, item.agent)
    everything = expected.version(set(range(len(expected.txns))))
    version = [0] * trace.agents
    for agent in order:
        if agent < trace.agents:
            version[agent] = everything[agent]
            model.show(late, version)
            assert model.length(late) == len(model.text(late))
    assert model.text(late) == trace.end_content


# --- By hand -------------------------------------------------------------------------------------


def did(agent: int, number: int, needs: tuple[int, ...], *patches: tuple[int, int, str]) -> Any:
    return Transaction(agent, number, needs, tuple(TracePatch(*patch) for patch in patches))


def test_a_removal_seen_before_its_insertion_stays_a_removal() -> None:
    model, late = ReplayModel(agents=2, views=3), 2
    model.perform(did(1, 1, (0, 0), (0, 0, "abc")), 1, 1)
    model.show(0, (0, 1))
    model.perform(did(0, 1, (0, 1), (1, 1, "")), 0, 0)
    model.show(late, (1, 0))
    assert (model.text(late), model.length(late)) == ("", 0)
    model.show(late, (1, 1))
    assert (model.text(late), model.length(late)) == ("ac", 2)


def test_what_two_removed_at_once_is_removed_once() -> None:
    """If it were carried over as a second removal, it would take a neighbour with it."""
    model = ReplayModel(agents=2, views=4)  # of each agent: recorded state, client's text
    for view in range(4):
        model.show(view, (0, 0))
    model.perform(did(0, 1, (0, 0), (0, 0, "abcdef")), 0, 1)
    model.show(2, (1, 0))
    model.perform(did(0, 2, (1, 0), (1, 3, "")), 0, 1)  # aef
    model.show(3, (2, 0))
    edits = model.perform(did(1, 1, (1, 0), (2, 3, "")), 2, 3)  # of what it saw: abf
    assert model.text(2) == "abf"
    assert model.text(3) == applied(edits, "aef") == "af"
    model.show(0, (2, 1))
    assert (model.text(0), model.length(0)) == ("af", 2)


def test_an_edit_is_rebased_over_later_ones() -> None:
    """The position of the recorded text, taken as it is, would hit the other's text."""
    model = ReplayModel(agents=2, views=4)
    model.perform(did(0, 1, (0, 0), (0, 0, "one two")), 0, 1)
    model.show(2, (1, 0))
    model.perform(did(0, 2, (1, 0), (0, 0, "zero ")), 0, 1)
    model.show(3, (2, 0))
    edits = model.perform(did(1, 1, (1, 0), (4, 3, "2")), 2, 3)
    assert edits == [Edit(9, 1, ""), Edit(9, 1, ""), Edit(9, 1, ""), Edit(9, 0, "2")]
    assert (model.text(2), model.text(3)) == ("one 2", "zero one 2")


def test_text_of_others_within_a_removed_stretch_stays() -> None:
    model = ReplayModel(agents=2, views=4)
    model.perform(did(0, 1, (0, 0), (0, 0, "abcd")), 0, 1)
    model.show(2, (1, 0))
    model.perform(did(0, 2, (1, 0), (2, 0, "NEW")), 0, 1)
    model.show(3, (2, 0))
    edits = model.perform(did(1, 1, (1, 0), (1, 2, "")), 2, 3)
    assert (model.text(2), model.text(3)) == ("ad", "aNEWd")
    assert applied(edits, "abNEWcd") == "aNEWd"


def test_patches_of_a_transaction_are_made_one_after_the_other() -> None:
    model = ReplayModel(agents=1, views=1)
    model.perform(did(0, 1, (0,), (0, 0, "ab"), (2, 0, "c"), (0, 2, "x"), (1, 1, "yz")), 0, 0)
    assert model.text(0) == "xyz"
    assert model.version(0) == (1,)


def test_an_emoji_is_one_code_point() -> None:
    """Traces count code points; counted in UTF-16, each emoji would shift what follows by one."""
    model = ReplayModel(agents=1, views=1)
    model.perform(did(0, 1, (0,), (0, 0, "😀a😀")), 0, 0)
    assert model.length(0) == 3
    edits = model.perform(did(0, 2, (1,), (2, 1, "b"), (1, 0, "🎉")), 0, 0)
    assert edits == [Edit(2, 1, ""), Edit(2, 0, "b"), Edit(1, 0, "🎉")]
    assert model.text(0) == "😀🎉ab"


@pytest.mark.parametrize("length", [0, 5, BLOCK, 3 * BLOCK])
@pytest.mark.parametrize(
    ("past_end", "removed", "inserted"),
    [(1, 0, "x"), (1, 1, ""), (0, 1, ""), (-1, 2, ""), (0, 1, "x"), (10_000, 1, "")],
)
def test_a_patch_beyond_the_text_is_a_bad_trace(
    length: int, past_end: int, removed: int, inserted: str
) -> None:
    """If it were cut off silently, the trace would end in another text, as if the fleet had lost
    one."""
    model = ReplayModel(agents=1, views=1)
    if length:
        model.perform(did(0, 1, (0,), (0, 0, "x" * length)), 0, 0)
    position = max(length + past_end, 0)
    if position + removed <= length:
        pytest.skip("within the text")
    with pytest.raises(BadTrace, match="patch"):
        model.perform(did(0, 2, (1,), (position, removed, inserted)), 0, 0)


def test_what_another_still_shows_cannot_be_edited_by_who_has_seen_it_go() -> None:
    """The end of the text is that of the author's own view."""
    model = ReplayModel(agents=2, views=2)
    model.perform(did(0, 1, (0, 0), (0, 0, "abc")), 0, 0)
    model.show(1, (1, 0))
    model.perform(did(1, 1, (1, 0), (1, 2, "")), 1, 1)
    assert (model.text(0), model.text(1)) == ("abc", "a")
    with pytest.raises(BadTrace, match="beyond"):
        model.perform(did(1, 2, (1, 1), (2, 0, "x")), 1, 1)


def test_the_ends_of_the_text_can_be_edited() -> None:
    model = ReplayModel(agents=1, views=1)
    model.perform(did(0, 1, (0,), (0, 0, "b"), (1, 0, "c"), (0, 0, "a"), (2, 1, "")), 0, 0)
    assert model.text(0) == "ab"


def test_a_view_does_not_go_back() -> None:
    """An author's client may have more than an edit needs; asked for less, it keeps what it has."""
    model = ReplayModel(agents=1, views=2)
    model.perform(did(0, 1, (0,), (0, 0, "ab")), 0, 0)
    model.show(1, (1,))
    model.show(1, (0,))
    assert (model.text(1), model.version(1)) == ("ab", (1,))


def test_a_text_of_many_blocks_is_that_of_one() -> None:
    """Counts of a block that was split must be right for every view, also for one that had not
    seen all of it."""
    text = "".join(chr(0x4E00 + number) for number in range(5 * BLOCK))
    model = ReplayModel(agents=2, views=4)
    model.perform(did(0, 1, (0, 0), (0, 0, text)), 0, 1)
    model.show(2, (1, 0))
    expected = text
    for number in range(2, 60):
        at = number * 7919 % (len(expected) - 10)
        model.perform(did(0, number, (number - 1, 0), (at, 3, "x" * 40)), 0, 1)
        expected = expected[:at] + "x" * 40 + expected[at + 3 :]
        if number % 10 == 0:
            assert model.text(0) == model.text(1) == expected
            assert (model.text(2), model.length(2)) == (text, len(text))
            assert model.length(1) == len(expected)
    model.show(3, (59, 0))
    edits = model.perform(did(1, 1, (1, 0), (0, len(text), ""), (0, 0, "end")), 2, 3)
    assert model.text(2) == "end"
    assert applied(edits, expected) == model.text(3)
    assert set(model.text(3)) == set("xend")
