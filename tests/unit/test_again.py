"""Tests which failed tests CI runs once more."""

from __future__ import annotations

import json

import pytest

from tests.again import MOST, worth_another_try


def record(*names: str) -> str:
    return json.dumps(dict.fromkeys(names, True))


def test_a_few_are_run_again() -> None:
    names = [f"tests/test_a.py::test_{number}" for number in range(MOST)]
    assert worth_another_try(record(*reversed(names))) == names


@pytest.mark.parametrize(
    ("failed", "why"),
    [
        ([], "for another reason"),
        ([f"tests/test_a.py::test_{number}" for number in range(MOST + 1)], "more than by chance"),
        (["tests/test_a.py"], "could not be read"),
    ],
    ids=["none", "many", "a file"],
)
def test_what_is_no_matter_of_chance_is_not(failed: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        worth_another_try(record(*failed))


def test_a_damaged_record_is_a_failure() -> None:
    with pytest.raises(json.JSONDecodeError):
        worth_another_try("{")
