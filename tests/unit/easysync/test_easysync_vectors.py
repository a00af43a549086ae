"""Tests that the engine gives what Etherpad's own engine gave in every recorded case."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.easysync.vectors import run_vector

VECTORS = Path(__file__).parents[2] / "data" / "easysync-vectors.jsonl.gz"

COUNTS = {
    "apply_to_atext": 400,
    "apply_to_text": 400,
    "check_rep": 400,
    "commit_sequence": 80,
    "compose": 400,
    "follow": 400,
    "inverse": 400,
    "make_splice": 400,
    "move_ops_to_new_pool": 400,
    "prepare_for_wire": 400,
    "split_attribution_lines": 400,
}

Cases = dict[str, list[tuple[int, dict[str, Any]]]]


@pytest.fixture(scope="module")
def cases() -> Cases:
    by_op: Cases = defaultdict(list)
    with gzip.open(VECTORS, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            case = json.loads(line)
            by_op[case["op"]].append((number, case))
    return by_op


def test_the_file_holds_what_is_expected(cases: Cases) -> None:
    assert {op: len(of_op) for op, of_op in cases.items()} == COUNTS


@pytest.mark.parametrize("op", COUNTS)
def test_I9_recorded_results_of_etherpad(cases: Cases, op: str) -> None:
    failures = [
        f"line {number}: {reason}" for number, case in cases[op] if (reason := run_vector(case))
    ]
    assert not failures, f"{len(failures)} of {len(cases[op])}:\n" + "\n".join(failures[:10])


def test_every_kind_of_case_can_fail(cases: Cases) -> None:
    spoilt: dict[str, dict[str, Any]] = {}
    for op, of_op in cases.items():
        case = dict(of_op[0][1])
        if "valid" in case:
            case["valid"] = not case["valid"]
        elif case.pop("error", False):
            case["result"] = case["text"] + "x"
        elif isinstance(case["result"], str):
            case["result"] += "x"
        elif isinstance(case["result"], list):
            case["result"] = [*case["result"], "x"]
        else:
            key = next(iter(case["result"]))
            case["result"] = {**case["result"], key: case["result"][key] + "x"}
        spoilt[op] = case
    assert [op for op, case in spoilt.items() if run_vector(case) is None] == []


def test_a_wrong_rebase_within_a_sequence_is_noticed(cases: Cases) -> None:
    case = json.loads(json.dumps(cases["commit_sequence"][0][1]))
    case["submissions"][-1]["rebased"] += "x"
    assert "rebased submission" in (run_vector(case) or "")


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ([], "not an object"),
        ({}, "has no 'op'"),
        ({"op": 3}, "not a string"),
        ({"op": "transpose"}, "unknown op 'transpose'"),
        ({"op": "compose", "cs1": "Z:1>0$"}, "has no 'cs2'"),
        ({"op": "check_rep", "cs": "Z:1>0$", "valid": 1}, "not a true or false"),
        ({"op": "apply_to_atext", "cs": "Z:1>0$", "atext": []}, "'atext' of the case"),
        ({"op": "prepare_for_wire", "cs": "", "result": {}, "pool": {"nextNum": 0}}, "numToAttrib"),
        ({"op": "split_attribution_lines", "attribs": "", "text": "", "result": [1]}, "of strings"),
    ],
)
def test_a_case_that_cannot_be_run_is_a_failure_that_says_why(case: object, reason: str) -> None:
    assert reason in (run_vector(case) or "")
