"""This module reads ages in days or hours, and shorter times, as people write them."""

import re
from typing import Final

_AGE: Final = re.compile(r"([0-9]{1,6})([hd])")
_TIME: Final = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def age_of(text: str) -> float:
    """Returns the age in seconds. Raises ValueError, which says what is wrong."""
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not an age such as 365d or 12h")
    return float(int(found[1]) * _SECONDS[found[2]])


def time_of(text: str) -> float:
    """Returns the time in seconds. Raises ValueError, which says what is wrong."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a time such as 30s, 10m, 12h or 1d")
    return float(int(found[1]) * _SECONDS[found[2]])


def prune_age_of(text: str) -> float:
    """Returns the seconds for which nobody must have used a pad that is deleted. Raises ValueError,
    which says what is wrong. An age of 0 is refused, because it would include every pad that nobody
    is on at the moment."""
    age = age_of(text)
    if not age:
        raise ValueError(f"{text!r} would include every pad that nobody is on at the moment")
    return age


def problem_with_prune(text: str) -> str | None:
    """Returns why a setting's text is refused, or None if it is accepted or empty."""
    try:
        _ = prune_age_of(text) if text.strip() else None
    except ValueError as error:
        return str(error)
    return None
