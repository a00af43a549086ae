from typing import Any

from tests.upstream.outcomes import Difference, differences, outcomes


def spec(title: str, status: str) -> dict[str, Any]:
    return {"title": title, "tests": [{"status": status}]}


REPORT = {
    "suites": [
        {
            "title": "tests/specs/bold.spec.ts",
            "specs": [spec("at the top", "expected")],
            "suites": [
                {
                    "title": "bold",
                    "specs": [spec("by button", "unexpected"), spec("by key", "flaky")],
                    "suites": [{"title": "deep", "specs": [spec("inside", "skipped")]}],
                }
            ],
        }
    ]
}


def test_each_test_is_named_by_its_file_and_titles() -> None:
    assert outcomes(REPORT) == {
        "bold.spec.ts › at the top": "passed",
        "bold.spec.ts › bold › by button": "failed",
        "bold.spec.ts › bold › by key": "flaky",
        "bold.spec.ts › bold › deep › inside": "skipped",
    }


def test_only_what_one_of_them_fails_is_a_difference() -> None:
    etherpad = {"a": "passed", "b": "flaky", "c": "failed", "d": "passed", "e": "failed"}
    padfleet = {"a": "failed", "b": "passed", "c": "failed", "e": "flaky"}
    assert differences(etherpad, padfleet) == [
        Difference("a", "passed", "failed"),
        Difference("d", "passed", "not run"),
        Difference("e", "failed", "flaky"),
    ]
