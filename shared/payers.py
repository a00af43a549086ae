"""This module says whom an address counts as, wherever a limit applies to addresses.

What a limit is given is a `Payer`, and only `payer_of` makes one, so no limit can count an address
as it comes.
"""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final, NewType

Payer = NewType("Payer", str)
"""Whose account a request or a connection is charged to, if an address is all that is known of its
sender."""

NOBODY: Final = Payer("")
"""The payer where there is no address."""


@lru_cache(maxsize=10_000)
def payer_of(address: str) -> Payer:
    """Returns whom an address counts as: itself, or for IPv6 its network of 64 bits, in which every
    machine may choose from more addresses than could ever be counted. An IPv4 address that is
    written as one of IPv6 counts as itself, and so does the machine's own address."""
    try:
        found = ip_address(address)
    except ValueError:
        return Payer(address)
    if not isinstance(found, IPv6Address) or found.is_loopback:
        return Payer(address)
    if found.ipv4_mapped is not None:
        return Payer(str(found.ipv4_mapped))
    return Payer(str(IPv6Network((int(found) >> 64 << 64, 64))))
