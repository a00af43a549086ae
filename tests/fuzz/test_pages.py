"""Runs for a fifth of a minute what `make fuzz` does with pages for longer, and tests its parts."""

from __future__ import annotations

import json
import subprocess

import pytest

from padfleet.shared.easysync import AttributePool
from tests.browser.browser import chromium, missing
from tests.fuzz import steps
from tests.fuzz.pages import looks_of, storm


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_pages_and_a_program_end_with_one_pad() -> None:
    lacking = missing(chromium())
    if lacking is not None:
        pytest.skip(lacking)
    print(storm(1, 12))


def test_what_a_page_has_to_show_is_read_off_the_pad() -> None:
    pool = AttributePool()
    bold, listed, marker = (
        pool.put(*pair) for pair in (("bold", "true"), ("list", "bullet1"), ("lmkr", "1"))
    )
    attribs = f"*{listed}*{marker}+1*{bold}+2|1+2*{bold}|1+1|1+1"
    assert looks_of("*ab*\n\n\n", attribs, pool) == [
        [("", "*"), ("bold", "ab"), ("", "*")],
        [],
        [],
    ]


def test_a_marker_without_a_label_is_invisible() -> None:
    pool = AttributePool()
    indent, marker = (pool.put(*pair) for pair in (("list", "indent1"), ("lmkr", "1")))
    attribs = f"|1+2*{indent}*{marker}+1|1+2|1+1"
    assert looks_of("a\n*b\n\n", attribs, pool) == [[("", "a")], [("", "b")], []]


@pytest.mark.skipif(steps.missing() is not None, reason=str(steps.missing()))
def test_a_round_of_the_editors_says_what_it_did(tmp_path: object) -> None:
    done = subprocess.run(steps.command(7, 300), cwd=steps.FOLDER, capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert found == {"seed": 7, "steps": found["steps"], "rounds": found["rounds"], "failures": []}
    assert found["steps"] >= 300
