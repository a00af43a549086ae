"""This module reads the URL of a cold store, and opens the store.

    file:///var/lib/padfleet/cold        a directory
    s3://bucket/prefix                   Amazon's S3; another service's: ?endpoint=https://…&region=…
    gs://bucket/prefix                   Google's, or by way of an address of your own: ?endpoint=…
    az://container/prefix?account=NAME   Azure's

Credentials do not belong in the URL: they are taken from the environment, such as
AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS and AZURE_STORAGE_ACCOUNT_KEY, or from the
machine's own role.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote

from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.store import ColdStore
from padfleet.shared.cold.stores.files import FileStore

Scheme = Literal["file", "s3", "gs", "az"]

OPTIONS: Final[dict[Scheme, frozenset[str]]] = {
    "file": frozenset(),
    "s3": frozenset({"endpoint", "region", "virtual_hosted"}),
    "gs": frozenset({"endpoint"}),
    "az": frozenset({"account", "endpoint"}),
}
"""The options that may follow the question mark."""

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
_ENDPOINT: Final = re.compile(r"https?://[^\s/@]+(/[^\s@]*)?")
_SWITCHES: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class ColdUrl:
    """A place for cold pads, as a URL names it."""

    scheme: Scheme
    bucket: str = ""
    path: str = ""  #: the directory, or the prefix of all names in the bucket
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}{self.path}"


def parse_cold_url(url: str) -> ColdUrl:
    """Parses a URL. Raises ValueError, which says what is wrong, and repeats nothing that could be
    a password."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme not in OPTIONS:
        raise ValueError(
            "names no place for cold pads; it begins with "
            + ", ".join(f"{known}://" for known in OPTIONS)
        )
    kind = scheme
    place, _, query = rest.partition("?")
    options = _options(kind, query)
    host, _, path = place.partition("/")
    if kind == "file":
        if host not in ("", "localhost") or len(path.strip("/")) == 0:
            raise ValueError("names a directory from the root on, as file:///var/lib/padfleet/cold")
        return ColdUrl(kind, path=f"/{unquote(path)}".rstrip("/"))
    if "@" in host:
        raise ValueError(
            f"holds credentials: give them in the environment, and {kind}://BUCKET here"
        )
    if not _BUCKET.fullmatch(host):
        raise ValueError(f"names no bucket, as {kind}://pads-of-ours/cold")
    prefix = unquote(path).strip("/")
    if any(part in ("", ".", "..") for part in prefix.split("/")) and prefix:
        raise ValueError(f"has an empty part, or dots for one: {prefix}")
    return ColdUrl(kind, host, f"/{prefix}" if prefix else "", options)


def _options(kind: Scheme, query: str) -> tuple[tuple[str, str], ...]:
    found = parse_qsl(query, keep_blank_values=True)
    for name, value in found:
        if name not in OPTIONS[kind]:
            known = ", ".join(sorted(OPTIONS[kind])) or "none"
            raise ValueError(f"{kind}:// has no option {name!r}; those that there are: {known}")
        if name == "endpoint" and not _ENDPOINT.fullmatch(value):
            raise ValueError("endpoint is not an address such as https://s3.example.org")
        if name == "virtual_hosted" and value not in _SWITCHES:
            raise ValueError("virtual_hosted is true or false")
    if len(dict(found)) != len(found):
        raise ValueError("has an option twice")
    return tuple(found)


def open_store(url: ColdUrl, *, known: bool = False) -> ColdStore:
    """Opens the store, without sending it anything yet. `known` says that it was used before.
    Raises `StoreAway` if it is already clear that the store cannot be used: the directory is not
    writable, or a library is not installed."""
    if url.scheme == "file":
        try:
            return FileStore.at(Path(url.path), known=known)
        except ValueError as error:
            raise StoreAway(str(error)) from error
    try:
        from padfleet.shared.cold.stores.buckets import open_bucket
    except ImportError as error:
        raise StoreAway(
            f"{url} needs a library that is not installed: pip install 'padfleet[objects]'"
        ) from error
    return open_bucket(url.scheme, url.bucket, url.path.strip("/"), dict(url.options), str(url))
