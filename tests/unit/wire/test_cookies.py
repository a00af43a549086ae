"""The cookies of strangers are read in one go through their header."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from padfleet.shared.wire.cookies import value_of

HEADERS = [
    "token=t.1",
    "other=1; token=t.1; more=2",
    " token = t.1 ;x",
    'token="t.1"',
    'token="a\\"b\\\\c"',
    'token="a\\054b\\303\\266"',
    "token=",
    "token=a=b=c",
    "x=token=t.1",
    "mytoken=t.1; tokens=t.2",
]


@pytest.mark.parametrize("header", HEADERS)
def test_a_cookie_is_what_python_reads(header: str) -> None:
    jar: SimpleCookie = SimpleCookie()
    for part in header.split(";"):
        jar.load(part.strip())
    assert value_of(header, "token") == (jar["token"].value if "token" in jar else None)


@pytest.mark.parametrize("header", ["token=t.1; token=t.2", "a=b;token=t.1;token=;token=t.3"])
def test_of_several_the_first_counts(header: str) -> None:
    """As for Etherpad. The last one counted, which is that for the shortest path."""
    assert value_of(header, "token") == "t.1"


@pytest.mark.parametrize("header", ["", ";;;", "token", "=", "token;=", "a" * 9000])
def test_what_is_no_cookie_is_passed_over(header: str) -> None:
    assert value_of(header, "token") is None


def test_what_python_takes_long_to_read() -> None:
    """It looks for each backslash from where the last one was: 8 KB of them took seconds, and the
    query may have a cookie, too, of which there may be more."""
    assert value_of(f'token="{chr(92) * 2_000_000}"', "token") == chr(92) * 1_000_000
    assert value_of("a=b; " * 200_000, "token") is None
