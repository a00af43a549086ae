"""This module makes edits that do not come from a socket: they are put into the inbox like any
other, and answered through the pad's channel.

    async with open_edits(redis, keyspace, timeout=5) as edits:
        rev = await edits.change("pad", SYSTEM_AUTHOR, appended("text"))

Each edit counts as a session with one submission. So nothing that is known of other sessions
concerns it: no fence, no cursor, no presence.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from padfleet.shared.easysync import AttributePool
from padfleet.shared.log.channel_messages import Committed, Deleted
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.entries import OPENS, Creation, Deletion, Entry, Submission
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.limits import EditRefusal as EditRefusal
from padfleet.shared.log.inboxes.limits import PadLimits, too_many
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.outcomes import AWAY, CREATED, OVERTAKEN, Outcome
from padfleet.shared.log.pad.announcements import decode
from padfleet.shared.log.pad.document import Document, load
from padfleet.shared.log.pad.history import HistoryGap, revision_pages
from padfleet.shared.log.pad.meta import read_told_meta
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.records import Origin
from padfleet.shared.supervision.keeper import Keeper
from padfleet.shared.tasks import aside

ATTEMPTS = 5
"""How often a change is made at most, if the pad is replaced meanwhile."""

ORDER = 1 << 53
"""An order above that of any session: no fence concerns an edit without a session."""


class Missing(Exception):
    """Says that there is no such pad, or no longer."""

    def __init__(self, pad_id: str) -> None:
        super().__init__(pad_id)
        self.pad_id = pad_id

    def __str__(self) -> str:
        return "there is no such pad"


class Overtaken(EditRefusal):
    """Says that somebody has written on the pad meanwhile."""


class Unanswered(Exception):
    """Says that it is not known what became of the edit; it may be part of the pad."""


class EditChange(NamedTuple):
    changeset: str
    pool: AttributePool


Make = Callable[[Document], EditChange | None]
"""A function that makes the change from the pad's present content, or returns None if there is
nothing to change."""


class Edits:
    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        inbox: InboxWriter,
        *,
        timeout: float,
        keeper: Keeper | None = None,
    ) -> None:
        """Makes edits of any pad.

        Arguments:
            timeout: how many seconds subscribing to the channel may take, and how many the answer
                may take once the edit is in the inbox.
            keeper: runs the tasks of the subscriptions.
        """
        self._redis = redis
        self._keyspace = keyspace
        self._inbox = inbox
        self._timeout = timeout
        self._waiting: dict[str, dict[Origin, asyncio.Future[Outcome]]] = {}
        self._subscriber = Subscriber(redis, self._heard, lambda _: None, keeper)

    async def close(self) -> None:
        await self._subscriber.close()

    async def create(
        self, pad_id: str, author: str, text: str, *, wrote_it: bool, to_be_written: bool = False
    ) -> bool:
        """Creates a pad, and returns whether this call did so.

        Arguments:
            wrote_it: whether the text is the author's, and not a default text.
            to_be_written: whether the pad is removed if nobody ever writes in it.
        """
        origin = _origin(OPENS) if to_be_written else _origin()
        entry = Creation(pad_id, origin, author, text, wrote_it)
        outcome = await self._put(entry, base_rev=-1)
        if outcome.kind == "refused":
            raise EditRefusal(outcome.detail)
        return outcome.reason == CREATED

    async def change(
        self,
        pad_id: str,
        author: str,
        make: Make,
        *,
        for_others: bool = False,
        large: bool = False,
    ) -> int:
        """Changes the pad, and returns the revision that the change has become, or the head if
        nothing changed. If `large`, `make` may take long whatever the pad contains, and is called
        in a thread.

        Raises `Missing`, `EditRefusal` (which is `EditTooLarge` if that is the reason),
        `Unanswered`, `CorruptPad`, `NotTaken`, what `make` raises, or what `UNREACHABLE` lists.
        """
        keys = self._keyspace.pad(pad_id)
        for _ in range(ATTEMPTS):
            meta = await read_told_meta(self._redis, keys)
            if not meta.exists:
                raise Missing(pad_id)
            document = Document(meta.epoch)
            await load(self._redis, keys, meta, document)
            change = await aside(
                large or document.is_large, _made, document, make, self._inbox.limits
            )
            if change is None:
                return document.head
            entry = Submission(
                pad_id,
                _origin(),
                ORDER,
                document.epoch,
                author,
                document.head,
                change.changeset,
                change.pool.to_jsonable(),
                meta.reign,
                for_others or author == SYSTEM_AUTHOR,
            )
            outcome = await self._put(entry, base_rev=document.head)
            if outcome.kind != "refused":
                return outcome.rev
            if outcome.reason != "deleted":
                raise EditRefusal(outcome.detail)
            # Another pad may have taken its place (a restore, a compaction): then the change is
            # made for that one.
        raise Missing(pad_id)

    async def delete(self, pad_id: str, *, only_at: int | None = None) -> None:
        """Deletes the pad, and returns when it is gone. With `only_at`, deletes it only if that is
        its head.

        Raises `Missing`, `Overtaken`, and what `change` raises.
        """
        entry = Deletion(pad_id, _origin(_DELETES), "", allowed=True, only_at=only_at)
        outcome = await self._put(entry, base_rev=-1)
        if outcome.kind == "refused":
            if outcome.reason == "deleted":
                raise Missing(pad_id)
            if outcome.reason == OVERTAKEN:
                raise Overtaken(outcome.detail)
            raise EditRefusal(outcome.detail)

    async def _put(self, entry: Entry, *, base_rev: int) -> Outcome:
        """Puts an entry into its inbox, and returns the writer's answer. Once it may be in there,
        it is not known what becomes of it until it is answered, whatever else fails."""
        keys = self._keyspace.pad(entry.pad)
        async with self._listening(keys.channel, entry.origin) as answer:
            try:
                heard = await self._inbox.settle(entry, answer, patience=self._timeout)
            except TimeoutError:
                raise Unanswered("no writer has come to it in time") from None
        if heard:
            return _settled(answer.result())
        try:
            return await self._looked_up(entry, keys, base_rev)
        except UNREACHABLE as error:
            raise Unanswered(f"the writer's answer was lost, and so is Redis: {error}") from error

    async def _looked_up(self, entry: Entry, keys: PadKeys, base_rev: int) -> Outcome:
        """Finds out the outcome from what is stored, because the answer was published but got
        lost."""
        meta = await read_told_meta(self._redis, keys)
        if isinstance(entry, Deletion) and not meta.exists:
            return Outcome(entry.origin, "done", -1)
        if isinstance(entry, Submission):
            with suppress(HistoryGap):  # rolled back meanwhile: then the outcome is unknown, too
                async for page in revision_pages(self._redis, keys, base_rev + 1, meta.head):
                    for revision in page:
                        if revision.origin == entry.origin:
                            return Outcome(entry.origin, "accepted", revision.rev)
        raise Unanswered("the writer's answer was lost")

    @asynccontextmanager
    async def _listening(
        self, channel: str, origin: Origin
    ) -> AsyncIterator["asyncio.Future[Outcome]"]:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(channel, {})
        waiting[origin] = answer
        try:
            async with asyncio.timeout(self._timeout):
                await self._subscriber.subscribe(channel)
            yield answer
        finally:
            del waiting[origin]
            if not waiting and self._waiting.get(channel) is waiting:
                del self._waiting[channel]
                self._subscriber.unsubscribe(channel)

    def _heard(self, channel: str, data: bytes) -> None:
        waiting = self._waiting.get(channel)
        if not waiting:
            return
        try:
            message = decode(data)
        except ValueError:
            return  # of a newer version
        if isinstance(message, Committed):
            accepted = [
                Outcome(revision.origin, "accepted", revision.rev)
                for revision in message.revisions
                if revision.origin in waiting
            ]
            for outcome in (*accepted, *message.outcomes):
                if outcome.origin in waiting:
                    _settle(waiting[outcome.origin], outcome)
        elif isinstance(message, Deleted):
            # A deletion has no other answer; everything else that waits is refused in its turn.
            for origin, answer in waiting.items():
                if origin.session.startswith(_DELETES):
                    _settle(answer, Outcome(origin, "done", -1))


@asynccontextmanager
async def open_edits(redis: Redis, keyspace: Keyspace, *, timeout: float) -> AsyncIterator[Edits]:
    """Yields edits with a separate inbox, for callers that need one for nothing else. Both give up
    after `timeout` seconds."""
    inbox = InboxWriter(redis, keyspace, timeout=timeout)
    edits = Edits(redis, keyspace, inbox, timeout=timeout)
    try:
        yield edits
    finally:
        await edits.close()
        await inbox.close()


def _made(document: Document, make: Make, limits: PadLimits) -> EditChange | None:
    """Returns the change to the document. Raises `EditTooLarge`, or what `make` raises."""
    change = make(document)
    if change is not None:
        _check_pool(document, change, limits)
    return change


def _check_pool(document: Document, change: EditChange, limits: PadLimits) -> None:
    """Raises `EditTooLarge` if the pad would have too many attributes. The text is checked later,
    on the way into the inbox."""
    pool = change.pool
    attributes = [pool.get(number) for number in range(len(pool))]
    fresh = sum(document.pool.find(*attribute) < 0 for attribute in attributes)
    if fresh and len(document.pool) + fresh > limits.attributes:
        raise too_many(len(document.pool) + fresh, limits)


_DELETES = "deletes-"


def _settled(outcome: Outcome) -> Outcome:
    if outcome.kind == "refused" and outcome.reason == AWAY:
        raise Unanswered(f"the pad is unavailable at present: {outcome.detail}")
    return outcome


def _settle(answer: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not answer.done():
        answer.set_result(outcome)


def _origin(prefix: str = "edit-") -> Origin:
    return Origin(prefix + secrets.token_urlsafe(12), 1)
