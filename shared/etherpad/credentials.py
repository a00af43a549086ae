"""This module reads the credentials for an Etherpad's HTTP API from the command line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from padfleet.shared.etherpad.source import SourceFailed
from padfleet.shared.etherpad.web import ApiCredentials


def add_api_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `credentials_of` reads."""
    parser.add_argument(
        "--api-key-file",
        type=Path,
        metavar="FILE",
        help="file with the key of the Etherpad's HTTP API, its APIKEY.txt; otherwise "
        "ETHERPAD_API_KEY",
    )
    oauth = parser.add_argument_group(
        "an Etherpad that uses OAuth instead of a key (authenticationMethod sso)"
    )
    oauth.add_argument(
        "--oauth-client",
        default="",
        metavar="ID",
        help="a client that may get tokens for its own credentials (client_credentials)",
    )
    oauth.add_argument(
        "--oauth-secret-file",
        type=Path,
        metavar="FILE",
        help="file with the secret of that client; otherwise ETHERPAD_OAUTH_SECRET",
    )
    oauth.add_argument(
        "--oauth-token-url",
        default="",
        metavar="URL",
        help="where to get tokens [default: /oidc/token of the Etherpad]",
    )
    oauth.add_argument("--oauth-scope", default="", metavar="SCOPE", help="scope to ask for")


def credentials_of(given: argparse.Namespace) -> ApiCredentials:
    """Returns the credentials. Raises `SourceFailed` for a file that cannot be read."""
    if not given.oauth_client:
        return ApiCredentials(_secret(given.api_key_file, "--api-key-file", "ETHERPAD_API_KEY"))
    secret = _secret(given.oauth_secret_file, "--oauth-secret-file", "ETHERPAD_OAUTH_SECRET")
    return ApiCredentials("", given.oauth_client, secret, given.oauth_token_url, given.oauth_scope)


def _secret(path: Path | None, flag: str, variable: str) -> str:
    if path is None:
        return os.environ.get(variable, "").strip()
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceFailed(f"{flag} {path}: {error}") from error
