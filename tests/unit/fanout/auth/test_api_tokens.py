"""Tests which claims a token needs to call the HTTP API."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.services.fanout.auth.api_tokens import CallerRules, check_caller
from padfleet.services.fanout.auth.decision import AccessRules, Denied, Reason

NOW = 1_000_000.0
ACCESS = AccessRules(max_lifetime=3600, audience="pads", issuer="https://login")


def claims(**more: Any) -> dict[str, Any]:
    usual = {"iss": "https://login", "aud": ["pads", "x"], "exp": NOW + 60, "scope": "pads.admin"}
    return {name: value for name, value in {**usual, **more}.items() if value is not None}


def reason(said: dict[str, Any], **rules: str) -> Reason | None:
    try:
        check_caller(said, CallerRules(ACCESS, **rules), NOW)
    except Denied as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, None),
        ({"sub": None}, None),  # of a client there is nothing else to say
        ({"iss": "https://other"}, Reason.ISSUER),
        ({"iss": None}, Reason.ISSUER),
        ({"aud": "other"}, Reason.AUDIENCE),
        ({"aud": None}, Reason.AUDIENCE),
        ({"aud": 7}, Reason.CLAIMS),
        ({"exp": NOW - 1}, Reason.EXPIRED),
        ({"exp": None}, Reason.CLAIMS),
        ({"exp": NOW + 7200}, Reason.LIFETIME),
        ({"nbf": NOW + 60}, Reason.EARLY),
    ],
)
def test_issuer_audience_and_expiry_are_checked(
    more: dict[str, Any], expected: Reason | None
) -> None:
    assert reason(claims(**more), scope="pads.admin") is expected


@pytest.mark.parametrize(
    ("more", "may"),
    [
        ({"scope": "pads.admin"}, True),
        ({"scope": "openid pads.admin email"}, True),
        ({"scope": ["openid", "pads.admin"]}, True),
        ({"scope": None, "scp": ["pads.admin"]}, True),
        ({"scope": None, "scp": "x pads.admin"}, True),
        ({"scope": "pads.administer"}, False),
        ({"scope": "PADS.ADMIN"}, False),
        ({"scope": "x,pads.admin"}, False),
        ({"scope": ""}, False),
        ({"scope": None}, False),
        ({"scope": {"pads.admin": True}}, False),
    ],
)
def test_a_token_needs_the_scope_word_for_word(more: dict[str, Any], may: bool) -> None:
    assert reason(claims(**more), scope="pads.admin") is (None if may else Reason.CLAIMS)


@pytest.mark.parametrize(
    ("claim", "said", "may"),
    [
        ("admin=true", True, True),
        ("admin=true", "true", True),
        ("admin=true", False, False),
        ("admin=true", 1, False),
        ("admin=true", None, False),
        ("admin=true", [[True]], False),
        ("admin=1", 1, True),
        ("admin=1", True, False),
        ("admin=a=b", "a=b", True),
        ("admin=moodle", ["wiki", "moodle"], True),
        ("admin=moodle", ["wiki"], False),
        ("admin=moodle", {"moodle": 1}, False),
        ("admin=moodle", "moodle2", False),
    ],
)
def test_a_token_needs_the_claim_with_its_value(claim: str, said: Any, may: bool) -> None:
    assert reason(claims(admin=said), claim=claim) is (None if may else Reason.CLAIMS)


def test_both_have_to_hold() -> None:
    both = {"scope": "pads.admin", "claim": "azp=moodle"}
    assert reason(claims(azp="moodle"), **both) is None
    assert reason(claims(azp="moodle", scope="x"), **both) is Reason.CLAIMS
    assert reason(claims(azp="wiki"), **both) is Reason.CLAIMS
