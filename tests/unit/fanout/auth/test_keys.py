"""Keys, and which one a token is verified with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from padfleet.services.fanout.auth.decision import Denied, Reason
from padfleet.services.fanout.auth.keys import (
    MAX_KEYS,
    BadKey,
    UnknownKey,
    choose,
    from_jwks,
    public_key,
    secret_key,
)
from tests import signing


def reason(keys: list[Any], algorithm: Any, kid: str | None = None) -> Reason:
    with pytest.raises(Denied) as caught:
        choose(keys, algorithm, kid)
    return caught.value.reason


# --- One key -------------------------------------------------------------------------------------


def test_each_key_is_for_one_algorithm() -> None:
    assert secret_key(signing.SECRET.encode()).algorithm == "HS256"
    assert public_key(signing.public_pem(signing.rsa())).algorithm == "RS256"
    assert public_key(signing.public_pem(signing.ed25519())).algorithm == "EdDSA"


def test_a_secret_that_can_be_guessed() -> None:
    with pytest.raises(BadKey, match="31 bytes; give at least 32"):
        secret_key(b"x" * 31)


@pytest.mark.parametrize(
    "public",
    [signing.public_pem(signing.rsa()), json.dumps(signing.jwk(signing.rsa())).encode()],
    ids=["pem", "jwk"],
)
def test_what_is_public_is_no_secret(public: bytes) -> None:
    """Everybody could sign with it."""
    with pytest.raises(BadKey, match="no secret"):
        secret_key(public)


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (signing.private_pem(signing.rsa()), "private key"),
        (signing.private_pem(signing.ed25519()), "private key"),
        (b"hello", "PEM"),
        (b"", "PEM"),
        (signing.SECRET.encode(), "PEM"),
        (signing.public_pem(signing.rsa("small", 1024)), "1024 bits; 2048"),
    ],
)
def test_what_is_no_public_key_of_ours(pem: bytes, why: str) -> None:
    with pytest.raises(BadKey, match=why) as caught:
        public_key(pem)
    assert signing.SECRET not in str(caught.value)


def test_keys_are_in_no_print() -> None:
    assert signing.SECRET not in repr(secret_key(signing.SECRET.encode()))


# --- Key sets ------------------------------------------------------------------------------------


def test_a_key_set_is_read_and_unusable_keys_are_passed_over() -> None:
    document = signing.jwks(
        signing.jwk(signing.rsa(), "one", use="sig", alg="RS256"),
        signing.jwk(signing.ed25519(), "two", key_ops=["verify"]),
        {"kty": "oct", "kid": "three", "k": signing.b64(signing.SECRET.encode())},
    )
    keys, passed_over = from_jwks(document, secrets=True)
    assert [(key.kid, key.algorithm) for key in keys] == [
        ("one", "RS256"),
        ("two", "EdDSA"),
        ("three", "HS256"),
    ]
    assert passed_over == []


def with_numbers(modulus: int, exponent: int) -> dict[str, Any]:
    """Returns an RSA key with about these numbers."""
    numbers = {"n": modulus + 1, "e": exponent + 1 if exponent % 2 == 0 else exponent}
    return {"kty": "RSA"} | {
        name: signing.b64(number.to_bytes(-(-number.bit_length() // 8), "big"))
        for name, number in numbers.items()
    }


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("text", "not a JSON object"),
        ({}, "kty"),
        ({"kty": "EC", "crv": "P-256"}, "kty"),
        ({"kty": "oct", "k": signing.b64(signing.SECRET.encode())}, "a shared secret"),
        ({"kty": "RSA", "n": "AQAB"}, "make no key"),
        ({"kty": "RSA", "n": 5, "e": []}, "make no key"),
        ({"kty": "RSA", "n": "!", "e": "AQAB"}, "make no key"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AA"}, "make no key"),
        ({"kty": "OKP", "crv": "X25519", "x": signing.b64(bytes(32))}, "make no key"),
        (signing.jwk(signing.rsa(), use="enc"), "not for signatures"),
        (signing.jwk(signing.rsa(), key_ops=["encrypt"]), "not for signatures"),
        (signing.jwk(signing.rsa(), key_ops=5), "not for signatures"),
        (signing.jwk(signing.rsa(), alg="HS256"), "alg is not RS256"),
        (signing.jwk(signing.rsa(), alg="RS512"), "alg is not RS256"),
        (signing.jwk(signing.rsa(), kid=5), "kid"),
        (signing.jwk(signing.rsa("small", 1024)), "1024 bits"),
        (with_numbers(1 << 8192, 65537), "of 8193 bits; 8192 are the most"),
        (with_numbers(1 << 3000, 2**64), "exponent has more than 64 bits"),
        (signing.jwk(signing.ed25519(), d="AAAA"), "private key"),
    ],
)
def test_a_key_that_cannot_be_used_does_not_spoil_the_others(bad: Any, why: str) -> None:
    document = signing.jwks(bad, signing.jwk(signing.ed25519(), "good"))
    keys, (passed_over,) = from_jwks(document, secrets=False)
    assert [key.kid for key in keys] == ["good"]
    assert passed_over.startswith("key 1: ")
    assert why in passed_over


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", b"[]", b"{}", b'{"keys": {}}', b'{"keys": NaN}', b"\xff", b"[" * 100_000],
)
def test_what_is_no_key_set(document: bytes) -> None:
    with pytest.raises(BadKey):
        from_jwks(document, secrets=True)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b'{"keys": [' + b"0," * 100_000 + b"0]}", "more than 8,000 values"),
        (b'{"keys": [], "x": [' + b"{}," * 50_000 + b"{}]}", "more than 8,000 values"),
        (b'{"keys": NaN}', "NaN is not JSON"),
    ],
)
def test_what_is_wrong_with_a_key_set_is_said(document: bytes, why: str) -> None:
    with pytest.raises(BadKey, match=why):
        from_jwks(document, secrets=False)


def test_a_key_set_that_does_not_end() -> None:
    with pytest.raises(BadKey, match="101 keys"):
        from_jwks(signing.jwks(*[{}] * (MAX_KEYS + 1)), secrets=True)


# --- Choosing ------------------------------------------------------------------------------------

RSA = public_key(signing.public_pem(signing.rsa()))
SECRET = secret_key(signing.SECRET.encode())
ONE, TWO = from_jwks(
    signing.jwks(signing.jwk(signing.rsa(), "one"), signing.jwk(signing.rsa("other"), "two")),
    secrets=False,
)[0]
(NEW,), _ = from_jwks(signing.jwks(signing.jwk(signing.ed25519(), "new")), secrets=False)


def test_a_key_by_itself_is_meant_by_any_name() -> None:
    assert choose([RSA], "RS256", None) == [RSA]
    assert choose([RSA], "RS256", "whatever") == [RSA]


def test_the_key_that_is_named_is_used() -> None:
    assert choose([ONE, TWO], "RS256", "two") == [TWO]
    assert choose([ONE, NEW], "EdDSA", None) == [NEW], "the only one for that"


def test_without_a_name_each_of_a_few_may_be_meant() -> None:
    assert choose([ONE, NEW, TWO], "RS256", None) == [ONE, TWO]
    assert reason([ONE, TWO] * 3, "RS256") is Reason.KEY


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(UnknownKey):
        choose([ONE, TWO], "RS256", "three")
    with pytest.raises(UnknownKey):
        choose([], "RS256", None)


@pytest.mark.parametrize("key", [RSA, ONE], ids=["by-itself", "named"])
def test_a_public_key_is_not_taken_for_a_secret(key: Any) -> None:
    assert reason([key], "HS256", "one") is Reason.ALGORITHM


def test_a_secret_is_not_taken_for_a_public_key() -> None:
    assert reason([SECRET], "RS256") is Reason.ALGORITHM


@pytest.mark.parametrize(
    "algorithm",
    ["none", "None", "", "HS512", "RS384", "PS256", "ES256", "hs256", None, 5, ["HS256"], {}],
)
def test_any_other_algorithm_is_refused(algorithm: Any) -> None:
    assert reason([RSA, SECRET], algorithm) is Reason.ALGORITHM
