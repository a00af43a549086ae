"""Whose address a request comes from, when there are proxies in between. Pure.

Each proxy writes the address that it was called from behind those that the header has already.
What the client wrote itself stands at the front, and means nothing. So the header is read from its
end, as long as the one who wrote it is a proxy of ours (RFC 7239, 8.1: the list is only as good as
the least trusted of its writers).
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as `10.0.0.0/8`. ValueError names the one that is not."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


class Trusted:
    """The proxies whose word is taken for who called them."""

    def __init__(self, proxies: Iterable[Network], header: str) -> None:
        """`header`: such as `X-Forwarded-For`."""
        self._proxies = tuple(proxies)
        self._header = header

    def knows(self, address: str) -> bool:
        """Whether this is the address of a proxy of ours."""
        if not self._proxies:
            return False
        try:
            found = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None) or found
        return any(mapped in network for network in self._proxies)

    def client(self, peer: str, headers: Iterable[tuple[str, str]]) -> str:
        """The client's address: the peer's, or what the nearest proxy that is not ours has."""
        if not self._proxies or not self.knows(peer):
            return peer
        wanted = self._header.lower()
        said = ",".join(value for name, value in headers if name.lower() == wanted)
        for entry in reversed(said.split(",")):
            address = _plain(entry)
            if not address:
                break
            peer = address
            if not self.knows(address):
                break
        return peer


def _plain(entry: str) -> str:
    """The address of an entry, which may have a port or brackets; empty if it is none."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
