"""Defines the headers that tell a browser how to treat our pages and files."""

from collections.abc import Iterable
from typing import Final

FOREVER: Final = "public, max-age=31536000, immutable"
"""The caching of files whose names contain a hash of their content."""

EACH_TIME: Final = "no-store"
"""The caching of pages, which contain a nonce that is valid for one answer."""

ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_FRAMES: Final = {"same": "'self'", "none": "'none'"}  # what a setting says, in the policy's words


def policy(nonce: str, embed: Iterable[str] = ("same",)) -> str:
    """Returns the Content-Security-Policy of a page, which allows our own files and sockets, and
    nothing from elsewhere.

    Arguments:
        nonce: allows the style sheets that the editor component makes at run time. There is no
            inline script, so scripts need no nonce.
        embed: who may show the page in a frame, as in the setting of that name.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            # Same origin covers ws: and wss: too.
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {' '.join(_FRAMES.get(each, each) for each in embed)}",
        ]
    )
