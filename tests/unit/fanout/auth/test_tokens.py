"""Tokens, real and made up."""

from __future__ import annotations

import hmac
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.auth.decision import Denied, Reason
from padfleet.services.fanout.auth.keys import VerificationKey, choose, public_key, secret_key
from padfleet.services.fanout.auth.tokens import MAX_TOKEN, carried, claims_of, header_of
from tests import signing

SECRET = secret_key(signing.SECRET.encode())
RSA = public_key(signing.public_pem(signing.rsa()))
EDDSA = public_key(signing.public_pem(signing.ed25519()))

CLAIMS = {"sub": "ada", "pads": "*"}


def read(token: str, *keys: VerificationKey) -> dict[str, Any]:
    (key,) = choose(keys, *header_of(token))
    return claims_of(token, key)


def reason(token: str, *keys: VerificationKey) -> Reason:
    with pytest.raises(Denied) as caught:
        read(token, *keys)
    assert token[:20] not in str(caught.value) or not token
    return caught.value.reason


@pytest.mark.parametrize(
    ("key", "private"),
    [(SECRET, signing.SECRET), (RSA, signing.rsa()), (EDDSA, signing.ed25519())],
    ids=["HS256", "RS256", "EdDSA"],
)
def test_what_the_issuer_has_signed_is_read(key: VerificationKey, private: Any) -> None:
    token = signing.signed(CLAIMS, private, "kid")
    assert header_of(token) == (key.algorithm, "kid")
    assert read(token, key) == CLAIMS


@pytest.mark.parametrize(
    ("key", "private"),
    [
        (SECRET, signing.SECRET + "x"),
        (RSA, signing.rsa("other")),
        (EDDSA, signing.ed25519("other")),
    ],
    ids=["HS256", "RS256", "EdDSA"],
)
def test_what_another_has_signed_is_not(key: VerificationKey, private: Any) -> None:
    assert reason(signing.signed(CLAIMS, private), key) is Reason.SIGNATURE


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_signature_is_for_each_part_as_it_is(part: int) -> None:
    parts = signing.signed(CLAIMS, signing.rsa(), "a").split(".")
    other = signing.signed(CLAIMS | {"sub": "eve"}, signing.rsa("other"), "b").split(".")
    parts[part] = other[part]
    assert reason(".".join(parts), RSA) is Reason.SIGNATURE


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None])
@pytest.mark.parametrize("signature", [b"", b"x" * 32])
def test_an_unsigned_token_is_refused(algorithm: Any, signature: bytes) -> None:
    token = signing.made_up({"alg": algorithm, "typ": "JWT"}, CLAIMS, signature)
    assert reason(token, SECRET) is Reason.ALGORITHM
    assert reason(token, RSA) is Reason.ALGORITHM


def test_a_token_signed_with_the_public_key_as_a_secret() -> None:
    """This is the classic attack: the public key is known to everybody, and HS256 takes any bytes
    for a secret."""
    for pem in (signing.public_pem(signing.rsa()), signing.public_pem(signing.rsa()).strip()):
        unsigned = signing.made_up({"alg": "HS256"}, CLAIMS).rpartition(".")[0]
        signature = hmac.digest(pem, unsigned.encode(), "sha256")
        forged = f"{unsigned}.{signing.b64(signature)}"
        assert reason(forged, RSA) is Reason.ALGORITHM


def test_no_algorithm_is_used_that_the_key_is_not_for() -> None:
    """This holds even if `choose` were wrong."""
    for token in (
        signing.signed(CLAIMS, signing.SECRET),
        signing.made_up({"alg": "none"}, CLAIMS),
        jwt.encode(CLAIMS, signing.rsa(), "RS512"),
        jwt.encode(CLAIMS, signing.rsa(), "PS256"),
    ):
        with pytest.raises(Denied):
            claims_of(token, RSA)


@pytest.mark.parametrize("extension", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}])
def test_a_critical_extension_is_not_understood(extension: dict[str, Any]) -> None:
    token = signing.made_up({"alg": "HS256", **extension}, CLAIMS)
    assert reason(token, SECRET) is Reason.MALFORMED


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "....",
        "é.é.é",
        "\ud800.x.y",
        signing.made_up("[]", CLAIMS),
        signing.made_up("null", CLAIMS),
        signing.made_up("{", CLAIMS),
        signing.made_up("[" * 4000, CLAIMS),
        signing.made_up({"alg": "HS256", "kid": 5}, CLAIMS),
        signing.made_up({"alg": "HS256", "kid": ["x"]}, CLAIMS),
        "x" * (MAX_TOKEN + 1),
    ],
)
def test_something_that_is_not_a_token(token: str) -> None:
    assert reason(token, SECRET) is Reason.MALFORMED


@pytest.mark.parametrize("payload", [b"[]", b"5", b'"x"', b"{", b"", b"\xff", b'{"exp": NaN}'])
def test_a_signed_token_that_holds_no_claims(payload: bytes) -> None:
    token = jwt.PyJWS().encode(payload, signing.SECRET, "HS256")
    assert reason(token, SECRET) is Reason.CLAIMS


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b'{"x":[' + b"0," * 1500 + b"0]}", "more than 1,000 values"),
        (b'{"exp":NaN}', "NaN is not JSON"),
        (b'{"exp":' + b"9" * 4500 + b"}", "is too large"),
    ],
)
def test_what_is_wrong_with_the_claims_is_said(payload: bytes, why: str) -> None:
    token = jwt.PyJWS().encode(payload, signing.SECRET, "HS256")
    with pytest.raises(Denied, match=why):
        claims_of(token, secret_key(signing.SECRET.encode()))


def test_a_signed_token_that_is_nested_too_deeply() -> None:
    token = jwt.PyJWS().encode(b"[" * 5000, signing.SECRET, "HS256")
    assert reason(token, SECRET) is Reason.CLAIMS


def test_texts_are_of_code_units_as_everywhere_else() -> None:
    assert read(signing.signed({"name": "😀"}), SECRET) == {"name": "\ud83d\ude00"}


@given(st.text(max_size=40) | st.text("abcABC012-_.=", max_size=60))
def test_any_text_is_a_token_or_denied(token: str) -> None:
    with pytest.raises(Denied):
        read(token, SECRET)


# --- Socket.IO's handshake -----------------------------------------------------------------------


def test_the_token_in_the_handshake_is_found_under_its_name() -> None:
    assert carried({"padfleet_token": "x", "other": "y"}, "padfleet_token") == "x"


@pytest.mark.parametrize("auth", [None, "x", 5, [], {}, {"t": None}, {"t": 5}, {"t": ""}])
def test_a_handshake_without_a_token_has_none(auth: Any) -> None:
    assert carried(auth, "t") is None


def test_not_more_of_it_is_kept_than_is_needed_to_refuse_it() -> None:
    kept = carried({"t": "x" * 1_000_000}, "t")
    assert kept is not None
    assert len(kept) == MAX_TOKEN + 1
