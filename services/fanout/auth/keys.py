"""This module holds the keys that tokens are verified with. Each key is for one algorithm, whatever
a token says.

This is the whole defence against tokens that name `none`, or HS256 with a public key as the secret:
a token's `alg` has to equal the algorithm that the key is for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import InvalidKeyError, PyJWTError
from jwt.algorithms import HMACAlgorithm, OKPAlgorithm, RSAAlgorithm

from padfleet.services.fanout.auth.decision import Denied, Reason
from padfleet.shared.wire import jsontext

Algorithm = Literal["HS256", "RS256", "EdDSA"]
ALGORITHMS: Final = ("HS256", "RS256", "EdDSA")

MIN_SECRET = 32
"""How many bytes a secret must have; RFC 7518 (3.2) demands as many as the hash has. A shorter
secret could be guessed from a single token, offline and without haste."""

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
MAX_EXPONENT_BITS = 64
"""Everybody who makes up a token has us verify it. With larger numbers that takes milliseconds, and
OpenSSL refuses the largest, as if each signature were wrong."""

MAX_KEYS = 100

MOST_TRIED = 4
"""How many keys a token is tried with that does not say which of them it is signed with: a set has
as many during a change. Each costs a verification, by whoever sends such tokens."""

_PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class BadKey(ValueError):
    """A key cannot be used. The text says what is wrong and what is needed instead, and contains
    nothing of the key."""


class UnknownKey(Denied):
    """The token names a key that is missing here, but may be among newer keys."""

    def __init__(self, why: str) -> None:
        super().__init__(why, Reason.KEY)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    algorithm: Algorithm
    material: bytes | RSAPublicKey | Ed25519PublicKey = field(repr=False)
    kid: str | None = None


def secret_key(secret: bytes, kid: str | None = None) -> VerificationKey:
    """Returns the key for a shared secret, for HS256. Raises `BadKey`."""
    if len(secret) < MIN_SECRET:
        raise BadKey(
            f"the secret has {len(secret)} bytes; give at least {MIN_SECRET}, "
            "as `openssl rand -hex 32` makes them"
        )
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except InvalidKeyError:
        raise BadKey(
            "this is a public key, a certificate or a JWK, which is no secret; "
            "give it as --jwt-public-key-file or --jwt-jwks-file"
        ) from None
    return VerificationKey("HS256", secret, kid)


def public_key(pem: bytes) -> VerificationKey:
    """Returns the key for a public key in PEM, RSA (RS256) or Ed25519 (EdDSA). Raises `BadKey`."""
    if _PRIVATE.search(pem):
        raise BadKey(
            "this is a private key, which only the issuer should have; give the public one, "
            "as `openssl pkey -in private.pem -pubout` makes it"
        )
    try:
        found = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey("not a public key in PEM (-----BEGIN PUBLIC KEY-----)") from None
    return _asymmetric(found, None)


def from_jwks(document: bytes, *, secrets: bool) -> tuple[list[VerificationKey], list[str]]:
    """Returns the usable keys of a JSON Web Key Set, and the reasons why the others are not usable.

    Arguments:
        document: the key set.
        secrets: whether shared secrets (`oct`) are allowed. A document that anybody can fetch must
            not contain any.

    Raises `BadKey` if the document is not a key set.
    """
    try:
        parsed = jsontext.loads(document, most=jsontext.MOST_VALUES)
    except ValueError as error:
        raise BadKey(f"not JSON: {error}") from None
    listed = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(listed, list):
        raise BadKey('not a JSON Web Key Set: {"keys": [...]}')
    if len(listed) > MAX_KEYS:
        raise BadKey(f"{len(listed)} keys; more than {MAX_KEYS} are not read")
    keys, passed_over = [], []
    for number, jwk in enumerate(listed, 1):
        try:
            keys.append(_from_jwk(jwk, secrets=secrets))
        except BadKey as error:
            passed_over.append(f"key {number}: {error}")
    return keys, passed_over


def choose(
    keys: Sequence[VerificationKey], algorithm: Any, kid: str | None
) -> Sequence[VerificationKey]:
    """Returns the key that a token with this header has to be verified with. If the token names
    none, or several keys have the name, these are the keys of which one has to fit.

    Raises `Denied` if the key is not for this algorithm, and `UnknownKey` if there is no such key,
    or there are more than `MOST_TRIED`.
    """
    if algorithm not in ALGORITHMS:
        raise Denied("the token is not signed with HS256, RS256 or EdDSA", Reason.ALGORITHM)
    named = [key for key in keys if kid is not None and key.kid == kid]
    if not named:
        # A single key from a setting has no name, and so any name refers to it.
        named = [key for key in keys if key.kid is None or kid is None]
    if not named:
        raise UnknownKey("the token's key (kid) is not known")
    fit = [key for key in named if key.algorithm == algorithm]
    if not fit:
        raise Denied(f"the token says {algorithm}, and its key is for another", Reason.ALGORITHM)
    if len(fit) > MOST_TRIED:
        raise UnknownKey("the token does not say which of many keys (kid) it is signed with")
    return fit


def _from_jwk(jwk: Any, *, secrets: bool) -> VerificationKey:
    if not isinstance(jwk, dict):
        raise BadKey("not a JSON object")
    # Some issuers write null for what they do not say.
    jwk = {name: value for name, value in jwk.items() if value is not None}
    _check_use(jwk, secrets=secrets)
    kid = jwk.get("kid")
    if not isinstance(kid, str | None):
        raise BadKey("its kid is not a text")
    try:
        match jwk.get("kty"):
            case "oct":
                key = secret_key(HMACAlgorithm.from_jwk(jwk), kid)
            case "RSA":
                key = _asymmetric(RSAAlgorithm.from_jwk(jwk), kid)
            case "OKP":
                key = _asymmetric(OKPAlgorithm.from_jwk(jwk), kid)
            case _:
                raise BadKey("its kty is none of RSA, OKP and oct")
    except BadKey:
        raise
    except (PyJWTError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        raise BadKey("its numbers make no key") from None
    if jwk.get("alg", key.algorithm) != key.algorithm:
        raise BadKey(f"its alg is not {key.algorithm}")
    return key


def _check_use(jwk: dict[str, Any], *, secrets: bool) -> None:
    """Raises `BadKey` if tokens must not be verified with this key."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not (
        isinstance(operations, list) and "verify" in operations
    ):
        raise BadKey("not for signatures")
    if jwk.get("kty") == "oct" and not secrets:
        raise BadKey("a shared secret, where everybody can fetch it; nobody should trust it")
    if jwk.get("kty") != "oct" and "d" in jwk:
        raise BadKey("a private key, which only the issuer should have")


def _asymmetric(found: Any, kid: str | None) -> VerificationKey:
    if isinstance(found, Ed25519PublicKey):
        return VerificationKey("EdDSA", found, kid)
    if not isinstance(found, RSAPublicKey):
        raise BadKey("neither an RSA nor an Ed25519 public key")
    if found.key_size < MIN_RSA_BITS:
        raise BadKey(f"an RSA key of {found.key_size} bits; {MIN_RSA_BITS} are the least")
    if found.key_size > MAX_RSA_BITS:
        raise BadKey(f"an RSA key of {found.key_size} bits; {MAX_RSA_BITS} are the most")
    if found.public_numbers().e.bit_length() > MAX_EXPONENT_BITS:
        raise BadKey(f"an RSA key whose exponent has more than {MAX_EXPONENT_BITS} bits")
    return VerificationKey("RS256", found, kid)
