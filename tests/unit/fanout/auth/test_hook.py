"""Tests what the operator's service is asked, and how its answers are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from padfleet.services.fanout.auth.answers import AnswerCache
from padfleet.services.fanout.auth.decision import Denied, Grant, Reason, RequestedPad
from padfleet.services.fanout.auth.hook import question, read_answer

NOW = 1_000_000.0
ADA = "a.0123456789abcdef"


def answer(**said: Any) -> Grant | None:
    return read_answer(json.dumps(said).encode(), max_lifetime=3600, now=NOW)


# --- Questions -----------------------------------------------------------------------------------


def test_the_facts_of_a_join() -> None:
    asked = question(
        RequestedPad("notes 😀", "r.0", read_only=True),
        cookies={"sid": "s3", "lang": "de"},
        address="192.0.2.7",
        query={"padId": "notes", "embed": "1"},
    )
    assert json.loads(asked) == {
        "pad": "notes 😀",
        "requested": "r.0",
        "readOnly": True,
        "address": "192.0.2.7",
        "cookies": {"sid": "s3", "lang": "de"},
        "query": {"padId": "notes", "embed": "1"},
    }


@pytest.mark.parametrize(
    "name",
    [
        "cookie",
        "token",
        "padfleet_token",
        "sessionID",
        "Authorization",
        "password",
        "apikey",
        "jwt",
        "X-Signature",
        "client_secret",
        "sid",
        "t",
        "EIO",
        "transport",
    ],
)
def test_what_may_be_secret_or_is_the_transports_is_not_told(name: str) -> None:
    asked = question(
        RequestedPad("p", "p", read_only=False), cookies={}, address="", query={name: "x"}
    )
    assert json.loads(asked)["query"] == {}


def test_the_same_facts_are_the_same_question() -> None:
    wanted = RequestedPad("p", "p", read_only=False)
    one = question(wanted, cookies={"a": "1", "b": "2"}, address="", query={"x": "1", "t": "abc"})
    two = question(wanted, cookies={"b": "2", "a": "1"}, address="", query={"t": "xyz", "x": "1"})
    assert one == two


# --- Answers -------------------------------------------------------------------------------------


def test_all_that_an_answer_may_say() -> None:
    given = answer(
        allow=True, write=True, author=ADA, name="Ada", color="#123456", exp=NOW + 60, more=1
    )
    assert given == Grant(ADA, True, "Ada", "#123456", NOW + 60)


def test_without_an_expiry_it_is_asked_again_after_the_longest_time() -> None:
    assert answer(allow=True, author=ADA) == Grant(ADA, False, None, None, NOW + 3600)
    long = answer(allow=True, author=ADA, exp=NOW + 7200)
    assert long is not None
    assert long.expires == NOW + 3600


def test_a_refusal_of_the_hook_counts_whatever_else_it_says() -> None:
    assert answer(allow=False) is None
    assert answer(allow=False, author=5) is None, "whatever else it says"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"allow": None, "author": ADA},
        {"allow": 1, "author": ADA},
        {"allow": "true", "author": ADA},
        {"allow": True},
        {"allow": True, "author": 5},
        {"allow": True, "author": ADA, "write": "yes"},
        {"allow": True, "author": ADA, "name": 5},
        {"allow": True, "author": ADA, "color": "red"},
        {"allow": True, "author": ADA, "exp": "tomorrow"},
        {"allow": True, "author": ADA, "exp": NOW},
        {"allow": True, "author": ADA, "exp": True},
        [],
        None,
        True,
    ],
)
def test_what_is_no_clear_yes_is_none(body: Any) -> None:
    with pytest.raises(Denied) as caught:
        read_answer(json.dumps(body).encode(), max_lifetime=3600, now=NOW)
    assert caught.value.reason is Reason.HOOK_FAILED


@pytest.mark.parametrize("body", [b"", b"ok", b"<html>", b"\xff", b"[" * 100_000, b"NaN"])
def test_what_is_no_answer_at_all(body: bytes) -> None:
    with pytest.raises(Denied) as caught:
        read_answer(body, max_lifetime=3600, now=NOW)
    assert caught.value.reason is Reason.HOOK_FAILED


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"allow":true,"author":"ada","x":[' + b"0," * 30_000 + b"0]}", "more than 1,000 values"),
        (b'{"allow":true,"author":"ada","exp":1e999}', "1e999 is too large"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(body: bytes, why: str) -> None:
    with pytest.raises(Denied, match=why):
        read_answer(body, max_lifetime=3600, now=NOW)


# --- Keeping them --------------------------------------------------------------------------------


def test_an_answer_is_known_for_its_time() -> None:
    answers: AnswerCache[str] = AnswerCache(size=10, ttl=5)
    answers.put(b"q", "yes", now=100)
    known = answers.get(b"q", now=104.9)
    assert known is not None
    assert known.answer == "yes"
    assert answers.get(b"q", now=105) is None
    assert len(answers) == 0
    assert answers.get(b"other", now=100) is None


def test_the_least_recently_used_answer_is_dropped() -> None:
    answers: AnswerCache[int] = AnswerCache(size=3, ttl=5)
    for number in range(3):
        answers.put(b"%d" % number, number, now=0)
    assert answers.get(b"0", now=1) is not None
    answers.put(b"3", 3, now=1)
    assert len(answers) == 3
    assert answers.get(b"1", now=1) is None
    assert answers.get(b"0", now=1) is not None


def test_no_time_means_that_nothing_is_kept() -> None:
    answers: AnswerCache[int] = AnswerCache(size=3, ttl=0)
    answers.put(b"q", 1, now=0)
    assert len(answers) == 0


def test_what_was_asked_cannot_be_read_from_what_is_kept() -> None:
    answers: AnswerCache[str] = AnswerCache(size=3, ttl=5)
    answers.put(b'{"cookies": {"sid": "hunter2"}}', "yes", now=0)
    assert "hunter2" not in repr(vars(answers))
