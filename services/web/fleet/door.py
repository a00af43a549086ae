"""Who may see the fleet: whoever has the password. Pure, but for the file that it may be in."""

import base64
import binascii
import hmac

from padfleet.shared.settings import FanoutSettings, SettingsError
from padfleet.shared.settings.passwords import password_of
from padfleet.shared.settings.seeing import problem_with_token


def token_of(settings: FanoutSettings) -> str:
    """The password; empty: there is none, and no page. Raises `SettingsError` for a file without a
    good one."""
    path, flag = settings.fleet_token_file, "--fleet-token-file"
    token = password_of(settings.fleet_token, path, flag)
    if path and (problem := problem_with_token(token)) is not None:
        raise SettingsError([f"{flag}: {path}: {problem}"])
    return token


def admits(token: str, authorization: str) -> bool:
    """Whether the header `Authorization` has the password: as a bearer, for programs, or as Basic
    with any user name, which browsers ask for. Nobody has the password that there is not."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        given = _password(given)
    elif scheme.lower() != "bearer":
        return False
    if not token:
        return False
    # In constant time: how long it takes tells nothing of how much of a guess is right.
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())


def who(authorization: str) -> str:
    """The name that somebody has given with the password. It is his word alone: whoever has the
    password may give any. Empty: none."""
    scheme, _, given = authorization.partition(" ")
    return _given(given)[0] if scheme.lower() == "basic" else ""


def _password(given: str) -> str:
    return _given(given)[1]


def _given(given: str) -> tuple[str, str]:
    """The name and the password in what a browser sends."""
    try:
        text = base64.b64decode(given, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return "", ""
    name, _, password = text.partition(":")
    return name, password
