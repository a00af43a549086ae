"""Tests who may change something on `/fleet/pads`, and requests that another page makes a browser
send."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from padfleet.services.web.fleet import guard
from padfleet.services.web.fleet.deed_requests import DEEDS, BadDeedRequest, DeedRequest
from padfleet.services.web.fleet.door import who

OURS = {
    "Content-Type": "application/json",
    "Authorization": "Basic bWU6cGFzc3dvcmQ=",
    "Origin": "https://ops.example",
    "Sec-Fetch-Site": "same-origin",
    "X-Padfleet-Page": "fleet",
}
HOSTS = ("ops.example:9201", "")


def why(**changed: str | None) -> str:
    headers = OURS | {name.replace("_", "-"): value for name, value in changed.items()}
    kept = {name: value for name, value in headers.items() if value is not None}
    return guard.why_not(CIMultiDict(kept), HOSTS)


def test_our_own_page_may() -> None:
    assert why() == ""
    assert why(Sec_Fetch_Site=None) == "", "a browser from before that header"
    assert why(Origin=None) == ""
    assert why(Content_Type="application/json; charset=utf-8") == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"X_Padfleet_Page": None},
        {"X_Padfleet_Page": "other"},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "multipart/form-data"},
        {"Content_Type": None},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://ops.example.evil.example"},
        {"Origin": "https://[::1"},
    ],
)
def test_what_another_page_sends_may_not(changed: dict[str, str | None]) -> None:
    assert why(**changed)


def test_a_program_brings_the_password_by_itself() -> None:
    bearer = {"X_Padfleet_Page": None, "Origin": None, "Sec_Fetch_Site": None}
    assert why(Authorization="Bearer token", **bearer) == ""
    assert why(Authorization="Bearer token", Content_Type="text/plain", **bearer)


def test_a_proxy_may_have_another_name_for_us() -> None:
    headers = CIMultiDict(OURS)
    assert guard.why_not(headers, ("10.0.0.7:9201", "ops.example")) == ""
    assert guard.why_not(headers, ("10.0.0.7:9201", ""))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Basic QWRhOnB3", "Ada"),
        ("Basic OnB3", ""),
        ("Basic !", ""),
        ("Bearer QWRhOnB3", ""),
        ("", ""),
    ],
)
def test_the_name_of_a_login_is_read_from_its_header(header: str, name: str) -> None:
    assert who(header) == name


@pytest.mark.parametrize("deed", DEEDS)
def test_requests_for_deeds_are_parsed(deed: str) -> None:
    body = f'{{"deed": "{deed}", "pad": "a b\u00e9", "to": "x", "replace": true}}'
    assert DeedRequest.from_json(body.encode()) == DeedRequest(deed, "a b\u00e9", "x", replace=True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "deed"),
        (b'{"deed": "burn", "pad": "a"}', "deed"),
        (b'{"deed": ["delete"], "pad": "a"}', "deed"),
        (b'{"deed": "delete"}', "pad"),
        (b'{"deed": "delete", "pad": 7}', "pad"),
        (b'{"deed": "delete", "pad": "%s"}' % (b"x" * 400), "pad"),
        (rb'{"deed": "delete", "pad": "\ud83d"}', "pad: it contains half"),
        (b'{"deed": "kick", "pad": "a", "author": {}}', "author"),
        (b'{"deed": "copy", "pad": "a"}', "to"),
        (b'{"deed": "copy", "pad": "a", "to": "a"}', "the same"),
        (b'{"deed": "move", "pad": "a", "to": "b c"}', "not a valid pad name"),
        (b'{"deed": "move", "pad": "a", "to": "b", "replace": 1}', "replace"),
    ],
)
def test_what_is_no_request_for_a_deed_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(BadDeedRequest, match=said):
        _ = DeedRequest.from_json(body)
