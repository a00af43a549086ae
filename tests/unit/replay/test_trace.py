"""Tests that traces are read as the collection's README describes them, and that anything else is
refused."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from padfleet.services.dev.replay.trace import (
    BadTrace,
    TracePatch,
    Transaction,
    parse_trace,
    read_trace,
)

# The example of the collection's README, with its misplaced timestamp put right.
README: dict[str, Any] = {
    "kind": "concurrent",
    "endContent": "yoooo ho ho\n",
    "numAgents": 2,
    "txns": [
        {
            "parents": [],
            "numChildren": 1,
            "agent": 0,
            "timestamp": "2023-11-22T04:49:00+00:00",
            "patches": [[0, 0, "hi there\n"]],
        },
        {
            "parents": [0],
            "numChildren": 1,
            "agent": 0,
            "timestamp": "2023-11-22T04:50:00+00:00",
            "patches": [[0, 8, ""], [0, 0, "yoooo"]],
        },
        {
            "parents": [1],
            "numChildren": 0,
            "agent": 1,
            "timestamp": "2023-11-22T04:51:00+00:00",
            "patches": [[5, 0, " ho ho"]],
        },
    ],
}


def txn(agent: Any, *parents: Any, patches: Any = ()) -> dict[str, Any]:
    return {"agent": agent, "parents": list(parents), "patches": list(patches)}


def a_trace(*txns: Any, agents: Any = 2, **more: Any) -> dict[str, Any]:
    return {"kind": "concurrent", "numAgents": agents, "endContent": "", "txns": list(txns)} | more


def needs(*txns: dict[str, Any], agents: int) -> list[tuple[int, ...]]:
    return [item.needs for item in parse_trace(a_trace(*txns, agents=agents)).transactions]


def test_the_example_of_the_format_is_read() -> None:
    trace = parse_trace(README)
    assert (trace.agents, trace.end_content) == (2, "yoooo ho ho\n")
    assert trace.transactions == (
        Transaction(0, 1, (0, 0), (TracePatch(0, 0, "hi there\n"),)),
        Transaction(0, 2, (1, 0), (TracePatch(0, 8, ""), TracePatch(0, 0, "yoooo"))),
        Transaction(1, 1, (2, 0), (TracePatch(5, 0, " ho ho"),)),
    )
    assert trace.of_agent(0) == list(trace.transactions[:2])
    assert trace.of_agent(1) == [trace.transactions[2]]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_plain_or_gzipped(tmp_path: Path, compressed: bool) -> None:
    """The format is recognized by the content, since neither name ends like the collection's
    files."""
    content = README | {"endContent": "😀é\n"}
    data = json.dumps(content, ensure_ascii=False).encode()
    path = tmp_path / "trace"
    path.write_bytes(gzip.compress(data) if compressed else data)
    assert read_trace(path) == parse_trace(content)
    assert read_trace(path).end_content == "😀é\n"


NO_JSON = {
    "empty": b"",
    "half a file": json.dumps(README).encode()[:-20],
    "no UTF-8": b'"\xff\xfe\xff"',
    "half a gzip file": gzip.compress(json.dumps(README).encode())[:-20],
    "a gzip header only": b"\x1f\x8b",
    "gzip of something else": b"\x1f\x8b" + b"\x00" * 40,
    "gzip of no JSON": gzip.compress(b"hello"),
    "a broken gzip body": gzip.compress(b"[" * 50)[:10] + b"\xff" * 30,
    "nested too deeply": b"[" * 200_000,
}


@pytest.mark.parametrize("data", NO_JSON.values(), ids=NO_JSON.keys())
def test_a_file_that_is_no_json_is_a_bad_trace(tmp_path: Path, data: bytes) -> None:
    """The command tells a user what is wrong with the file; a traceback does not."""
    path = tmp_path / "trace"
    path.write_bytes(data)
    with pytest.raises(BadTrace, match="not JSON"):
        read_trace(path)


def test_a_file_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_trace(tmp_path / "missing")


BAD_FILES: dict[str, tuple[Any, str]] = {
    "a list": ([], "JSON object"),
    "a string": ("trace", "JSON object"),
    "nothing": (None, "JSON object"),
    "sequential": (README | {"kind": "sequential"}, "kind is 'sequential'"),
    "a kind that is null": (README | {"kind": None}, "kind is None"),
    "no numAgents": ({**README, "numAgents": None}, "numAgents"),
    "numAgents as text": ({**README, "numAgents": "2"}, "numAgents"),
    "numAgents as bool": ({**README, "numAgents": True}, "numAgents"),
    "no agents": ({**README, "numAgents": 0}, "numAgents"),
    "no txns": ({k: v for k, v in README.items() if k != "txns"}, "txns is missing"),
    "txns empty": (README | {"txns": []}, "txns is missing or empty"),
    "txns an object": (README | {"txns": {}}, "txns is missing"),
    "no endContent": ({k: v for k, v in README.items() if k != "endContent"}, "endContent"),
    "endContent a list": (README | {"endContent": []}, "endContent"),
}


@pytest.mark.parametrize(("content", "why"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_malformed_file_is_refused_with_the_reason(content: Any, why: str) -> None:
    with pytest.raises(BadTrace, match=why):
        parse_trace(content)


FIRST = txn(0, patches=[[0, 0, "x"]])

BAD_TRANSACTIONS: dict[str, tuple[Any, str]] = {
    "a list": ([0, []], "not an object"),
    "nothing": (None, "not an object"),
    "without agent": ({"parents": [0], "patches": []}, "agent"),
    "without parents": ({"agent": 0, "patches": []}, "parents"),
    "without patches": ({"agent": 0, "parents": [0]}, "patches"),
    "an agent too high": (txn(2, 0), "agent 2 is not one of 0…1"),
    "an agent below 0": (txn(-1, 0), "agent -1 is not one of 0…1"),
    "an agent by name": (txn("bob", 0), "agent 'bob' is not one of 0…1"),
    "an agent that is true": (txn(True, 0), "agent True is not one of 0…1"),
    "a parent that is itself": (txn(1, 1), "earlier transactions"),
    "a parent ahead": (txn(1, 0, 2), "earlier transactions"),
    "a parent below 0": (txn(1, -1), "earlier transactions"),
    "a parent as text": (txn(1, "0"), "earlier transactions"),
    "a parent that is false": (txn(1, False), "earlier transactions"),
    "parents a number": ({"agent": 1, "parents": 0, "patches": []}, "earlier transactions"),
    "patches null": ({"agent": 1, "parents": [0], "patches": None}, "."),
    "patches a number": ({"agent": 1, "parents": [0], "patches": 5}, "."),
    "an agent beside itself": (txn(0), "earlier transactions of its agent 0"),
}


@pytest.mark.parametrize(("item", "why"), BAD_TRANSACTIONS.values(), ids=BAD_TRANSACTIONS.keys())
def test_a_malformed_transaction_is_refused_with_its_number_and_the_reason(
    item: Any, why: str
) -> None:
    """Files have tens of thousands of transactions: without the number nobody finds the one."""
    with pytest.raises(BadTrace, match=rf"^txns\[1\]: .*{why}"):
        parse_trace(a_trace(FIRST, item, txn(1, 0, 1)))


@pytest.mark.parametrize(
    "patch",
    [
        None,
        5,
        "abc",
        {},
        [],
        [0],
        [0, 0],
        [-1, 0, "x"],
        [0, -1, "x"],
        [0.5, 0, "x"],
        ["0", 0, "x"],
        [0, None, "x"],
        [0, 0, None],
        [0, 0, 7],
        [0, 0, ["x"]],
        [True, 0, "x"],
    ],
    ids=repr,
)
def test_a_malformed_patch_is_refused_with_its_transaction(patch: Any) -> None:
    with pytest.raises(BadTrace, match=r"^txns\[1\]: .*" + re.escape(repr(patch))):
        parse_trace(a_trace(FIRST, txn(1, 0, patches=[[0, 0, "fine"], patch])))


def test_a_patch_may_carry_a_timestamp() -> None:
    """The README speaks of "a quad"; the files have three or four items."""
    patch = [0, 0, "x", "2023-11-22T04:49:00+00:00"]
    (item,) = parse_trace(a_trace(txn(0, patches=[patch]))).transactions
    assert item.patches == (TracePatch(0, 0, "x"),)


def test_a_trace_without_kind_is_taken_for_concurrent() -> None:
    assert parse_trace({k: v for k, v in README.items() if k != "kind"}) == parse_trace(README)


def test_an_agent_concurrent_with_itself_is_refused() -> None:
    """A version by counts cannot name such a state: the wrong text would be replayed silently."""
    beside = [txn(0), txn(1, 0), txn(0, 0), txn(1, 0), txn(0, 1, 2, 3)]
    with pytest.raises(BadTrace, match=r"^txns\[3\]: .*its agent 1"):
        parse_trace(a_trace(*beside))


@pytest.mark.parametrize(
    "txns",
    [
        [txn(0), txn(1, 0), txn(0, 0)],
        [txn(0), txn(1)],
        [txn(0), txn(1, 0), txn(0, 1), txn(1, 1)],
    ],
)
def test_the_last_transaction_has_to_come_after_all_the_others(txns: list[Any]) -> None:
    """If it did not, endContent would be the text of some of them only, and the comparison is worth
    nothing."""
    with pytest.raises(BadTrace, match="last transaction"):
        parse_trace(a_trace(*txns))


def test_what_a_merge_of_two_agents_needs() -> None:
    assert needs(
        txn(0),
        txn(0, 0),
        txn(1, 0),
        txn(1, 2),
        txn(0, 1, 2),  # not yet the second of agent 1
        txn(1, 3, 4),
        agents=2,
    ) == [(0, 0), (1, 0), (1, 0), (1, 1), (2, 1), (3, 2)]


def test_what_a_merge_of_three_agents_needs() -> None:
    """A parent stands for everything that it was made on, even by a third agent."""
    assert needs(
        txn(2),
        txn(0, 0),
        txn(1, 0),
        txn(2, 1),  # brings agent 0 with it
        txn(1, 2, 3),  # and so does this, which does not name it
        txn(0, 1, 2),
        txn(2, 4, 5),
        agents=3,
    ) == [(0, 0, 0), (0, 0, 1), (0, 0, 1), (1, 0, 1), (1, 1, 2), (1, 1, 1), (2, 2, 2)]


def test_transactions_are_numbered_by_agent() -> None:
    trace = parse_trace(a_trace(txn(1), txn(0, 0), txn(1, 1), txn(1, 2)))
    assert [(item.agent, item.number) for item in trace.transactions] == [
        (1, 1),
        (0, 1),
        (1, 2),
        (1, 3),
    ]
