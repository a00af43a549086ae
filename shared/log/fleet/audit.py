"""This module is the audit log: what operators and other systems have done to pads, up to a limited
number of entries.

Operators act on the page `/fleet/pads` and through commands, other systems through the HTTP API.
The code that does the deed also records it (`shared/deeds`), so every way leaves a trace. What
people do on a pad that they have open is not included: that is the pad's history.
"""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, cast

from redis.exceptions import RedisError

from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.keys import AUDIT

log = logging.getLogger(__name__)

KEPT: Final = 10_000
"""The number of entries that are kept, of about 300 bytes each; the oldest are removed."""

LONGEST: Final = 300
"""The maximum length of a text in an entry, in characters. A longer text is cut off."""

MOST_DETAILS: Final = 12
"""The maximum number of details of an entry."""

PAGE: Final = 200
"""The number of entries that are read at a time."""

PATIENCE: Final = 3.0
"""How many seconds writing an entry may delay whoever has done the deed."""

_FIELD: Final = b"entry"

Way = Literal["page", "api", "command"]
DeedOutcome = Literal["done", "refused", "failed", "unknown"]
"""How a deed ended. ``refused`` means that it could not be done, and nothing was; ``failed``, that
something broke on the way; ``unknown``, that no answer came, and it may have been done."""


class Doer(NamedTuple):
    """Who did something, as far as that is known."""

    way: Way
    who: str  #: the name given: of the login, the account, or the token; empty if none
    let_in_by: str  #: what let them in: ``fleet token``, ``API key``, ``OAuth token``, ``Redis``
    where: str  #: the address that it came from; for a command, the name of its machine


class AuditEntry(NamedTuple):
    """A deed, and how it ended."""

    id: str  #: unique
    at: int  #: when it was finished, in ms since 1970
    doer: Doer
    deed: str  #: such as ``delete``
    subject: str  #: the pad, group or author that it was done to
    outcome: DeedOutcome
    why: str  #: why it was not done; empty if it was
    details: dict[str, Any]  #: such as the new name of a pad: texts, numbers and booleans

    @property
    def time(self) -> str:
        """When it was finished, in RFC 3339 format, in UTC."""
        return datetime.fromtimestamp(self.at / 1000, UTC).isoformat(timespec="seconds")[:19] + "Z"

    def as_json(self) -> dict[str, Any]:
        """Returns the entry as it is stored, and as it is shown to programs."""
        return {
            "id": self.id,
            "at": self.at,
            "time": self.time,
            "way": self.doer.way,
            "who": self.doer.who,
            "let_in_by": self.doer.let_in_by,
            "where": self.doer.where,
            "deed": self.deed,
            "subject": self.subject,
            "outcome": self.outcome,
            "why": self.why,
            "details": self.details,
        }


def entry(
    doer: Doer, deed: str, subject: str, outcome: DeedOutcome, why: str, details: dict[str, Any]
) -> AuditEntry:
    """Makes an entry for what has just been done. Everything in it is cut to a limited length."""
    return AuditEntry(
        secrets.token_urlsafe(9),
        int(time.time() * 1000),
        Doer(doer.way, cut(doer.who), doer.let_in_by, cut(doer.where)),
        deed,
        cut(subject),
        outcome,
        cut(why),
        {
            name: cut(value) if isinstance(value, str) else value
            for name, value in list(details.items())[:MOST_DETAILS]
        },
    )


def cut(text: str) -> str:
    """Returns the text, cut to the number of characters that are kept, and without characters that
    cannot be stored."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def encode(made: AuditEntry) -> bytes:
    """Encodes the entry for storage: as JSON, so that it can be read without padfleet."""
    return json.dumps(made.as_json(), ensure_ascii=False, separators=(",", ":")).encode()


def decode(data: bytes) -> AuditEntry:
    """Decodes what `encode` has written. Raises ValueError for anything else."""
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError("not an entry of the audit log")
    try:
        doer = Doer(found["way"], found["who"], found["let_in_by"], found["where"])
        return AuditEntry(
            str(found["id"]),
            int(found["at"]),
            doer,
            str(found["deed"]),
            str(found["subject"]),
            found["outcome"],
            str(found["why"]),
            dict(found["details"]),
        )
    except (LookupError, TypeError) as error:
        raise ValueError(f"not an entry of the audit log: {error}") from error


async def write(redis: Redis, made: AuditEntry) -> None:
    """Adds the entry to the audit log and to this process's own log. If the audit log cannot be
    written, the deed still counts, and a warning with the whole entry is logged."""
    told = {f"audit_{name}": value for name, value in made.as_json().items()}
    try:
        async with asyncio.timeout(PATIENCE):
            await redis.client.xadd(AUDIT, {_FIELD: encode(made)}, maxlen=KEPT, approximate=True)
    except (*UNREACHABLE, RedisError, TimeoutError) as error:
        log.warning("not in the audit log", extra={**told, "error": str(error)})
    else:
        log.info("done to pads", extra=told)


def newest(redis: Redis, before: str = "") -> AsyncGenerator[tuple[str, AuditEntry], None]:
    """Yields the newest entries first, each with its place in the audit log. With `before`, these
    are the entries written before the one at that place. Raises what `UNREACHABLE` lists."""
    return _entries(redis, before, newest_first=True)


def since(redis: Redis, after: str) -> AsyncGenerator[tuple[str, AuditEntry], None]:
    """Yields the entries after a place, the oldest first. Raises what `UNREACHABLE` lists."""
    return _entries(redis, after, newest_first=False)


async def _entries(
    redis: Redis, place: str, *, newest_first: bool
) -> AsyncGenerator[tuple[str, AuditEntry], None]:
    last = ""
    while True:
        found = await _range(redis, place, newest_first=newest_first)
        for place, made in found:
            # An entry is there twice if the answer to the first attempt to write it was lost.
            if made is not None and made.id != last:
                last = made.id
                yield place, made
        if len(found) < PAGE:
            return


async def _range(
    redis: Redis, place: str, *, newest_first: bool
) -> list[tuple[str, AuditEntry | None]]:
    """Returns the entries next to a place, or the newest if there is none. None stands for
    something that is not an entry of this version."""
    if newest_first:
        reply = await redis.client.xrevrange(AUDIT, f"({place}" if place else "+", "-", count=PAGE)
    else:
        reply = await redis.client.xrange(AUDIT, f"({place}", "+", count=PAGE)
    return [
        (at.decode(), _readable(fields.get(_FIELD, b"")))
        for at, fields in cast("list[tuple[bytes, dict[bytes, bytes]]]", reply)
    ]


def _readable(data: bytes) -> AuditEntry | None:
    try:
        return decode(data)
    except ValueError:
        return None
