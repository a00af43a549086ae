"""Tests whom an address counts as, wherever a limit applies to addresses."""

from __future__ import annotations

import pytest

from padfleet.shared.payers import payer_of


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_whom_an_address_counts_as(address: str, expected: str) -> None:
    assert payer_of(address) == expected
