"""Whether something may be changed by a request that has the password. Pure.

A browser that has been given the password once sends it along with whatever any page makes it ask
here. So what changes something has to come from our own page, and says so in three ways, of which
no page elsewhere can do the second: a header of ours makes the browser ask beforehand whether it
may, and it may not. Programs bring the password by themselves, as a bearer.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

HEADER: Final = "X-Padfleet-Page"
"""The header that our page sends with what it wants to have done; its value is `OURS`."""

OURS: Final = "fleet"


def why_not(headers: Mapping[str, str], hosts: tuple[str, ...]) -> str:
    """Why the request may change nothing; empty: it may.

    Arguments:
        headers: of the request, found by any spelling.
        hosts: what the request calls us, in `Host` and, from a proxy, in `X-Forwarded-Host`.
    """
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return "what is to be done is told as application/json"
    if headers.get("Authorization", "").partition(" ")[0].lower() == "bearer":
        return ""
    if headers.get(HEADER, "") != OURS:
        return f"a browser has to come from the page /fleet/pads, which sends {HEADER}: {OURS}"
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return "another page has asked for this"
    origin = headers.get("Origin", "")
    if origin and _name(origin) not in {_name(f"//{host}") for host in hosts if host}:
        return (
            f"a page of {origin[:200]} has asked for this; a proxy has to pass on the Host header"
        )
    return ""


def _name(url: str) -> str | None:
    """The name in an address, without its port: behind a proxy, ours is another one."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
