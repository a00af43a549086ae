"""What has been done to pads by those who look after them: a list of a bounded length.

Operators do it on the page `/fleet/pads` and by commands, other systems by the HTTP API. Whoever
does the deed writes it down (`shared/deeds`), so that no way to it leaves no trace. What people do
on a pad that they have open is not in it: that is the pad's own history.
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

from padfleet.shared.log.connect import UNREACHABLE, Redis
from padfleet.shared.log.keys import AUDIT

log = logging.getLogger(__name__)

KEPT: Final = 10_000
"""Entries kept; the oldest go. Some 300 bytes each."""

LONGEST: Final = 300
"""Characters of one text of an entry. What is longer loses its end."""

MOST_DETAILS: Final = 12
"""Details of an entry."""

PAGE: Final = 200
"""Entries read at once."""

PATIENCE: Final = 3.0
"""Seconds that the writing of an entry may keep up whoever has done the deed."""

_FIELD: Final = b"entry"

Way = Literal["page", "api", "command"]
DeedOutcome = Literal["done", "refused", "failed", "unknown"]
"""``refused``: it could not be done, and nothing was; ``failed``: something broke on the way;
``unknown``: no answer came, and it may have been done."""


class Doer(NamedTuple):
    """Who does something, as far as that can be known."""

    way: Way
    who: str  #: the name that he gave: of the login, the account, or the token; empty: none
    let_in_by: str  #: what he had: ``fleet token``, ``API key``, ``OAuth token``, ``Redis``
    where: str  #: the address that it came from; of a command, the name of its machine


class AuditEntry(NamedTuple):
    """One deed."""

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
        """When it was done, in the form of RFC 3339, in UTC."""
        return datetime.fromtimestamp(self.at / 1000, UTC).isoformat(timespec="seconds")[:19] + "Z"

    def as_json(self) -> dict[str, Any]:
        """What is stored of it, and what programs are told."""
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
    """Makes an entry of what has just been done, with everything in it of a bounded length."""
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
    """The text with no more characters than are kept, and none that cannot be stored."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def encode(made: AuditEntry) -> bytes:
    """The entry as it is stored: JSON, so that it can be read where nothing of ours is left."""
    return json.dumps(made.as_json(), ensure_ascii=False, separators=(",", ":")).encode()


def decode(data: bytes) -> AuditEntry:
    """What `encode` has written. Raises ValueError for anything else."""
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
    """Puts the entry into the list and into this process' own log. What has been done stays done
    where the list cannot be written: then that is a warning in the log, with all of the entry."""
    told = {f"audit_{name}": value for name, value in made.as_json().items()}
    try:
        async with asyncio.timeout(PATIENCE):
            await redis.client.xadd(AUDIT, {_FIELD: encode(made)}, maxlen=KEPT, approximate=True)
    except (*UNREACHABLE, RedisError, TimeoutError) as error:
        log.warning("not in the audit log", extra={**told, "error": str(error)})
    else:
        log.info("done to pads", extra=told)


def newest(redis: Redis, before: str = "") -> AsyncGenerator[tuple[str, AuditEntry], None]:
    """The entries, the newest first, each with its place in the list; with `before`, those that
    were written before the one of that place. Raises what `UNREACHABLE` lists."""
    return _entries(redis, before, newest_first=True)


def since(redis: Redis, after: str) -> AsyncGenerator[tuple[str, AuditEntry], None]:
    """The entries behind a place, the oldest first. Raises what `UNREACHABLE` lists."""
    return _entries(redis, after, newest_first=False)


async def _entries(
    redis: Redis, place: str, *, newest_first: bool
) -> AsyncGenerator[tuple[str, AuditEntry], None]:
    last = ""
    while True:
        found = await _range(redis, place, newest_first=newest_first)
        for place, made in found:
            # One that was written twice, since the answer to the first was lost.
            if made is not None and made.id != last:
                last = made.id
                yield place, made
        if len(found) < PAGE:
            return


async def _range(
    redis: Redis, place: str, *, newest_first: bool
) -> list[tuple[str, AuditEntry | None]]:
    """Those next to a place; with none, the newest. None: something that is no entry of this
    version's."""
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
