"""Tests what each edit was made on, which edits may be merged, and the text of every state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.dev.replay.model import ReplayModel, shortened
from padfleet.services.dev.replay.trace import BadTrace, parse_trace
from tests.unit.replay.made_up import Scribe, made_up

# As in the description of the format.
TWO = {
    "kind": "concurrent",
    "endContent": "yoooo ho ho\n",
    "numAgents": 2,
    "txns": [
        {"parents": [], "agent": 0, "patches": [[0, 0, "hi there\n"]]},
        {"parents": [0], "agent": 0, "patches": [[0, 8, ""], [0, 0, "yoooo"]]},
        {"parents": [1], "agent": 1, "patches": [[5, 0, " ho ho"]]},
    ],
}

# 0 and 1 type at once, 2 has seen one of each, and in the end all come together.
#
#   a1 ─ a2 ─ a3 ───┐
#    │ └────┐       c2
#   b1 ─ b2 ─│─ b3 ─┘
#      └── c1
THREE = {
    "kind": "concurrent",
    "endContent": "",
    "numAgents": 3,
    "txns": [
        {"parents": [], "agent": 0, "patches": [[0, 0, "A\nB\nC\n"]]},
        {"parents": [0], "agent": 0, "patches": [[0, 0, "a"]]},
        {"parents": [0], "agent": 1, "patches": [[2, 0, "b"]]},
        {"parents": [1, 2], "agent": 2, "patches": [[6, 0, "c"]]},
        {"parents": [1], "agent": 0, "patches": [[0, 0, "aa"]]},
        {"parents": [2], "agent": 1, "patches": [[2, 0, "bb"]]},
        {"parents": [5], "agent": 1, "patches": [[2, 0, "bbb"]]},
        {"parents": [3, 4, 6], "agent": 2, "patches": []},
    ],
}


def test_each_transaction_names_the_state_that_it_was_made_on() -> None:
    trace = parse_trace(THREE)
    assert [(item.agent, item.number, item.needs) for item in trace.transactions] == [
        (0, 1, (0, 0, 0)),
        (0, 2, (1, 0, 0)),
        (1, 1, (1, 0, 0)),
        (2, 1, (2, 1, 0)),
        (0, 3, (2, 0, 0)),
        (1, 2, (1, 1, 0)),
        (1, 3, (1, 2, 0)),
        (2, 2, (3, 3, 1)),
    ]
    assert [len(trace.of_agent(agent)) for agent in range(3)] == [3, 3, 2]


def test_nothing_is_merged_that_somebody_has_seen_the_middle_of() -> None:
    trace = parse_trace(THREE)
    assert trace.cut_points(0) - {0} == {1, 2, 3}
    assert trace.cut_points(1) - {0} == {1, 3}  # nobody saw the second alone
    assert trace.cut_points(2) - {0} == set()


def test_the_longest_of_traces_is_read_in_no_time_that_depends_on_its_square() -> None:
    """Two agents who alternate: every transaction has all others as ancestors."""
    txns: list[dict[str, Any]] = [
        {"parents": [n - 1] if n else [], "agent": n % 2, "patches": [[n, 0, "x"]]}
        for n in range(20_000)
    ]
    trace = parse_trace({"numAgents": 2, "endContent": "x" * 20_000, "txns": txns})
    assert trace.transactions[-1].needs == (10_000, 9_999)
    assert len(trace.cut_points(0)) == 10_000


def changed(index: int, **fields: Any) -> dict[str, Any]:
    txns = [dict(txn) for txn in TWO["txns"]]  # type: ignore[attr-defined]
    txns[index].update(fields)
    return TWO | {"txns": txns}


@pytest.mark.parametrize("patch", [[10, 0, "x"], [9, 1, ""], [0, 10, ""]])
def test_a_patch_beyond_the_text_is_found_before_anybody_connects(patch: list[Any]) -> None:
    trace = parse_trace(changed(1, patches=[patch]))
    with pytest.raises(BadTrace, match=r"txns\[1\]"):
        shortened(trace)


# --- The model -----------------------------------------------------------------------------------


def test_a_shortened_trace_comes_to_what_its_transactions_come_to() -> None:
    trace = parse_trace(TWO)
    ends = [shortened(trace, limit).end_content for limit in (1, 2, 3, 4)]
    assert ends == ["hi there\n", "yoooo\n", "yoooo ho ho\n", "yoooo ho ho\n"]


def test_positions_count_code_points() -> None:
    trace = parse_trace(
        {
            "numAgents": 1,
            "endContent": "",
            "txns": [
                {"parents": [], "agent": 0, "patches": [[0, 0, "😀é👩‍💻!"]]},
                {"parents": [0], "agent": 0, "patches": [[1, 1, ""], [1, 3, "x"]]},
            ],
        }
    )
    assert shortened(trace).end_content == "😀x!"


def test_two_authors_remove_overlapping_text() -> None:
    trace = parse_trace(
        {
            "numAgents": 2,
            "endContent": "",
            "txns": [
                {"parents": [], "agent": 0, "patches": [[0, 0, "0123456789"]]},
                {"parents": [0], "agent": 0, "patches": [[2, 4, ""]]},
                {"parents": [0], "agent": 1, "patches": [[4, 4, "x"]]},
                {"parents": [1, 2], "agent": 1, "patches": [[2, 1, "y"]]},
            ],
        }
    )
    assert shortened(trace).end_content == "01y89"


@given(st.integers(1, 4), st.integers(0, 40), st.integers(0, 10_000))
def test_the_model_knows_the_text_of_every_state(agents: int, edits: int, seed: int) -> None:
    """The expected texts come from the scribe that made up the trace, which keeps all characters in
    one list."""
    content = made_up(agents, edits, seed)
    trace = parse_trace(content)
    assert shortened(trace).end_content == content["endContent"]


def test_the_model_shows_one_state_while_another_is_edited() -> None:
    scribe = Scribe(2, seed=1)
    for _ in range(60):
        scribe.edit(0)
        scribe.edit(1)
    trace = parse_trace(scribe.finish())
    model = ReplayModel(2, views=3)
    for item in trace.transactions[:-1]:
        model.show(item.agent, item.needs)
        told = "".join(char.point for char in scribe.text(item.needs))
        assert model.text(item.agent) == told
        assert model.length(item.agent) == len(told)
        model.perform(item, item.agent, 2)
