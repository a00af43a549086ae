"""Tests bearer tokens for the HTTP API with a real worker and a real issuer of keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests import signing
from tests.acceptance.npm import new_pad
from tests.fleet import Fleet, Member
from tests.integration.api.caller import KEY
from tests.integration.fanout.conftest import StartWorker
from tests.service import Service
from tests.signing import signed
from tests.tools import padfleet

RULES = {
    "PADFLEET_API_ISSUER": "https://login.example.org",
    "PADFLEET_API_AUDIENCE": "pads",
    "PADFLEET_API_SCOPE": "pads.admin",
}


def token(key: Any = None, kid: str | None = "one", **more: Any) -> str:
    usual = {
        "iss": RULES["PADFLEET_API_ISSUER"],
        "aud": "pads",
        "scope": "pads.admin",
        "sub": "moodle",
        "exp": int(time.time()) + 3000,
    }
    said = {name: value for name, value in {**usual, **more}.items() if value is not None}
    return signed(said, key or signing.rsa(), kid)


class Issuer:
    def __init__(self) -> None:
        self.keys = [signing.jwk(signing.rsa(), "one")]
        self.service = Service(lambda _: (200, signing.jwks(*self.keys)))


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    with made.service:
        yield made


@pytest.fixture(scope="module")
def worker(start_worker: StartWorker, issuer: Issuer) -> Member:
    """Starts a worker that accepts both tokens and the key."""
    url = f"{issuer.service.url}/keys"
    return start_worker(
        PADFLEET_API_KEY=KEY,
        PADFLEET_API_JWKS_URL=url,
        PADFLEET_JWT_JWKS_PAUSE_MS="200",
        **RULES,
    )


async def call(worker: Member, value: str, *, path: str = "", **data: str) -> tuple[int, Any]:
    url = f"{worker.url}{path or '/api/1.3.1/checkToken'}"
    headers = {"Authorization": value} if value else {}
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=data or None, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


OK = (200, {"code": 0, "message": "ok", "data": None})


async def test_a_token_is_as_good_as_the_key(worker: Member) -> None:
    pad = new_pad()
    bearer = f"Bearer {token()}"
    made = await call(worker, bearer, path="/api/1.3.1/createPad", padID=pad, text="x")
    assert made[1]["code"] == 0
    status, found = await call(worker, bearer, path="/rest/1.3.1/pad/getText", padID=pad)
    assert (status, found["data"]) == (200, {"text": "x\n"})
    assert await call(worker, f"bearer {token()}") == OK
    assert await call(worker, "", apikey=KEY) == OK
    assert await call(worker, f"Bearer {KEY}") == OK
    assert await call(worker, "Bearer a.b.c", apikey=KEY) == OK  # a proxy's own


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://login.example.com"},
        {"aud": "wiki"},
        {"aud": None},
        {"scope": "openid"},
        {"scope": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"key": signing.rsa("other")},
        {"key": signing.SECRET},
        {"kid": "two"},
    ],
    ids="+".join,
)
async def test_what_is_wrong_opens_nothing(worker: Member, wrong: dict[str, Any]) -> None:
    refused = (401, {"code": 4, "message": "no or wrong API Key", "data": None})
    assert await call(worker, f"Bearer {token(**wrong)}") == refused


async def test_a_token_in_the_address_or_a_form_is_none(worker: Member) -> None:
    value = token()
    for name in ("apikey", "authorization", "access_token"):
        assert (await call(worker, "", **{name: value}))[0] == 401
        path = f"/api/1.3.1/checkToken?{name}={value}"
        assert (await call(worker, "", path=path))[0] == 401


async def test_new_keys_are_fetched(worker: Member, issuer: Issuer) -> None:
    fresh = token(signing.rsa("fresh"), "fresh")
    before = list(issuer.keys)
    issuer.keys.append(signing.jwk(signing.rsa("fresh"), "fresh"))
    try:
        deadline = time.monotonic() + 20
        while (await call(worker, f"Bearer {fresh}")) != OK:
            assert time.monotonic() < deadline
    finally:
        issuer.keys = before


async def test_no_token_gets_into_a_log(worker: Member, shared_fleet: Fleet) -> None:
    good, bad = token(), token(scope="openid")
    await call(worker, f"Bearer {good}")
    await call(worker, f"Bearer {bad}")
    await call(worker, "", path=f"/api/1.3.1/checkToken?apikey={good}")
    written = worker.log.read_text()
    assert "token of a caller refused" in written
    for value in (good, bad):
        for part in value.split(".")[1:]:
            assert part not in written


async def test_without_a_key_only_tokens_open_it(start_worker: StartWorker, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(signing.jwks(signing.jwk(signing.ed25519(), "one")))
    worker = start_worker(
        PADFLEET_API_JWKS_FILE=str(file),
        **{**RULES, "PADFLEET_API_SCOPE": "", "PADFLEET_API_CLAIM": "azp=moodle"},
    )
    right = token(signing.ed25519(), azp="moodle", scope=None)
    assert await call(worker, f"Bearer {right}") == OK
    refused = (401, {"code": 4, "message": "no or wrong OAuth token", "data": None})
    for value in ("", f"Bearer {token(signing.ed25519(), azp='wiki')}", f"Bearer {token()}"):
        assert await call(worker, value, apikey=KEY) == refused


async def test_keys_that_cannot_be_used_are_said_at_start(redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text("{}")
    words = ["fanout", "--port", "1", "--api-jwks-file", file]
    ended = await padfleet(redis_url, *words, **RULES)
    assert (ended.code, "--api-jwks-file" in ended.err) == (2, True), ended
    assert "not a JSON Web Key Set" in ended.err
