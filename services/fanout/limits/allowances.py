"""This module limits how much one author may do on this worker.

It counts by author, and not by address as Etherpad does, because a whole school has one address.
Becoming an author costs nothing, so this stops careless people and broken programs; somebody who
becomes many authors runs into the limits on sockets.
"""

import asyncio
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Literal, TypeVar

from padfleet.shared import refusals
from padfleet.shared.bucket import Buckets, RateLimit
from padfleet.shared.easysync.effort import count_ops
from padfleet.shared.log.inboxes.heaviness import SHORT
from padfleet.shared.settings.limits import LimitSettings

K = TypeVar("K", bound=Hashable)

COMMIT_PATIENCE = 5.0
"""How many seconds a commit may wait: as long as a submission may take anyway."""

OPERATIONS_PATIENCE = 10.0
"""How many seconds an edit with many operations may wait, which takes the writer long anyway."""

JOIN_PATIENCE = 10.0
"""How many seconds a join may wait. Beyond that, the client is better off with its own back-off."""

SELDOM = RateLimit(2.0, 20.0, 0.0)
"""How often a person may do what people do now and then, with a click."""

CURSORS = RateLimit(10.0, 20.0, 0.0)
"""How often a cursor's position may be sent: twice as often as our page does. Fewer of them are
passed on to others."""

CHAT_READS = RateLimit(4.0, 20.0, 10.0)
"""How often an author may ask for up to a hundred messages of the chat, which may have a megabyte.
A page asks when its chat is opened, and when somebody wants to see older ones."""


MessageLimit = Literal["chats", "plugins", "names", "saves", "settings", "cursors", "chat_reads"]
"""The fields of `Allowances` that messages other than edits are charged to. The table of handlers
in `collab` says which of them."""


class RateExceeded(Exception):
    """There is more than may be made to wait."""


@dataclass(frozen=True)
class Allowances:
    commits: Buckets[str]
    operations: Buckets[str]  #: operations of edits that have many
    joins: Buckets[Hashable]  #: joins by authors, and by sockets
    chats: Buckets[str]
    plugins: Buckets[str]  #: plugins' messages, such as others' cursors
    names: Buckets[str]  #: changes of name and colour, and names suggested to others
    saves: Buckets[str]  #: saved revisions
    settings: Buckets[str]  #: changes of the pad's settings
    cursors: Buckets[str]  #: where somebody's cursor is
    chat_reads: Buckets[str]  #: questions for earlier messages of the chat

    @classmethod
    def of(cls, settings: LimitSettings, *, seldom: RateLimit = SELDOM) -> "Allowances":
        """Returns the allowances for these settings; `seldom` says how fast an author may do
        what has no setting."""
        commits, joins = settings.commits_per_second, settings.joins_per_second
        operations = settings.operations_per_second
        chats, plugins = settings.chats_per_second, settings.plugin_messages_per_second
        return cls(
            Buckets(RateLimit(commits, 5 * commits, COMMIT_PATIENCE)),
            Buckets(RateLimit(operations, 25 * operations, OPERATIONS_PATIENCE)),
            Buckets(RateLimit(joins, 10 * joins, JOIN_PATIENCE)),
            Buckets(RateLimit(chats, 10 * chats, 0.0)),
            Buckets(RateLimit(plugins, 3 * plugins, 0.0)),
            names=Buckets(seldom),
            saves=Buckets(seldom),
            settings=Buckets(seldom),
            cursors=Buckets(CURSORS),
            chat_reads=Buckets(CHAT_READS),
        )

    def commit(self, author: str) -> float:
        """Takes the author's turn for an edit, and returns the seconds until it comes, which are
        mostly 0. Edits that wait are served in the order in which they came. Raises
        `RateExceeded`."""
        return _turn(self.commits, author, "commits")

    async def operations_of(self, author: str, edit: Mapping[str, object]) -> None:
        """Waits for the author's turn for the operations of a USER_CHANGES, if it has many of them,
        or many attributes, each of which costs as much. Raises `RateExceeded`."""
        if not is_short(edit):
            changeset = edit.get("changeset")
            operations = count_ops(changeset) if isinstance(changeset, str) else 0
            await _wait(self.operations, author, "operations", operations + _attributes(edit))

    async def join(self, who: Hashable) -> None:
        """Waits for the turn of `who`, an author or a socket, to join. Raises `RateExceeded`."""
        await _wait(self.joins, who, "joins")

    async def message(self, author: str, limit: MessageLimit) -> None:
        """Waits for the author's turn for a message that is charged to the field `limit`. Each
        subject has a bucket of its own, so that a talkative plugin prevents nobody from chatting or
        choosing a name. Raises `RateExceeded`."""
        await _wait(getattr(self, limit), author, limit)


def is_short(edit: Mapping[str, object]) -> bool:
    """Returns whether the content of a USER_CHANGES, valid or not, is too short to have many
    operations or attributes."""
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
