"""Decides whether a request that has the password may change something. Pure.

A browser that has been given the password once also sends it with requests that any other page
makes it send here. So a request that changes something has to come from our own page, which it
shows in three ways. No page elsewhere can do the second: because of our own header, the browser
asks beforehand whether it may send the request, and it may not. Programs send the password
themselves, as a bearer token.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

HEADER: Final = "X-Padfleet-Page"
"""The header that our page sends with each change that it asks for; its value is `OURS`."""

OURS: Final = "fleet"


def why_not(headers: Mapping[str, str], hosts: tuple[str, ...]) -> str:
    """Returns why the request may change nothing; empty if it may.

    Arguments:
        headers: those of the request, which can be looked up in any case.
        hosts: our name as the request has it, in `Host` and, from a proxy, `X-Forwarded-Host`.
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
    """Returns the host name in an address, without its port, which differs behind a proxy."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
