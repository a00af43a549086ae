"""Reads the outcome of each test from Playwright's JSON report, and finds where two reports differ.
Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Outcomes = dict[str, str]
"""The outcomes by the test's file and titles: passed, flaky (passed when tried again), failed or
skipped."""

_WORDS = {"expected": "passed", "flaky": "flaky", "unexpected": "failed", "skipped": "skipped"}


def outcomes(report: Mapping[str, Any]) -> Outcomes:
    return {
        name: _WORDS[test["status"]]
        for suite in report["suites"]
        for name, spec in _specs(suite, ())
        for test in spec["tests"]
    }


def _specs(suite: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    # The outermost suite is the file.
    titles = (*above, suite["title"] if above else suite["title"].rpartition("/")[2])
    for spec in suite.get("specs", []):
        yield " › ".join((*titles, spec["title"])), spec
    for inner in suite.get("suites", []):
        yield from _specs(inner, titles)


class Difference(NamedTuple):
    test: str
    etherpad: str
    padfleet: str


def differences(etherpad: Outcomes, padfleet: Outcomes) -> list[Difference]:
    """Returns the tests that only one of the two passes. A test that passes when tried again has
    passed."""
    found = []
    for test in sorted(etherpad.keys() | padfleet.keys()):
        left, right = etherpad.get(test, "not run"), padfleet.get(test, "not run")
        if _passes(left) != _passes(right):
            found.append(Difference(test, left, right))
    return found


def _passes(outcome: str) -> bool:
    return outcome in ("passed", "flaky")
