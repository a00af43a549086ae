"""Reads a pad for a backup, wherever it is, while others write on it.

A history only grows, and its chain covers all of it: the revisions that lead from revision 0 to the
head and chain that were read first are the pad as it was at that moment, whatever has come since.
"""

import json
from collections.abc import AsyncIterator, Callable

from padfleet.shared.archive.entries import (
    ENTRY_BYTES,
    ENTRY_REVISIONS,
    ArchivedChat,
    ArchivedSaved,
    Authors,
    Entry,
    PadDone,
    PadHead,
    PadVoid,
    Revisions,
    flat,
)
from padfleet.shared.batches import filled, slices
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chat import ChatMessage, StreamEntry, messages_of
from padfleet.shared.log.pad.history import HistoryGap
from padfleet.shared.log.pad.reader import PadReader, open_reader
from padfleet.shared.log.records import Revision, chain_of

ATTEMPTS = 3
"""How often a pad is read again if it is deleted, replaced or rolled back while it is read."""

PAGE = 500
"""How many chat messages, saved revisions, or authors one read fetches."""


class PadUnreadable(Exception):
    """The pad's history is incomplete. `padfleet verify` says more."""


async def take_pad(
    redis: Redis,
    keyspace: Keyspace,
    pad_id: str,
    write: Callable[[Entry], None],
    progress: Callable[[int, int], None],
) -> PadHead | None:
    """Writes the pad's entries, wherever it is; returns None, with nothing written, if there is no
    such pad (any more).

    Raises `PadUnreadable` after a `PadVoid`, or what `UNREACHABLE` lists, with the pad half
    written.
    """
    why = ""
    for _ in range(ATTEMPTS):
        try:
            reader = await open_reader(redis, keyspace, pad_id)
            if reader is None:
                return None
            head = await head_of(reader)
        except CorruptPad as error:
            why = str(error)
            continue
        write(head)
        authors: set[str] = {head.creator} - {""}
        try:
            async for part in history(reader, head):
                write(Revisions(part[0].rev, [revision.to_record() for revision in part]))
                for revision in part:
                    authors.update(authors_in(revision))
                progress(part[-1].rev, head.head)
        except (HistoryGap, CorruptPad, ValueError) as error:
            write(PadVoid())
            why = str(error)
            continue
        async for entry in _belongings(reader, head, authors):
            write(entry)
        write(PadDone())
        return head
    raise PadUnreadable(f"pad {pad_id!r}: {why}; padfleet verify --pad says more")


async def head_of(reader: PadReader) -> PadHead:
    """Returns what the pad's backup begins with, from which can be seen whether it needs a new
    one."""
    meta, facts = reader.meta, await reader.facts()
    return PadHead(
        reader.keys.pad_id,
        meta.epoch,
        meta.head,
        meta.chain,
        meta.time,
        meta.creator,
        meta.read_only_id,
        facts.settings,
        facts.deletion,
        facts.chat_head,
        facts.newest_saved,
        facts.public,
    )


async def history(reader: PadReader, pad: PadHead) -> AsyncIterator[list[Revision]]:
    """Yields the revisions up to the head, in parts that fit into one entry each. Raises
    `HistoryGap` if they do not lead there."""
    chain = b""
    async for revisions in reader.pages(0, pad.head, step=ENTRY_REVISIONS):
        for revision in revisions:
            chain = chain_of(chain, revision.wire)
            if chain != revision.chain:
                raise HistoryGap(f"revision {revision.rev} belongs to another history")
        for part in filled(revisions, lambda revision: len(revision.wire), ENTRY_BYTES):
            yield part
    if chain != pad.chain:
        raise HistoryGap(f"revision {pad.head} is not the one that the pad's meta names")


def authors_in(revision: Revision) -> set[str]:
    """Returns the authors who made the revision and whose text it brings, imported or restored."""
    pool: dict[str, list[str]] = json.loads(revision.wire)["apool"].get("numToAttrib", {})
    found = {pair[1] for pair in pool.values() if pair[0] == "author"}
    return (found | {revision.author}) - {""}


async def _belongings(reader: PadReader, head: PadHead, authors: set[str]) -> AsyncIterator[Entry]:
    """Yields the rest. `authors` are those of the text; authors who only used the chat are
    added."""
    for first in range(0, head.chat + 1, PAGE):
        messages = await reader.chat(first, min(first + PAGE - 1, head.chat))
        if messages:
            yield ArchivedChat([(i.decode(), flat(fields)) for i, fields in messages])
        authors |= {message.author for message in _readable(messages)} - {""}
    for records in slices(await reader.saved(), PAGE):
        yield ArchivedSaved([*records])
    for names in slices(sorted(authors), PAGE):
        found = await reader.author_records(names)
        yield Authors([(author, flat(fields)) for author, fields in found.items()])


def _readable(messages: list[StreamEntry]) -> list[ChatMessage]:
    try:
        return messages_of(messages)
    except (ValueError, TypeError):
        return []  # one of them was not written by padfleet
