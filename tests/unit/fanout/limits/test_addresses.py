"""Tests the address of a client behind proxies, which nobody can forge."""

import pytest

from padfleet.services.fanout.limits.addresses import MOST_PROXIES, Trusted, networks

OURS = networks(["10.0.0.0/8", "fd00::/8"])
TRUSTED = Trusted(OURS, "X-Forwarded-For")


def seen(peer: str, *values: str, trusted: Trusted = TRUSTED) -> str:
    return trusted.client(peer, [("x-forwarded-for", value) for value in values])


def test_without_a_proxy_of_ours_the_header_means_nothing() -> None:
    assert seen("203.0.113.9", "198.51.100.1") == "203.0.113.9"
    assert seen("203.0.113.9", "198.51.100.1", trusted=Trusted((), "X-Forwarded-For")) == (
        "203.0.113.9"
    )


def test_the_nearest_proxy_says_who_called_it() -> None:
    assert seen("10.0.0.2", "198.51.100.1") == "198.51.100.1"


def test_what_the_client_itself_wrote_is_passed_over() -> None:
    """It stands before what our proxies have added."""
    assert seen("10.0.0.2", "127.0.0.1, 10.9.9.9, 198.51.100.1") == "198.51.100.1"


def test_a_chain_of_proxies_of_ours_is_followed_to_its_beginning() -> None:
    assert seen("10.0.0.2", "8.8.8.8, 198.51.100.1, 10.0.0.3") == "198.51.100.1"
    assert seen("10.0.0.2", "8.8.8.8, 198.51.100.1", "10.0.0.3") == "198.51.100.1"


def test_a_chain_is_followed_as_far_as_chains_go() -> None:
    """A client within our networks can write any number of their addresses: 70,000 took 400 ms."""
    proxies = ",".join(["10.0.0.3"] * (MOST_PROXIES - 1))
    assert seen("10.0.0.2", f"198.51.100.1,{proxies}") == "198.51.100.1"
    assert seen("10.0.0.2", f"198.51.100.1,10.0.0.4,{proxies}") == "10.0.0.4"
    assert seen("10.0.0.2", *[",".join(["10.0.0.4"] * 800)] * 100, proxies) == "10.0.0.4"


def test_a_client_within_our_networks_is_itself() -> None:
    assert seen("10.0.0.2", "10.1.1.1") == "10.1.1.1"


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ('"[2001:db8::1]"', "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%\udcff]:80", "fe80::1"),
        ("2001:db8::1%" + "x" * 8000, "2001:db8::1"),
    ],
)
def test_ports_brackets_and_zones_are_no_part_of_an_address(entry: str, address: str) -> None:
    assert seen("10.0.0.2", entry) == address


@pytest.mark.parametrize("nonsense", ["", "unknown", "_hidden", "1.2.3.4.5", "x" * 10_000, ","])
def test_nonsense_leaves_what_is_known(nonsense: str) -> None:
    assert seen("10.0.0.2", nonsense) == "10.0.0.2"


def test_ipv4_in_ipv6_clothes_is_the_same_proxy() -> None:
    assert seen("::ffff:10.0.0.2", "198.51.100.1") == "198.51.100.1"


def test_what_is_no_network_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="example"):
        networks(["10.0.0.0/8", "proxy.example"])
