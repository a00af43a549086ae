"""Makes keys and tokens for tests: those of an issuer, and those that somebody without the issuer's
keys makes up."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

SECRET = "a secret of tests that is long enough for HS256"

Private = RSAPrivateKey | Ed25519PrivateKey


@cache
def rsa(name: str = "rsa", bits: int = 2048) -> RSAPrivateKey:
    """Returns the key of this name, which stays the same within a run: keys take a while to
    make."""
    return generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ed25519(name: str = "ed25519") -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def public_pem(key: Private) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: Private) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def jwk(key: Private, kid: Any = None, **more: Any) -> dict[str, Any]:
    """Returns the public key as a JSON Web Key."""
    if isinstance(key, RSAPrivateKey):
        made: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    else:
        made = json.loads(OKPAlgorithm.to_jwk(key.public_key()))
    return made | ({"kid": kid} if kid is not None else {}) | more


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def claims(**more: Any) -> dict[str, Any]:
    """Returns the claims of an ordinary token, with these changes; None removes a claim."""
    usual: dict[str, Any] = {
        "sub": "ada",
        "pads": ["*"],
        "write": True,
        # Tokens are made when tests are collected, and used at the end of the run.
        "exp": int(time.time()) + 20_000,
    }
    return {name: value for name, value in {**usual, **more}.items() if value is not None}


def signed(said: dict[str, Any], key: Private | str = SECRET, kid: str | None = None) -> str:
    if isinstance(key, str):
        name = "HS256"
    else:
        name = "RS256" if isinstance(key, RSAPrivateKey) else "EdDSA"
    return jwt.encode(said, key, name, headers={"kid": kid} if kid is not None else None)


def made_up(header: dict[str, Any] | str, payload: Any, signature: bytes = b"") -> str:
    """Returns a token of any three parts."""
    head = header if isinstance(header, str) else json.dumps(header)
    body = payload if isinstance(payload, str) else json.dumps(payload)
    return ".".join(b64(part) for part in (head.encode(), body.encode(), signature))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
