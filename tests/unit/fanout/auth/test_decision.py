"""Tests the decisions that follow from a token's claims."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.auth.decision import (
    MAX_PATTERNS,
    AccessRules,
    Denied,
    Grant,
    Reason,
    RequestedPad,
    author_of,
    permission,
)
from padfleet.shared.bounds import MOST_NAME

NOW = 1_000_000.0
RULES = AccessRules(max_lifetime=3600)
ADA = "a.0123456789abcdef"
NOTES = RequestedPad("notes", "notes", read_only=False)


def claims(**more: Any) -> dict[str, Any]:
    usual = {"sub": ADA, "pads": ["notes", "team-*"], "write": True, "exp": NOW + 60}
    return {name: value for name, value in {**usual, **more}.items() if value is not None}


def grant(rules: AccessRules = RULES, **more: Any) -> Grant:
    return permission(claims(**more), rules, NOW).on(NOTES)


def reason(rules: AccessRules = RULES, **more: Any) -> Reason:
    with pytest.raises(Denied) as caught:
        grant(rules, **more)
    return caught.value.reason


def test_all_that_a_token_may_say() -> None:
    given = grant(name="Ada \ud83d\ude00", color="#aBcDeF")
    assert given == Grant(ADA, True, "Ada \ud83d\ude00", "#aBcDeF", NOW + 60)


def test_name_and_colour_may_be_left_out() -> None:
    assert grant() == grant(name="", color="") == Grant(ADA, True, None, None, NOW + 60)


# --- Pads ----------------------------------------------------------------------------------------


def test_one_pattern_may_stand_by_itself() -> None:
    assert grant(pads="no*").author == ADA


@pytest.mark.parametrize("pads", [None, [], "other", ["team-*"], "", [""]])
def test_a_pad_that_no_pattern_covers(pads: Any) -> None:
    assert reason(pads=pads) is Reason.PAD


@pytest.mark.parametrize("pads", [True, 5, {"notes": True}, ["notes", 5], [["notes"]]])
def test_patterns_of_another_type(pads: Any) -> None:
    assert reason(pads=pads) is Reason.CLAIMS


def test_as_many_patterns_as_there_may_be() -> None:
    assert grant(pads=["x"] * (MAX_PATTERNS - 1) + ["notes"]).author == ADA
    assert reason(pads=["x"] * MAX_PATTERNS + ["notes"]) is Reason.CLAIMS


def test_patterns_are_of_characters_and_not_of_code_units() -> None:
    pad = RequestedPad("\U0001f600!", "\U0001f600!", read_only=False)
    assert permission(claims(pads="\ud83d\ude00?"), RULES, NOW).on(pad).author == ADA
    assert permission(claims(pads="?!"), RULES, NOW).on(pad).author == ADA


# --- Writing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("write", "may"), [(True, True), ("write", True)])
@pytest.mark.parametrize(("read", "may_not"), [(False, False), ("read", False), (None, False)])
def test_only_who_is_told_so_may_write(write: Any, may: bool, read: Any, may_not: bool) -> None:
    assert grant(write=write).write is may
    assert grant(write=read).write is may_not


@pytest.mark.parametrize("write", [1, 0, "yes", "true", "Write", "", [], ["write"], {}])
def test_what_is_neither_reading_nor_writing_is_not_guessed_at(write: Any) -> None:
    assert reason(write=write) is Reason.CLAIMS


# --- Times ---------------------------------------------------------------------------------------


def test_a_token_is_good_until_it_expires() -> None:
    assert grant(exp=NOW + 0.5).expires == NOW + 0.5
    assert reason(exp=NOW) is Reason.EXPIRED
    assert reason(exp=NOW - 1) is Reason.EXPIRED
    assert reason(exp=-5) is Reason.EXPIRED


def test_a_token_that_never_expires() -> None:
    assert reason(exp=None) is Reason.CLAIMS


@pytest.mark.parametrize(
    "exp", [True, "1000060", [NOW], float("nan"), float("inf"), 10**400, -(10**400), 1 << 53]
)
def test_an_expiry_that_is_not_a_time(exp: Any) -> None:
    assert reason(exp=exp) is Reason.CLAIMS


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_token_from_the_future_is_refused(name: str) -> None:
    assert grant(RULES, **{name: NOW}).author == ADA
    assert reason(RULES, **{name: NOW + 1}) is Reason.EARLY
    assert reason(RULES, **{name: "soon"}) is Reason.CLAIMS


def test_a_token_may_not_be_good_for_longer_than_is_allowed() -> None:
    assert grant(exp=NOW + 3600).author == ADA
    assert reason(exp=NOW + 3601) is Reason.LIFETIME
    assert grant(iat=NOW - 3000, exp=NOW + 600).author == ADA
    assert reason(iat=NOW - 3000, exp=NOW + 601) is Reason.LIFETIME, "since it was issued"


def test_clocks_may_differ_by_the_leeway() -> None:
    rules = AccessRules(max_lifetime=3600, leeway=10)
    assert grant(rules, exp=NOW - 9).expires == NOW + 1
    assert reason(rules, exp=NOW - 10) is Reason.EXPIRED
    assert grant(rules, nbf=NOW + 10).author == ADA
    assert reason(rules, nbf=NOW + 11) is Reason.EARLY
    assert grant(rules, exp=NOW + 3610).author == ADA


# --- Audience and issuer -------------------------------------------------------------------------


def test_the_audience_is_looked_at_if_there_is_one_configured() -> None:
    assert grant(aud="shop").author == ADA
    rules = AccessRules(max_lifetime=3600, audience="pads")
    assert grant(rules, aud="pads").author == ADA
    assert grant(rules, aud=["shop", "pads"]).author == ADA
    assert reason(rules) is Reason.AUDIENCE
    assert reason(rules, aud="shop") is Reason.AUDIENCE
    assert reason(rules, aud="pads2") is Reason.AUDIENCE
    assert reason(rules, aud="xpadsx") is Reason.AUDIENCE
    assert reason(rules, aud={"pads": 1}) is Reason.CLAIMS


def test_the_issuer_is_looked_at_if_there_is_one_configured() -> None:
    assert grant(iss="shop").author == ADA
    rules = AccessRules(max_lifetime=3600, issuer="https://login")
    assert grant(rules, iss="https://login").author == ADA
    assert reason(rules) is Reason.ISSUER
    assert reason(rules, iss="https://login/") is Reason.ISSUER
    assert reason(rules, iss=["https://login"]) is Reason.ISSUER


# --- Authors -------------------------------------------------------------------------------------


def test_an_authors_id_is_that_author() -> None:
    assert author_of(ADA) == ADA


@given(st.text(min_size=1))
def test_any_other_subject_is_an_author_of_its_own_and_always_the_same(subject: str) -> None:
    author = author_of(subject)
    assert re.fullmatch(r"a\.[A-Za-z0-9]{16}", author)
    assert author == author_of(subject)
    assert author != author_of(subject + "x")


@pytest.mark.parametrize(
    "subject", ["a.etherpad-system", ADA + "\n", "a.0123456789abcde", f" {ADA}", "A" + ADA[1:]]
)
def test_what_only_looks_like_an_author_is_a_subject_like_any(subject: str) -> None:
    assert author_of(subject) != subject
    assert re.fullmatch(r"a\.[A-Za-z0-9]{16}", author_of(subject))


def test_subjects_stay_the_same_authors_over_releases() -> None:
    """Text in pads belongs to these authors, so this value may never change."""
    assert author_of("ada@example.org") == "a.J9YNGdhRiOdvaUVP"


@pytest.mark.parametrize("subject", [None, "", 7, ["ada"], {"id": "ada"}, True])
def test_a_token_without_a_subject_is_refused(subject: Any) -> None:
    assert reason(sub=subject) is Reason.CLAIMS


def test_long_names_are_cut() -> None:
    assert grant(name="x" * (MOST_NAME + 1)).name == "x" * MOST_NAME


@pytest.mark.parametrize("name", [5, ["Ada"], True])
def test_a_name_of_another_type(name: Any) -> None:
    assert reason(name=name) is Reason.CLAIMS


@pytest.mark.parametrize("color", [3, "red", "#12345", "#123456\n", "#ggg"])
def test_a_colour_that_is_none(color: Any) -> None:
    assert reason(color=color) is Reason.CLAIMS


@given(
    st.dictionaries(
        st.sampled_from(["sub", "pads", "write", "exp", "nbf", "iat", "aud", "iss", "name"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=5,
        ),
    )
)
def test_whatever_is_claimed_comes_to_a_grant_or_a_denial(said: dict[str, Any]) -> None:
    rules = AccessRules(max_lifetime=3600, audience="x", issuer="y")
    try:
        given = permission(said, rules, NOW).on(NOTES)
    except Denied:
        return
    assert given.expires is not None
    assert given.expires > NOW
