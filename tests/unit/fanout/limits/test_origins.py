"""Tests which web pages may change something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.limits.origins import (
    Origins,
    OriginVerdict,
    RequestOrigin,
    changes_state,
)

SAME = Origins(["same"])
OURS = ["pad.example.org", ""]


def socket_of(origin: str, hosts: list[str], origins: Origins = SAME) -> bool:
    return (
        origins.verdict(RequestOrigin(origin, over_socketio=True), hosts) is OriginVerdict.WELCOME
    )


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://pad.example.org", "pad.example.org"),
        ("https://pad.example.org", "pad.example.org:9001"),  # a proxy that speaks TLS
        ("https://pad.example.org:8443", "pad.example.org"),  # one that maps ports
        ("http://127.0.0.1:9001", "127.0.0.1:9001"),
        ("http://[::1]:9001", "[::1]:9001"),
        ("https://PAD.example.org", "pad.example.org"),
    ],
)
def test_a_page_of_our_own_host_may(origin: str, host: str) -> None:
    assert socket_of(origin, [host])
    assert SAME.verdict(RequestOrigin(origin), [host]) is OriginVerdict.WELCOME


@pytest.mark.parametrize("site", ["", "cross-site", "same-site", "same-origin", "none", "?"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://pad.example.org.evil.example",
        "https://evilpad.example.org",
        "https://user@evil.example",
        "null",
        "NULL",
        "file://",
        "pad.example.org",
        "https://",
        "https://[bad",
    ],
)
def test_any_other_page_may_not(origin: str, site: str) -> None:
    """This holds whatever else the request says, and whether or not the browser sends the site."""
    for over_socketio in (True, False):
        asks = RequestOrigin(origin, site, over_socketio=over_socketio)
        assert SAME.verdict(asks, OURS) is OriginVerdict.FOREIGN


def test_programs_that_are_no_pages_may_connect() -> None:
    assert socket_of("", ["pad.example.org"])
    assert SAME.verdict(RequestOrigin(), OURS) is OriginVerdict.WELCOME


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_origin_may_not_though_the_name_is_ours(site: str) -> None:
    """A neighbour on another port, or one that the browser names in no other way."""
    assert (
        SAME.verdict(RequestOrigin("https://pad.example.org:8000", site), OURS)
        is OriginVerdict.FOREIGN
    )
    assert SAME.verdict(RequestOrigin("", site), OURS) is OriginVerdict.FOREIGN
    assert SAME.verdict(RequestOrigin("", site, over_socketio=True), OURS) is OriginVerdict.FOREIGN


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_the_browser_says_is_ours_is_ours(site: str) -> None:
    assert SAME.verdict(RequestOrigin("", site), OURS) is OriginVerdict.WELCOME


def test_sockets_may_be_on_another_port_of_the_pages_host() -> None:
    asks = RequestOrigin("https://pad.example.org:8000", "same-site", over_socketio=True)
    assert SAME.verdict(asks, OURS) is OriginVerdict.WELCOME


def test_the_name_that_a_proxy_was_called_by_counts_too() -> None:
    assert socket_of("https://pad.example.org", ["worker-7:9001", " pad.example.org"])


def test_listed_origins_are_exact() -> None:
    listed = Origins(["same", "https://wiki.example.org/"])
    assert socket_of("https://wiki.example.org", OURS, listed)
    assert not socket_of("http://wiki.example.org", OURS, listed)
    assert not socket_of("https://wiki.example.org:444", OURS, listed)
    assert (
        listed.verdict(RequestOrigin("https://wiki.example.org", "cross-site"), OURS)
        is OriginVerdict.WELCOME
    )
    assert listed.lists("https://wiki.example.org")
    assert not listed.lists("https://pad.example.org")
    assert not listed.lists("")


def test_a_list_without_same_leaves_our_own_pages_out() -> None:
    assert not socket_of("https://us.example", ["us.example"], Origins(["https://wiki.example"]))


@pytest.mark.parametrize(
    "asks",
    [RequestOrigin("null"), RequestOrigin("https://evil.example"), RequestOrigin("", "same-site")],
)
def test_all_of_them_come_without_their_visitors_cookies(asks: RequestOrigin) -> None:
    """Our own pages and pages that are listed by name are exceptions."""
    everybody = Origins(["*", "same", "https://wiki.example.org"])
    assert everybody.verdict(asks, OURS) is OriginVerdict.WITHOUT_COOKIES
    for ours in ("https://pad.example.org", "https://wiki.example.org"):
        assert everybody.verdict(RequestOrigin(ours), OURS) is OriginVerdict.WELCOME
    assert everybody.lists("null")
    assert everybody.lists("")


@given(
    st.builds(
        RequestOrigin,
        st.sampled_from(["", "null", "https://evil.example", "https://pad.example.org"]),
        st.sampled_from(["", "none", "same-origin", "same-site", "cross-site"]),
        st.sampled_from(["", "cors", "no-cors", "navigate", "websocket"]),
        st.booleans(),
    )
)
def test_foreign_pages_never_get_cookies(asks: RequestOrigin) -> None:
    """The two lists differ in whom they let in, not in whose cookies count."""
    strict, open_to_all = SAME.verdict(asks, OURS), Origins(["*", "same"]).verdict(asks, OURS)
    assert (strict is OriginVerdict.WELCOME) == (open_to_all is OriginVerdict.WELCOME)


@pytest.mark.parametrize(
    ("method", "path", "cookies", "mode", "asked"),
    [
        ("GET", "/socket.io/", "", "", True),
        ("POST", "/socket.io/", "", "", True),
        ("POST", "/p/x/import", "", "", True),
        ("PUT", "/whatever", "", "", True),
        ("GET", "/p/x", "token=t.x", "", False),
        ("GET", "/p/x/export/txt", "token=t.x", "", False),
        ("GET", "/api/1.3.0/deletePad", "token=t.x", "", True),
        ("POST", "/api/1.3.0/deletePad", "token=t.x", "", True),
        ("POST", "/api/1.3.0/deletePad", "", "", False),
        ("GET", "/fleet", "", "navigate", False),
        ("GET", "/fleet", "", "no-cors", True),
        ("GET", "/fleet/data", "", "cors", True),
        ("POST", "/fleet/pads", "", "navigate", True),
        ("GET", "/fleetwood", "", "", False),
    ],
)
def test_what_has_to_come_from_a_page_of_ours(
    method: str, path: str, cookies: str, mode: str, asked: bool
) -> None:
    assert changes_state(method, path, cookies, mode) == asked
