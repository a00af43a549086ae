"""Decides how many examples the property tests try: a few in `make test`, where everybody waits,
and many more in `make properties`."""

from __future__ import annotations

import os
from typing import Final

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "desk")

THOROUGH: Final = PROFILE == "thorough"


def examples(count: int, *, least: int = 10) -> int:
    """Returns how many examples a test tries: an eighth of `count`, but `least` at least, or ten
    times `count` when it is thorough."""
    return 10 * count if THOROUGH else max(count // 8, least)
