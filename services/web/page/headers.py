"""What the browser is told about our pages, beside their content."""

from collections.abc import Iterable
from typing import Final

FOREVER: Final = "public, max-age=31536000, immutable"
"""For what has a hash of its content in its name."""

EACH_TIME: Final = "no-store"
"""For pages: they hold a nonce, which is good for one answer."""

ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_FRAMES: Final = {"same": "'self'", "none": "'none'"}  # what a setting says, in the policy's words


def policy(nonce: str, embed: Iterable[str] = ("same",)) -> str:
    """The Content-Security-Policy of a page: our own files and sockets, and nothing from elsewhere.

    The nonce is for the style sheets that the editor component makes at run time. There is no
    inline script, so scripts need none. `embed` is who may show the page in a frame, as in the
    setting of that name.
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
