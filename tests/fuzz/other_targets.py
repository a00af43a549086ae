"""Targets that decide who may do what, and targets for an operator's input."""

from __future__ import annotations

import zlib
from hashlib import blake2b
from io import BytesIO
from random import Random
from typing import Any

import jwt

from padfleet.services.fanout.auth import patterns
from padfleet.services.fanout.auth.decision import AccessRules, Denied, permission
from padfleet.services.fanout.auth.handshake import Handshake, cookie, token
from padfleet.services.fanout.auth.keys import choose, secret_key
from padfleet.services.fanout.auth.tokens import carried, claims_of, header_of
from padfleet.shared.archive.entries import to_value
from padfleet.shared.archive.frames import LENGTH_BYTES, MAGIC, SEAL_BYTES, BadArchive
from padfleet.shared.archive.reading import read_archive
from padfleet.shared.log.records import pack
from padfleet.shared.settings import FanoutSettings, WriterSettings
from padfleet.shared.settings.declare import specs
from padfleet.shared.settings.loading import SettingsError, resolve
from padfleet.shared.wire import jsontext
from tests import signing
from tests.fuzz.mutate import NUMBERS, PIECES, mutated
from tests.fuzz.target import Target
from tests.fuzz.values import TEXTS, some_value, spoilt
from tests.unit.archive.archives import archive, whole

# --- Who may do what -----------------------------------------------------------------------------

_KEY = secret_key(signing.SECRET.encode())
_RULES = AccessRules(max_lifetime=86400, leeway=5, audience="pads", issuer="us")
_NOW = 1_800_000_000
_CLAIMS: dict[str, Any] = {
    "sub": "ada",
    "pads": ["team-*", "r.*", "a\\*b?"],
    "write": True,
    "name": "Ada",
    "color": "#aabbcc",
    "exp": _NOW + 600,
    "iat": _NOW,
    "aud": "pads",
    "iss": "us",
}


def _token_case(source: Random) -> Any:
    claims = _CLAIMS if source.random() < 0.3 else spoilt(source, _CLAIMS)
    if not isinstance(claims, dict):
        claims = _CLAIMS
    payload = jsontext.dumps(claims).encode()
    if source.random() < 0.3:
        payload = mutated(source, payload, [payload])
    headers = {"typ": "JWT"}
    if source.random() < 0.2:
        headers[source.choice(["kid", "crit", "b64", "jku", "x5u"])] = source.choice(TEXTS)
    made: str = jwt.PyJWS(algorithms=["HS256"]).encode(payload, signing.SECRET, "HS256", headers)
    if source.random() < 0.5:
        made = mutated(source, made, [made, *TEXTS])
    return {"token": made} if source.random() < 0.9 else some_value(source)


def _token(case: Any) -> int:
    found = carried(case, "token")
    if found is None:
        return 0
    (key,) = choose([_KEY], *header_of(found))
    claims = claims_of(found, key)
    allowed = permission(claims, _RULES, _NOW)
    patterns.covers(allowed.pads, "team-1", "r.0123456789abcdef")
    return len(allowed.grant.name or "") + sum(map(len, allowed.pads))


def _pattern_case(source: Random) -> tuple[str, str]:
    pattern = "".join(source.choice(["*", "a", "?", "\\", "a*", "ab"]) for _ in range(40))
    return pattern, "a" * source.randrange(60) + source.choice(TEXTS)[:20]


def _cookie_case(source: Random) -> tuple[str, Any]:
    jar = "prefsHttp={}; padfleet_token=t.abc-_x%3D; a=b"
    said = spoilt(source, {"token": "t.abcdef"})
    return mutated(source, jar, [jar, *TEXTS, *PIECES]), said


def _cookie(case: tuple[str, Any]) -> int:
    jar, said = case
    handshake = Handshake(jar, {"cookie": jar}, "127.0.0.1")
    found = token(handshake, said if isinstance(said, dict) else {}, "padfleet_")
    return len(found or "") + len(cookie(handshake, "prefsHttp") or "")


# --- What an operator hands us -------------------------------------------------------------------

_FLAGS = {cls: specs(cls) for cls in (FanoutSettings, WriterSettings)}


def _settings_case(source: Random) -> tuple[Any, list[str], dict[str, str]]:
    cls = source.choice(list(_FLAGS))
    flags, environ = [], {"REDIS_URL": "redis://127.0.0.1:6379/0"}
    values = [*NUMBERS, *PIECES, *TEXTS, "redis://h:1/0", "redis+cluster://h:1,g:2", "true", "a,b"]
    for _ in range(source.choice([1, 1, 2, 4])):
        spec = source.choice(_FLAGS[cls])
        text = source.choice([spec.format(spec.default), source.choice(values)])
        if source.random() < 0.3:
            text = mutated(source, text, values)
        text = text[:100]  # a refused value is shown whole, since it is the operator's own
        name = mutated(source, spec.env, [spec.env])[:60] if source.random() < 0.1 else spec.env
        if source.random() < 0.5:
            flags.append(f"{spec.flag}={text}")
        else:
            environ[name] = text
    return cls, flags, environ


def _settings(case: tuple[Any, list[str], dict[str, str]]) -> int:
    cls, flags, environ = case
    resolve(cls, "fuzz", flags, environ)
    return 0


_WHOLE = archive(whole())
_VALUES = [to_value(entry) for entry in whole()]


def _archive_case(source: Random) -> bytes:
    if source.random() < 0.25:
        return mutated(source, _WHOLE, [_WHOLE, MAGIC])
    # Damage that a seal would find is mostly sealed in, so that the code behind the seals is
    # reached, too.
    values: list[Any] = [list(value) for value in _VALUES]
    if source.random() < 0.4:
        changed = spoilt(source, values)
        values = changed if isinstance(changed, list) else [changed]
    payloads = [zlib.compress(pack(_packable(value)), 1) for value in values]
    if payloads and source.random() < 0.7:
        at = source.randrange(len(payloads))
        data = zlib.decompress(payloads[at])
        payloads[at] = zlib.compress(mutated(source, data, [data]), 1)
        if source.random() < 0.2:
            payloads[at] = mutated(source, payloads[at], [payloads[at]])
    return _sealed(payloads)


def _packable(value: Any) -> Any:
    """Returns the value in the range of msgpack, which ends at 64 bits."""
    if isinstance(value, int):
        return max(-(1 << 63), min(value, (1 << 64) - 1))
    if isinstance(value, list | tuple):
        return [_packable(item) for item in value]
    if isinstance(value, dict):
        return {key: _packable(item) for key, item in value.items()}
    return value


def _sealed(payloads: list[bytes]) -> bytes:
    """Returns an archive in the form that `FrameWriter` makes, of payloads that it would not
    write."""
    file = MAGIC
    seal = blake2b(MAGIC, digest_size=SEAL_BYTES).digest()
    for payload in payloads:
        body = len(payload).to_bytes(LENGTH_BYTES, "big") + payload
        seal = blake2b(seal + body, digest_size=SEAL_BYTES).digest()
        file += seal + body
    return file


def _archive(case: bytes) -> int:
    return sum(1 for _ in read_archive(BytesIO(case)))


TARGETS = [
    Target("token", _token_case, _token, (Denied,), 60_000),
    Target("pattern", _pattern_case, lambda case: patterns.matches(*case), (), 20_000),
    Target("cookie", _cookie_case, _cookie, (Denied,), 30_000),
    Target("settings", _settings_case, _settings, (SettingsError,), 10_000),
    Target("archive", _archive_case, _archive, (BadArchive,), 50_000),
]
