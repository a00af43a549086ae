"""This module reads passwords that are given by a setting, or in a file that another setting
names."""

from __future__ import annotations

from pathlib import Path

from padfleet.shared.settings.loading import SettingsError


def password_of(given: str, path: str, flag: str) -> str:
    """Returns the password that is given or, if there is a `path`, that is in the file, without
    surrounding white space; empty if there is none. Raises `SettingsError`, which names the `flag`
    of the file, if the file cannot be read or is empty."""
    if not path:
        return given.strip()
    try:
        found = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{flag}: {path}: {error}"]) from None
    if not found:
        raise SettingsError([f"{flag}: {path} is empty"])
    return found
