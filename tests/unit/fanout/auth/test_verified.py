"""Tokens and the keys of their issuer, while those change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import aiohttp
import pytest

from padfleet.services.fanout.auth import jwks
from padfleet.services.fanout.auth.decision import AccessRules, Denied, Reason
from padfleet.services.fanout.auth.jwks import JwksUrl, verified
from padfleet.services.fanout.auth.keys import VerificationKey, from_jwks
from padfleet.services.fanout.auth.token_access import TokenAccess
from padfleet.services.fanout.auth.web import Unavailable
from tests import signing
from tests.signing import jwk, rsa


class Issuer:
    """What an address with keys has now, and what it has from the next fetch on."""

    def __init__(self, *sets: bytes) -> None:
        self._sets = [from_jwks(document, secrets=False)[0] for document in sets]
        self.fetched = 0

    @property
    def missing(self) -> bool:
        return not self._sets[0]

    async def current(self) -> Sequence[VerificationKey]:
        return self._sets[0]

    async def renewed(self) -> bool:
        self.fetched += 1
        if len(self._sets) > 1:
            self._sets.pop(0)
            return True
        return False


def token(key: str, kid: str | None = None) -> str:
    return signing.signed(signing.claims(), rsa(key), kid)


@pytest.mark.parametrize("kid", [None, "one"])
async def test_of_several_keys_of_one_name_one_has_to_fit(kid: str | None) -> None:
    """All of them had no name, or the same: the token was refused."""
    keys = signing.jwks(*(jwk(rsa(name), kid) for name in ("old", "new")))
    issuer = Issuer(keys)
    for name in ("old", "new"):
        assert (await verified(issuer, token(name, kid)))["sub"] == "ada"
    assert issuer.fetched == 0
    with pytest.raises(Denied) as refused:
        await verified(issuer, token("another", kid))
    assert refused.value.reason is Reason.SIGNATURE


async def test_a_token_that_names_no_key_may_be_of_any_that_is_named() -> None:
    issuer = Issuer(signing.jwks(jwk(rsa("old"), "one"), jwk(rsa("new"), "two")))
    assert (await verified(issuer, token("new")))["sub"] == "ada"


@pytest.mark.parametrize("kid", [None, "one"])
async def test_a_key_that_changes_under_its_name_is_fetched(kid: str | None) -> None:
    """Tokens were refused until the old keys were five minutes old."""
    issuer = Issuer(signing.jwks(jwk(rsa("old"), kid)), signing.jwks(jwk(rsa("new"), kid)))
    assert (await verified(issuer, token("old", kid)))["sub"] == "ada"
    assert (await verified(issuer, token("new", kid)))["sub"] == "ada"
    assert issuer.fetched == 1
    with pytest.raises(Denied):
        await verified(issuer, token("old", kid))


async def test_an_issuer_that_writes_null_for_what_it_does_not_say() -> None:
    issuer = Issuer(
        signing.jwks(jwk(rsa("old"), "one", use=None, alg=None, key_ops=None, x5c=None))
    )
    assert (await verified(issuer, token("old", "one")))["sub"] == "ada"


async def test_missing_keys_are_missed_once_they_have_been_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker without keys denies everybody, and its health says so. One that has some goes on
    with them."""
    keys = signing.jwks(jwk(rsa("one"), "one"))
    answers: list[Exception | bytes] = [Unavailable("away"), keys, Unavailable("away")]

    async def fetch(*_: object, **__: object) -> bytes:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(jwks, "fetch", fetch)
    source = JwksUrl(cast(Any, None), "https://issuer", refresh=3600, pause=0)
    access = TokenAccess(source, AccessRules(max_lifetime=3600), "token")
    assert access.why_denying() == ""
    for why in ("there are no keys to verify tokens with", "", ""):
        await source.renewed()
        assert access.why_denying() == why
    assert answers == []


class Silent:
    """An issuer whose answer can be held back."""

    def __init__(self, *kids: str) -> None:
        self.kids = kids
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def fetch(self, *_: object, **__: object) -> bytes:
        self.asked += 1
        await self.answers.wait()
        return signing.jwks(*(jwk(rsa(kid), kid) for kid in self.kids))


async def test_an_issuer_that_does_not_answer_holds_up_nobody_with_a_known_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everybody who came while old keys were to be fetched anew waited until that had failed: five
    seconds of every ten."""
    issuer = Silent("one")
    monkeypatch.setattr(jwks, "fetch", issuer.fetch)
    monkeypatch.setattr(jwks, "PATIENCE", 0.01)
    source = JwksUrl(cast("aiohttp.ClientSession", None), "https://keys", refresh=0, pause=0)
    async with asyncio.timeout(60):
        await verified(source, token("one", "one"))
        issuer.answers.clear()
        issuer.kids = ("two",)
        for _ in range(3):
            assert (await verified(source, token("one", "one")))["sub"] == "ada"
        new = asyncio.create_task(verified(source, token("two", "two")))
        await asyncio.wait({new}, timeout=0.05)
        assert not new.done(), "whoever comes with another key waits for it"
        assert issuer.asked == 2, "there is one fetch for all of them"
        issuer.answers.set()
        assert (await new)["sub"] == "ada"
        with pytest.raises(Denied):
            await verified(source, token("one", "one"))
