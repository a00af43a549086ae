"""Tests that a worker answers only requests for its own host names."""

import pytest

from padfleet.services.fanout.limits.hosts import Hosts, name_in

OPEN = Hosts([], "box")
LISTED = Hosts(["pad.example.org", "*.pads.example.org", "Pads.example.net."], "box")

ALWAYS = ["127.0.0.1:9001", "[::1]:9001", "192.0.2.7", "localhost:9001", "pad.localhost", ""]
"""Hosts that no name server can redirect, and the missing host of HTTP/1.0."""

BROKEN = ["[bad", "http://pad.example.org", ":9001", "/", "@", " "]


@pytest.mark.parametrize("near", [True, False])
@pytest.mark.parametrize("hosts", [OPEN, LISTED])
@pytest.mark.parametrize("host", ALWAYS)
def test_addresses_and_localhost_are_always_ours(hosts: Hosts, host: str, near: bool) -> None:
    assert hosts.are_ours([host], near=near)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9001", "localhost.evil.example"])
def test_a_name_that_was_made_to_lead_to_this_machine_is_refused(host: str) -> None:
    assert not OPEN.are_ours([host], near=True)
    assert not LISTED.are_ours([host], near=True)
    assert not LISTED.are_ours([host], near=False)


def test_without_a_list_others_may_call_us_anything() -> None:
    assert OPEN.are_ours(["pads.lan:9001"], near=False)
    for name in ("box", "BOX.", "box:9001", "balancer"):
        assert OPEN.are_ours([name], near=True), "no public name server has it"
    assert Hosts([], "Box.example.org").are_ours(["box.example.org:9001"], near=True)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("pad.example.org", True),
        ("PAD.example.org.:443", True),
        ("pads.example.net", True),
        ("one.pads.example.org", True),
        ("a.b.pads.example.org", True),
        ("pads.example.org", False),
        (".pads.example.org", False),
        ("evilpad.example.org", False),
        ("pad.example.org.evil.example", False),
        ("box", False),
    ],
)
def test_a_list_holds_for_everybody(host: str, ours: bool) -> None:
    for near in (True, False):
        assert LISTED.are_ours([host], near=near) == ours


def test_each_name_that_is_said_has_to_be_ours() -> None:
    """An attacker who can make a browser send one of the names cannot hide behind the other."""
    assert LISTED.are_ours(["127.0.0.1:9001", "pad.example.org"], near=False)
    assert not LISTED.are_ours(["evil.example", "pad.example.org"], near=False)
    assert not LISTED.are_ours(["pad.example.org", "evil.example"], near=False)


@pytest.mark.parametrize("host", BROKEN)
def test_what_is_no_name_is_nobodys(host: str) -> None:
    assert not LISTED.are_ours([host], near=False)
    assert name_in(host) in (None, "http")


def test_any_host_name_is_accepted_if_the_setting_says_so() -> None:
    assert Hosts(["*"], "box").are_ours(["whatever.example"], near=True)
