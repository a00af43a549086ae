"""This module finds out the client's address of a request when there are proxies in between. It is
pure.

Each proxy appends the address that it was called from to those that are in the header already.
Whatever the client wrote itself comes first, and means nothing. So the header is read from its end,
for as long as the writer of an entry is a proxy of ours (RFC 7239, 8.1: the list is only as good as
the least trusted of its writers).
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

MOST_PROXIES = 30
"""How many proxies of ours a request may pass. A client within their networks can write any number
of their addresses into the header itself, and each takes 20 µs."""

Network = IPv4Network | IPv6Network


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Reads addresses, and networks such as `10.0.0.0/8`. Raises ValueError, which names the text
    that is neither."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def is_near(address: str) -> bool:
    """Returns whether this is an address of the machine itself (loopback)."""
    return address.startswith(("127.", "::1", "::ffff:127."))


class Trusted:
    """The proxies that we trust to say who called them."""

    def __init__(self, proxies: Iterable[Network], header: str) -> None:
        """Takes the proxies, and the name of their header, such as `X-Forwarded-For`."""
        self._proxies = tuple(proxies)
        self._header = header

    def knows(self, address: str) -> bool:
        """Returns whether this is the address of a proxy of ours."""
        if not self._proxies:
            return False
        try:
            found = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None) or found
        return any(mapped in network for network in self._proxies)

    def client(self, peer: str, headers: Iterable[tuple[str, str]]) -> str:
        """Returns the client's address: the peer's own, or, if the peer is a proxy of ours, the
        nearest address in the headers that does not belong to one. Behind `MOST_PROXIES` of them,
        nothing more is read."""
        if not self._proxies or not self.knows(peer):
            return peer
        wanted = self._header.lower()
        said = ",".join(value for name, value in headers if name.lower() == wanted)
        for entry in reversed(said.rsplit(",", MOST_PROXIES)[-MOST_PROXIES:]):
            address = _plain(entry)
            if not address:
                break
            peer = address
            if not self.knows(address):
                break
        return peer


def _plain(entry: str) -> str:
    """Returns the address of an entry, which may have a port, brackets or a zone, or an empty text
    if it is not an address."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # A zone (`fe80::1%eth0`) may be any text, and means something only on that machine.
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return ""
