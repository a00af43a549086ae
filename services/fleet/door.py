"""Who may see the fleet: whoever has the password. Pure, but for the file that it may be in."""

import base64
import binascii
import hmac
from pathlib import Path

from shared.settings import FanoutSettings, SettingsError
from shared.settings.seeing import problem_with_token


def token_of(settings: FanoutSettings) -> str:
    """The password; empty: there is none, and no page. Raises `SettingsError` for a file without a
    good one."""
    path = settings.fleet_token_file
    if not path:
        return settings.fleet_token.strip()
    try:
        token = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"--fleet-token-file: {path}: {error}"]) from None
    if not token:
        raise SettingsError([f"--fleet-token-file: {path} is empty"])
    if (problem := problem_with_token(token)) is not None:
        raise SettingsError([f"--fleet-token-file: {path}: {problem}"])
    return token


def admits(token: str, authorization: str) -> bool:
    """Whether the header `Authorization` has the password: as a bearer, for programs, or as Basic
    with any user name, which browsers ask for."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        given = _password(given)
    elif scheme.lower() != "bearer":
        return False
    # In constant time: how long it takes tells nothing of how much of a guess is right.
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())


def _password(given: str) -> str:
    try:
        text = base64.b64decode(given, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return text.partition(":")[2]
