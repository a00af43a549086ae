"""This module defines the only exception of this package."""

from __future__ import annotations

_SHOWN = 80


class EasysyncError(ValueError):
    """A changeset, attribute string or pool is malformed, or does not fit what it is used on."""


def shown(value: object) -> str:
    """Returns `value` for an error message: escaped, and short even if it is long."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}…"
    return f"a {type(value).__name__}"
