"""The audit log: what operators and other systems have done to pads, up to a bounded number of
entries.

Operators act on the page `/fleet/pads` and through commands, other systems through the HTTP API.
The code that does the deed also records it (`shared/deeds`), so that every way leaves a trace. What
people do on a pad that they have open is not included: that is the pad's own history.
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
"""Number of entries that are kept, of about 300 bytes each; the oldest are removed."""

LONGEST: Final = 300
"""Longest text in an entry, in characters. A longer one is cut off."""

MOST_DETAILS: Final = 12
"""Most details of an entry."""

PAGE: Final = 200
"""Entries that are read at a time."""

PATIENCE: Final = 3.0
"""Seconds that writing an entry may delay whoever has done the deed."""

_FIELD: Final = b"entry"

Way = Literal["page", "api", "command"]
DeedOutcome = Literal["done", "refused", "failed", "unknown"]
"""``refused``: it could not be done, and nothing was; ``failed``: something broke on the way;
``unknown``: no answer came, and it may have been done."""


class Doer(NamedTuple):
    """Who did something, as far as that is known."""

    way: Way
    who: str  #: the name that he gave: of the login, the account, or the token; empty: none
    let_in_by: str  #: what he had: ``fleet token``, ``API key``, ``OAuth token``, ``Redis``
    where: str  #: the address that it came from; of a command, the name of its machine


class AuditEntry(NamedTuple):
    """One deed, and how it ended."""

    id: str  #: unlike any other's
    at: int  #: when it had been done, ms since the epoch
    doer: Doer
    deed: str  #: such as ``delete``
    subject: str  #: the pad, group or author that it was done to
    outcome: DeedOutcome
    why: str  #: it was not done; empty: it was
    details: dict[str, Any]  #: such as the new name of a pad: texts, numbers, and yes or no

    @property
    def time(self) -> str:
        """When it was done, in RFC 3339 format, in UTC."""
        return datetime.fromtimestamp(self.at / 1000, UTC).isoformat(timespec="seconds")[:19] + "Z"

    def as_json(self) -> dict[str, Any]:
        """The entry as it is stored, and as it is shown to programs."""
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
    """Makes an entry for what has just been done. Everything in it is cut to a bounded length."""
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
    """The text, cut to the number of characters that are kept and without any that cannot be
    stored."""
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
    """Adds the entry to the list and to this process's own log. If the list cannot be written, the
    deed still counts, and a warning with the whole entry is logged."""
    told = {f"audit_{name}": value for name, value in made.as_json().items()}
    try:
        async with asyncio.timeout(PATIENCE):
            await redis.client.xadd(AUDIT, {_FIELD: encode(made)}, maxlen=KEPT, approximate=True)
    except (*UNREACHABLE, RedisError, TimeoutError) as error:
        log.warning("not in the audit log", extra={**told, "error": str(error)})
    else:
        log.info("done to pads", extra=told)


def newest(redis: Redis, before: str = "") -> AsyncGenerator[tuple[str, AuditEntry], None]:
    """Returns entries, the newest first, each with its place in the list; with `before`, those
    written before the one at that place. Raises what `UNREACHABLE` lists."""
    return _entries(redis, before, newest_first=True)


def since(redis: Redis, after: str) -> AsyncGenerator[tuple[str, AuditEntry], None]:
    """Returns the entries after a place, the oldest first. Raises what `UNREACHABLE` lists."""
    return _entries(redis, after, newest_first=False)


async def _entries(
    redis: Redis, place: str, *, newest_first: bool
) -> AsyncGenerator[tuple[str, AuditEntry], None]:
    last = ""
    while True:
        found = await _range(redis, place, newest_first=newest_first)
        for place, made in found:
            # An entry that was written twice, because the answer to the first attempt was lost.
            if made is not None and made.id != last:
                last = made.id
                yield place, made
        if len(found) < PAGE:
            return


async def _range(
    redis: Redis, place: str, *, newest_first: bool
) -> list[tuple[str, AuditEntry | None]]:
    """The entries next to a place; without one, the newest. None stands for something that is not
    an entry of this version."""
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
