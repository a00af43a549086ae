"""Which pages may connect."""

import pytest

from services.fanout.limits.origins import Origins

SAME = Origins(["same"])


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
    assert SAME.allows(origin, [host])


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://pad.example.org.evil.example",
        "https://evilpad.example.org",
        "https://user@evil.example",
        "null",
        "file://",
        "pad.example.org",
        "https://",
        "https://[bad",
    ],
)
def test_any_other_page_may_not(origin: str) -> None:
    assert not SAME.allows(origin, ["pad.example.org", ""])


def test_who_is_no_page_may() -> None:
    assert SAME.allows("", ["pad.example.org"])


def test_the_name_that_a_proxy_was_called_by_counts_too() -> None:
    assert SAME.allows("https://pad.example.org", ["worker-7:9001", " pad.example.org"])


def test_listed_origins_are_exact() -> None:
    listed = Origins(["same", "https://wiki.example.org/"])
    assert listed.allows("https://wiki.example.org", ["pad.example.org"])
    assert not listed.allows("http://wiki.example.org", ["pad.example.org"])
    assert not listed.allows("https://wiki.example.org:444", ["pad.example.org"])


def test_a_list_without_same_leaves_our_own_pages_out() -> None:
    assert not Origins(["https://wiki.example.org"]).allows("https://us.example", ["us.example"])


def test_all_of_them() -> None:
    assert Origins(["*"]).allows("null", [])
