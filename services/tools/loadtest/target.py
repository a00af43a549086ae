"""Reads from the command line which server is meant."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit


class BadUrl(ValueError):
    """The text is not the address of a server."""


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """A server, named by an address such as ``http://host:port/prefix``."""

    url: str
    host: str
    port: int
    tls: bool
    path: str  #: of ``/socket.io/``

    @classmethod
    def parse(cls, url: str) -> "LoadTarget":
        """Reads an address. Raises `BadUrl`."""
        refusal = BadUrl(f"{url} is not the address of a server: http://host:port")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise refusal from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise refusal
        if "/p/" in parts.path or parts.query or parts.fragment:
            raise BadUrl(f"{url} is more than the address of a server; the pad is named by --pad")
        tls = parts.scheme == "https"
        path = f"{parts.path.rstrip('/')}/socket.io/"
        return cls(url, parts.hostname, port or (443 if tls else 80), tls, path)

    def request(self, pad_id: str) -> str:
        return f"{self.path}?padId={quote(pad_id, safe='')}&EIO=4&transport=websocket"

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
