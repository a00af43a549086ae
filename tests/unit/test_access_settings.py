"""Settings of who may do what: what does not go together is refused, and nothing is shown."""

from __future__ import annotations

import re

import pytest

from padfleet.shared.settings import FanoutSettings, SettingsError, described, resolve
from padfleet.shared.settings.declare import specs
from tests.fleet import ROOT

REDIS = {"PADFLEET_REDIS_URL": "redis://a"}


def settings(**given: str) -> FanoutSettings:
    environ = {f"PADFLEET_{name.upper()}": text for name, text in given.items()}
    return resolve(FanoutSettings, "padfleet fanout", [], REDIS | environ)


def problem(**given: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(**given)
    (found,) = caught.value.problems
    return found


def test_open_is_the_default() -> None:
    assert settings().auth == "open"


@pytest.mark.parametrize(
    ("name", "value", "mode"),
    [
        ("jwt_secret", "s" * 32, "jwt"),
        ("jwt_public_key_file", "x.pem", "jwt"),
        ("jwt_jwks_url", "https://login/keys", "jwt"),
        ("jwt_audience", "pads", "jwt"),
        ("hook_url", "https://may", "hook"),
        ("hook_cookies", "sid", "hook"),
    ],
)
@pytest.mark.parametrize("auth", ["open", "jwt", "hook"])
def test_who_gives_a_key_and_forgets_the_mode_is_told(
    name: str, value: str, mode: str, auth: str
) -> None:
    """It would otherwise be an open fleet."""
    if auth == mode:
        return
    needed = {"jwt": {"jwt_secret_file": "s"}, "hook": {"hook_url": "https://h"}}.get(auth, {})
    found = problem(auth=auth, **{**needed, name: value})
    assert found.startswith(f"PADFLEET_{name.upper()}: only has a meaning with --auth {mode}")
    assert f"set PADFLEET_AUTH={mode}" in found


def test_jwt_needs_one_key() -> None:
    assert "jwt needs the key of the tokens: give one of --jwt-secret, " in problem(auth="jwt")
    found = problem(auth="jwt", jwt_secret="s" * 32, jwt_jwks_url="https://login/keys")
    assert "in several ways (--jwt-secret, --jwt-jwks-url): keep only one" in found
    assert settings(auth="jwt", jwt_jwks_file="keys.json").jwt_jwks_file == "keys.json"


def test_hook_needs_an_address() -> None:
    assert "give --hook-url" in problem(auth="hook")
    assert settings(auth="hook", hook_url="https://may/i").hook_url == "https://may/i"
    both = problem(auth="hook", hook_url="https://u:p@may", hook_secret="s")
    assert both.startswith("PADFLEET_HOOK_SECRET: there are credentials in --hook-url as well")


@pytest.mark.parametrize("url", ["login/keys", "file:///etc/passwd", "https://", "http://h:x/"])
def test_addresses_are_addresses(url: str) -> None:
    assert "not a URL" in problem(auth="hook", hook_url=url)
    assert "not a URL" in problem(auth="jwt", jwt_jwks_url=url)


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a=b", "ä", "a\n"])
def test_the_tokens_name_fits_a_cookie(name: str) -> None:
    assert "not a name for a cookie" in problem(jwt_name=name)


def test_secrets_are_in_no_print() -> None:
    one = settings(auth="jwt", jwt_secret="hunter2" * 5)
    two = settings(auth="hook", hook_url="https://u:hunter2@may/i?key=hunter2")
    three = settings(auth="hook", hook_url="https://may", hook_secret="hunter2")
    four = settings(auth="jwt", jwt_jwks_url="https://u:hunter2@login/keys")
    for found in (one, two, three, four):
        assert "hunter2" not in repr(found)
        assert "hunter2" not in str(described(found))
    assert described(two)["hook_url"] == "https://u:***@may/i?***"
    assert "hunter2" not in problem(auth="hook", hook_url="hunter2")


def test_the_documentation_names_settings_that_exist() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"PADFLEET_[A-Z_]+", text))
    assert len(named) > 15
    assert named <= {spec.env for spec in specs(FanoutSettings)}


TOKENS = {"api_jwks_url": "https://login/keys", "api_issuer": "i", "api_audience": "a"}


def test_tokens_of_callers_need_a_scope_or_claim() -> None:
    assert not settings().api_takes_tokens
    assert settings(**TOKENS, api_scope="pads").api_takes_tokens
    assert settings(**TOKENS, api_claim="admin=true").api_takes_tokens
    for missing in ("api_issuer", "api_audience"):
        given = {name: value for name, value in TOKENS.items() if name != missing}
        assert "would open every pad" in problem(**given, api_scope="pads")
    assert "--api-scope or --api-claim is needed" in problem(**TOKENS)
    assert "name=value" in problem(**TOKENS, api_claim="admin")
    assert "keep only one" in problem(**TOKENS, api_scope="s", api_jwks_file="f")
    assert "there are no keys" in problem(api_scope="pads")
