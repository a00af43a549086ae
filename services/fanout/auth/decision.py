"""This module derives what a session may do from a token's claims, or from the answer of the
operator's service."""

import math
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from padfleet.services.fanout.auth import patterns
from padfleet.shared import bounds
from padfleet.shared.easysync import from_units
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.people.visitors import AuthorVisit

MAX_PATTERNS = 500
"""How many patterns one token may have; each may be compared with the pad at every join."""

_AUTHOR = re.compile(r"a\.[A-Za-z0-9]{16}")
_ALPHABET = string.ascii_letters + string.digits


class Reason(StrEnum):
    """The reasons for a denial, as the metric counts them."""

    REQUEST = "request"  #: an invalid pad id or author token
    MISSING = "no_token"
    MALFORMED = "malformed_token"
    ALGORITHM = "algorithm"  #: it is not the one that the key is for
    KEY = "unknown_key"
    SIGNATURE = "signature"
    CLAIMS = "claims"  #: signed, but with claims that make no sense
    EXPIRED = "expired"
    EARLY = "not_yet_valid"
    LIFETIME = "lifetime"  #: valid for longer than is allowed
    AUDIENCE = "audience"
    ISSUER = "issuer"
    PAD = "pad"  #: the token is not for this pad
    NO_PAD = "no_pad"  #: it does not exist, and this client may not create it
    HOOK = "hook"  #: the operator's service says no
    HOOK_FAILED = "hook_failed"  #: its answer cannot be understood
    HOOK_BUSY = "hook_busy"  #: too many wait for its answer, most of them from this address


class Denied(Exception):
    """Access is denied. The text is for the log; the client only learns that it is denied."""

    def __init__(self, why: str, reason: Reason = Reason.REQUEST) -> None:
        super().__init__(why)
        self.reason = reason


class RequestedPad(NamedTuple):
    """The pad that a client asks for."""

    pad_id: str  #: the real id
    requested_id: str  #: the same id, or the pad's read-only id
    read_only: bool  #: whether it asks by the read-only id


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of somebody on one pad."""

    author: str
    write: bool = True
    name: str | None = None  #: a code-unit string; without one, the author may choose it
    color: str | None = None
    expires: float | None = None  #: Unix seconds; None: never
    made: Author | None = field(default=None, compare=False)
    """The record to store of an author who has just been created."""
    visit: AuthorVisit | None = field(default=None, compare=False)
    """How the author came, if the visit alone is no reason to keep the author permanently."""


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The requirements on a token beyond its signature."""

    max_lifetime: float  #: seconds
    leeway: float = 0.0  #: seconds by which the issuer's clock and ours may differ
    audience: str = ""  #: empty: not checked
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """The rights that a valid token grants."""

    grant: Grant
    pads: tuple[str, ...]

    def on(self, wanted: RequestedPad) -> Grant:
        """Returns what it grants on this pad. Raises `Denied` if it is not for this pad."""
        if not patterns.covers(self.pads, wanted.pad_id, wanted.requested_id):
            raise Denied("the token is not for this pad", Reason.PAD)
        return self.grant


def permission(claims: Mapping[str, Any], rules: AccessRules, now: float) -> Permission:
    """Returns what the claims of a token with a valid signature permit; `now` is in Unix seconds.

    Raises `Denied`.
    """
    expires = expiry(claims, rules, now)
    pads = tuple(from_units(pattern) for pattern in words(claims, "pads"))
    if len(pads) > MAX_PATTERNS:
        raise Denied(f"the token names more than {MAX_PATTERNS} patterns of pads", Reason.CLAIMS)
    author = author_of(claims.get("sub"))
    grant = Grant(author, may_write(claims), name_of(claims), color_of(claims), expires)
    return Permission(grant, pads)


def expiry(claims: Mapping[str, Any], rules: AccessRules, now: float) -> float:
    """Returns until when a token is valid, in Unix seconds, after checking that it is valid now and
    comes from the right issuer for the right audience.

    Raises `Denied`.
    """
    expires = moment(claims, "exp")
    if expires is None:
        raise Denied("the token has no exp: it would be valid forever", Reason.CLAIMS)
    if expires + rules.leeway <= now:
        raise Denied("the token has expired", Reason.EXPIRED)
    begins = [at for name in ("nbf", "iat") if (at := moment(claims, name)) is not None]
    if any(at > now + rules.leeway for at in begins):
        raise Denied("the token is not valid yet", Reason.EARLY)
    issued = moment(claims, "iat")
    if expires - (now if issued is None else issued) > rules.max_lifetime + rules.leeway:
        raise Denied(
            f"the token is valid for more than {rules.max_lifetime:g} seconds", Reason.LIFETIME
        )
    if rules.issuer and claims.get("iss") != rules.issuer:
        raise Denied("the token is from another issuer", Reason.ISSUER)
    if rules.audience and rules.audience not in words(claims, "aud"):
        raise Denied("the token is for another audience", Reason.AUDIENCE)
    return expires + rules.leeway


# --- What claims and answers have in common ------------------------------------------------------
# All of these raise `Denied` for a value of the wrong type: its issuer meant something by it, and
# guessing what would be guessing about access.


def author_of(subject: Any) -> str:
    """Returns the Etherpad author that a subject stands for, which is the subject itself if that is
    an author's id already.

    Otherwise the author's id is made from the subject's hash, which is the same on every worker and
    needs no storage. Nobody can choose a subject so as to become somebody else's author: 16
    characters of 62 are 95 bits.
    """
    if not isinstance(subject, str) or not subject:
        raise Denied("no author is named", Reason.CLAIMS)
    if _AUTHOR.fullmatch(subject):
        return subject
    text = f"padfleet author\0{from_units(subject)}".encode("utf-8", "surrogatepass")
    number = int.from_bytes(sha256(text).digest(), "big")
    letters = []
    for _ in range(16):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "a." + "".join(letters)


def may_write(said: Mapping[str, Any]) -> bool:
    """Returns whether the claims or the answer allow writing. If they do not say so, they do not
    allow it."""
    write = said.get("write")
    if write in (None, "read") or write is False:
        return False
    if write == "write" or write is True:
        return True
    raise Denied('write is neither true, false, "read" nor "write"', Reason.CLAIMS)


def name_of(said: Mapping[str, Any]) -> str | None:
    name = said.get("name")
    if name is None or name == "":
        return None
    if not isinstance(name, str):
        raise Denied("name is not a text", Reason.CLAIMS)
    return bounds.name_of(name)


def color_of(said: Mapping[str, Any]) -> str | None:
    color = said.get("color")
    if color is None or color == "":
        return None
    if not bounds.is_color(color):
        raise Denied("color is not of the form #rrggbb", Reason.CLAIMS)
    return color


def moment(said: Mapping[str, Any], name: str) -> float | None:
    """Returns a time in Unix seconds."""
    at = said.get(name)
    if at is None:
        return None
    # To Python, a bool is an int; and a float cannot hold every int beyond 2^53.
    if type(at) not in (int, float) or not -(1 << 53) < at < 1 << 53 or not math.isfinite(at):
        raise Denied(f"{name} is not a time in seconds", Reason.CLAIMS)
    return float(at)


def words(claims: Mapping[str, Any], name: str) -> list[str]:
    """Returns the texts of a claim that is a text or a list of texts."""
    value = claims.get(name)
    if value is None:
        return []
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise Denied(f"{name} is neither a text nor a list of texts", Reason.CLAIMS)
    return words
