"""Admits those who have the password to the fleet page. Pure, except for the file that may hold
it."""

import base64
import binascii
import hmac

from padfleet.shared.settings import FanoutSettings, SettingsError
from padfleet.shared.settings.passwords import password_of
from padfleet.shared.settings.seeing import problem_with_token


def token_of(settings: FanoutSettings) -> str:
    """Returns the password; empty if there is none, and thus no page. Raises `SettingsError` if the
    file does not contain a good one."""
    path, flag = settings.fleet_token_file, "--fleet-token-file"
    token = password_of(settings.fleet_token, path, flag)
    if path and (problem := problem_with_token(token)) is not None:
        raise SettingsError([f"{flag}: {path}: {problem}"])
    return token


def admits(token: str, authorization: str) -> bool:
    """Returns whether the header `Authorization` contains the password: as a bearer token, which
    programs send, or as Basic with any user name, which browsers ask for. If no password is set,
    nobody is admitted."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        given = _password(given)
    elif scheme.lower() != "bearer":
        return False
    if not token:
        return False
    # This takes constant time, so that its duration does not reveal how much of a guess is right.
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())


def who(authorization: str) -> str:
    """Returns the name that was given with the password; empty if none was. It is not verified:
    those who have the password may give any name."""
    scheme, _, given = authorization.partition(" ")
    return _given(given)[0] if scheme.lower() == "basic" else ""


def _password(given: str) -> str:
    return _given(given)[1]


def _given(given: str) -> tuple[str, str]:
    """Returns the name and the password in what a browser sends."""
    try:
        text = base64.b64decode(given, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return "", ""
    name, _, password = text.partition(":")
    return name, password
