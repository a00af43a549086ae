"""This module writes a pad as an ``.etherpad`` file, a piece at a time."""

from collections.abc import AsyncIterator
from typing import Any

from padfleet.shared.batches import slices
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.appending import step
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.document import LARGE_REVISION, Document
from padfleet.shared.log.pad.options import parse_options
from padfleet.shared.log.pad.past import history
from padfleet.shared.log.pad.reader import PadReader, message_pages
from padfleet.shared.log.pad.saved import readable
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import Revision
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import dumps, dumps_in_pieces, is_long

PAGE = 200
"""How many authors are fetched in one read."""

PIECE = 1 << 16
"""The minimum number of characters in a piece, except for the last one."""


async def etherpad_file(
    reader: PadReader, name: str, *, last: int | None = None
) -> AsyncIterator[str]:
    """Yields the file's text in pieces.

    Arguments:
        name: the id that the pad has in the file, since people without write access must not learn
            the pad's own id.
        last: the last revision to include; by default, the head.

    Raises `CorruptPad`, or what `UNREACHABLE` lists, possibly in the middle of the file, which is
    then not valid JSON.
    """
    meta = reader.meta
    bound = last is not None and last < meta.head
    head = meta.head if last is None else min(last, meta.head)
    piece = "{"
    async for key, record in _records(reader, name, head, bound=bound):
        written = await aside(is_long(record), dumps_in_pieces, record)
        piece += ("" if piece == "{" else ",") + f"{dumps(key)}:{written}"
        if len(piece) >= PIECE:
            yield piece
            piece = "\n"
    yield piece + "}"


async def _records(
    reader: PadReader, name: str, head: int, *, bound: bool
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    document = Document(reader.meta.epoch)
    async for revision in history(reader, head):
        large = len(revision.wire) > LARGE_REVISION or _is_key_of_much(document, revision)
        yield await aside(large, step, document, name, revision)
    # A pad as of an earlier revision has nothing that came later.
    until = document.time if bound else None
    count = 0
    facts = await reader.facts()
    async for message in _chat(reader, facts.chat_head):
        if until is None or message.time <= until:
            yield r.chat_key(name, count), r.chat_record(message)
            count += 1
    async for author in _authors(reader, document):
        yield r.author_key(author.id), r.exported_author(author, name, reader.meta.time)
    # This comes last, when the pool is complete.
    saved = [one for one in readable(await reader.saved()) if one.rev <= head]
    record = await aside(
        document.is_large,
        _pad_record,
        document,
        head,
        chat_head=count - 1,
        public=facts.public,
        saved=saved,
        settings=parse_options(facts.settings),
    )
    yield r.pad_key(name), record


def _pad_record(document: Document, head: int, **facts: Any) -> dict[str, Any]:
    return r.pad_record(document.atext, document.pool, head, **facts)


def _is_key_of_much(document: Document, revision: Revision) -> bool:
    """Returns whether the revision's record includes the whole text, and the text is large."""
    return revision.rev % r.KEY_REVISIONS == 0 and document.is_large


async def _chat(reader: PadReader, newest: int) -> AsyncIterator[ChatMessage]:
    async for messages in message_pages(reader, newest):
        for message in messages:
            yield message


async def _authors(reader: PadReader, document: Document) -> AsyncIterator[Author]:
    for names in slices(document.authors(), PAGE):
        found = await reader.authors(names)
        for author in found.values():
            yield author
