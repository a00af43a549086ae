"""Which cold stores may be named. What the rest of such a URL means is for who opens it."""

from typing import Final

SCHEMES: Final = ("file", "s3", "gs", "az", "postgresql", "postgres", "mysql", "mariadb")

NONE: Final = "none"
"""Says that there is to be no cold store, where one would be used by default."""


def problem_with_cold(url: str) -> str | None:
    """Why a text is refused as the URL of a cold store; None: it is not. It repeats nothing of what
    could be a password."""
    scheme, separator, rest = url.strip().partition("://")
    if not url.strip() or url.strip() == NONE:
        return None
    if not separator or scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        return f"it names no cold store; one begins with {known}"
    return None if rest else "it does not say where"
