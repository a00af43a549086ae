"""How much one author may do on this worker.

By author, and not by address as Etherpad counts: a school has one address for all. An author costs
nothing to make, so this stops the careless and the broken; who makes many authors meets the limits
of sockets.
"""

import asyncio
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from padfleet.shared import refusals
from padfleet.shared.bucket import Buckets, Pace
from padfleet.shared.easysync.effort import count_ops
from padfleet.shared.log.inboxes.heaviness import SHORT
from padfleet.shared.settings.limits import LimitSettings

K = TypeVar("K", bound=Hashable)

COMMIT_PATIENCE = 5.0
"""Seconds. As long as a submission may take anyway."""

OPERATIONS_PATIENCE = 10.0
"""Seconds. Of an edit that takes a writer long anyway."""

JOIN_PATIENCE = 10.0
"""Seconds. Longer than that, and the client is better off with its own back-off."""

SELDOM = Pace(2.0, 20.0, 0.0)
"""How often a person may do what one does now and then, by a click."""

CURSORS = Pace(10.0, 20.0, 0.0)
"""How often it may be said where a cursor is: twice as often as our page does. Others are told of
fewer."""

_LIMITS = {
    "CHAT_MESSAGE": "chats",
    "CURSOR": "cursors",
    "USERINFO_UPDATE": "names",
    "suggestUserName": "names",
    "SAVE_REVISION": "saves",
    "padoptions": "settings",
}
"""Whatever else is told to everybody is a plugin's."""


class RateExceeded(Exception):
    """More than may be made to wait."""


@dataclass(frozen=True)
class Allowances:
    commits: Buckets[str]
    operations: Buckets[str]  #: of edits that have many
    joins: Buckets[Hashable]  #: of authors, and of sockets
    chats: Buckets[str]
    plugins: Buckets[str]  #: plugins' messages, such as others' cursors
    names: Buckets[str]  #: changes of name and colour, and names suggested to others
    saves: Buckets[str]  #: saved revisions
    settings: Buckets[str]  #: changes of the pad's settings
    cursors: Buckets[str]  #: where somebody's cursor is

    @classmethod
    def of(cls, settings: LimitSettings, *, seldom: Pace = SELDOM) -> "Allowances":
        """`seldom`: how fast an author may do what has no setting."""
        commits, joins = settings.commits_per_second, settings.joins_per_second
        operations = settings.operations_per_second
        chats, plugins = settings.chats_per_second, settings.plugin_messages_per_second
        return cls(
            Buckets(Pace(commits, 5 * commits, COMMIT_PATIENCE)),
            Buckets(Pace(operations, 25 * operations, OPERATIONS_PATIENCE)),
            Buckets(Pace(joins, 10 * joins, JOIN_PATIENCE)),
            Buckets(Pace(chats, 10 * chats, 0.0)),
            Buckets(Pace(plugins, 3 * plugins, 0.0)),
            names=Buckets(seldom),
            saves=Buckets(seldom),
            settings=Buckets(seldom),
            cursors=Buckets(CURSORS),
        )

    def commit(self, author: str) -> float:
        """Takes the author's turn for an edit, and returns the seconds until it comes, mostly 0;
        those who wait are served in the order in which they came. Raises `RateExceeded`."""
        return _turn(self.commits, author, "commits")

    async def operations_of(self, author: str, edit: Mapping[str, object]) -> None:
        """Waits for the author's turn for the operations of a USER_CHANGES that has many of them,
        or brings many attributes: each of those costs as much. Raises `RateExceeded`."""
        if not is_short(edit):
            changeset = edit.get("changeset")
            operations = count_ops(changeset) if isinstance(changeset, str) else 0
            await _wait(self.operations, author, "operations", operations + _attributes(edit))

    async def join(self, who: Hashable) -> None:
        """`who`: an author, or a socket. Raises `RateExceeded`."""
        await _wait(self.joins, who, "joins")

    def tell(self, author: str, kind: str) -> None:
        """A message of which everybody on the pad is told; `kind` is the type of a COLLABROOM's
        data, or of a CLIENT_MESSAGE's payload. Each matter has a bucket of its own: a plugin that
        says much keeps nobody from speaking, or from choosing a name. Raises `RateExceeded`."""
        limit = _LIMITS.get(kind, "plugins")
        buckets: Buckets[str] = getattr(self, limit)
        if buckets.take(author, monotonic()) is None:
            refusals.LIMITED.labels(limit).inc()
            raise RateExceeded


def is_short(edit: Mapping[str, object]) -> bool:
    """Whether what stands in a USER_CHANGES, be it an edit or not, cannot have many operations or
    attributes."""
    changeset = edit.get("changeset")
    if isinstance(changeset, str) and len(changeset) > SHORT:
        return False
    return _attributes(edit) < SHORT // 3


def _attributes(edit: Mapping[str, object]) -> int:
    pool = edit.get("apool")
    known = pool.get("numToAttrib") if isinstance(pool, dict) else None
    return len(known) if isinstance(known, dict) else 0


async def _wait(buckets: Buckets[K], who: K, limit: str, amount: float = 1.0) -> None:
    wait = _turn(buckets, who, limit, amount)
    if wait:
        await asyncio.sleep(wait)


def _turn(buckets: Buckets[K], who: K, limit: str, amount: float = 1.0) -> float:
    wait = buckets.take(who, monotonic(), amount)
    if wait == 0:
        return 0.0
    refusals.LIMITED.labels(limit).inc()
    if wait is None:
        raise RateExceeded
    return wait
