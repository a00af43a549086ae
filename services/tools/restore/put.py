"""Puts the pads of an archive into Redis."""

from collections.abc import Callable, Collection, Iterable, Iterator

from padfleet.shared import bounds
from padfleet.shared.archive.entries import (
    ArchivedChat,
    ArchivedSaved,
    ArchivedTokens,
    Authors,
    Entry,
    PadDone,
    PadHead,
    PadVoid,
    Revisions,
)
from padfleet.shared.easysync.errors import shown
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.options import parse_options
from padfleet.shared.log.pad.pads import claim_read_only
from padfleet.shared.log.pad.reader import is_there
from padfleet.shared.log.pad.saved import readable
from padfleet.shared.log.pad.staging import InstalledHistory, Staging
from padfleet.shared.log.people import contributions, groups
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR, stored_author
from padfleet.shared.log.people.authors import bring
from padfleet.shared.log.people.identities import bring_token
from padfleet.shared.wire.jsontext import dumps

MOST_DELETION = 128
"""The maximum number of bytes of a deletion token's hash; ours have 64."""


class Restorer:
    """Restores pads from the entries of an archive, in their order. One pad at a time is being
    restored, and nobody sees any of it before its last entry has been taken."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        *,
        only: Collection[str] | None,
        new_id: str | None,
        replace: bool,
        restored: Callable[[str, PadHead, InstalledHistory], None],
        progress: Callable[[str, int, int], None],
    ) -> None:
        """Takes what is needed to restore pads.

        Arguments:
            only: the pads that are wanted; None means all.
            new_id: the name under which a single pad is restored, or None for its own.
            replace: whether a pad that exists already is replaced.
            restored: called with the name, the head and the result for each restored pad.
            progress: called with the pad, the newest revision so far and the head.
        """
        self._redis = redis
        self._keyspace = keyspace
        self._only = only
        self._new_id = new_id
        self._replace = replace
        self._restored = restored
        self._progress = progress
        self._pad: PadHead | None = None
        self._staging: Staging | None = None
        self._messages = 0  #: messages of its chat so far

    async def in_the_way(self, pads: Iterable[PadHead]) -> list[str]:
        """Returns the names, of those that these pads are to get, under which a pad exists
        already."""
        names = [self._new_id or pad.pad for pad in pads]
        return [name for name in names if await is_there(self._redis, self._keyspace, name)]

    async def take(self, entries: Iterable[Entry]) -> None:
        """Restores the pads from these entries. Pads that are complete when it raises stay.

        Raises `PadExists`, `ServerMoved`, `CorruptPad`, whatever reading the entries raises, and
        what `UNREACHABLE` lists.
        """
        try:
            for entry in entries:
                await self._take(entry)
        finally:
            await self._drop()

    async def _take(self, entry: Entry) -> None:
        if isinstance(entry, PadHead) and (self._only is None or entry.pad in self._only):
            self._pad, self._staging = entry, await self._begin(entry)
        elif isinstance(entry, ArchivedTokens):
            await self._tokens(entry)
        elif self._pad is not None and self._staging is not None:
            await self._part(self._pad, self._staging, entry)

    async def _begin(self, pad: PadHead) -> Staging:
        name = self._new_id or pad.pad
        if not bounds.is_pad_id(name):
            raise CorruptPad(f"nobody could open a pad of this name: {shown(name)}")
        self._messages = 0
        return await Staging.begin(self._redis, self._keyspace, name, head=pad.head)

    async def _part(self, pad: PadHead, staging: Staging, entry: Entry) -> None:
        match entry:
            case Revisions():
                await staging.add(entry.revisions())
                self._progress(pad.pad, staging.document.head, pad.head)
            case ArchivedChat(messages):
                await staging.add_chat([*self._within_bounds(messages)])
            case ArchivedSaved(values):
                saved = [one.to_record() for one in readable(values)][-bounds.MOST_SAVED :]
                if saved:
                    await staging.add_saved(saved)
            case Authors():
                await self._authors(entry)
            case PadDone():
                await self._install(pad, staging)
            case PadVoid():
                await self._drop()

    def _within_bounds(
        self, messages: Iterable[tuple[str, list[bytes]]]
    ) -> Iterator[tuple[str, list[bytes]]]:
        """Yields the messages of a chat under new numbers, without invalid ones: chats here have no
        holes, and readers of a chat go up to the number of its newest message."""
        for _, flat in messages:
            fields = dict(zip(flat[::2], flat[1::2], strict=False))
            try:
                message = ChatMessage.from_record(self._messages, fields[b"m"])
            except (KeyError, ValueError, TypeError):
                continue
            call = fields.get(b"n", b"")[: bounds.MOST_ID]
            yield f"{self._messages}-1", [b"m", message.to_record(), b"n", call]
            self._messages += 1

    async def _install(self, pad: PadHead, staging: Staging) -> None:
        name = self._new_id or pad.pad
        read_only = pad.read_only_id if bounds.is_read_only_id(pad.read_only_id) else None
        installed = await staging.install(
            above_epoch=pad.epoch,
            creator=pad.creator if bounds.is_author_id(pad.creator) else SYSTEM_AUTHOR,
            read_only_id=await claim_read_only(self._redis, read_only, name),
            replace=self._replace,
            settings=dumps(parse_options(pad.settings)).encode() if pad.settings else b"",
            deletion=pad.deletion if len(pad.deletion) <= MOST_DELETION else b"",
            more={"public": "1"} if pad.public else None,
        )
        authors = staging.document.authors()
        await contributions.note(self._redis, authors, name, installed.epoch)
        await groups.adopt(self._redis, name)
        self._pad = self._staging = None
        self._restored(name, pad, installed)

    async def _authors(self, entry: Authors) -> None:
        found = (stored_author(author, flat) for author, flat in entry.authors)
        await bring(self._redis, [author for author in found if author is not None])

    async def _tokens(self, entry: ArchivedTokens) -> None:
        for token, author in entry.tokens:
            # Somebody who has come again since the backup is another author now, and stays that
            # author.
            if not (bounds.is_author_id(author) and bounds.is_author_id(token)):
                continue
            await bring_token(self._redis, token, author)

    async def _drop(self) -> None:
        staging, self._pad, self._staging = self._staging, None, None
        if staging is not None:
            await staging.drop()
