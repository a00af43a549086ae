"""Passwords that are given by a setting, or in a file that another setting names."""

from __future__ import annotations

from pathlib import Path

from padfleet.shared.settings.loading import SettingsError


def password_of(given: str, path: str, flag: str) -> str:
    """What is given, or, if there is a `path`, what stands in that file; white space around it does
    not count. Empty: there is none. Raises `SettingsError`, which names the file's `flag`, for a
    file that cannot be read or has nothing in it."""
    if not path:
        return given.strip()
    try:
        found = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{flag}: {path}: {error}"]) from None
    if not found:
        raise SettingsError([f"{flag}: {path} is empty"])
    return found
