"""This module stores a pad's chat: a stream separate from its revisions, with messages numbered
from 0 without a gap."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from padfleet.shared import bounds
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.people import authors, visitors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import pack, unpack
from padfleet.shared.tasks import all_of, aside
from padfleet.shared.wire.jsontext import dumps, loads

NO_MESSAGES = -1
"""The head of a chat in which nobody has said anything. Etherpad uses the same number."""


LARGE = 64 << 10
"""Messages that have more bytes than this together are decoded outside the event loop. Texts that
consist of surrogates take longest, a millisecond for each 80 KB."""

StreamEntry = tuple[bytes, dict[bytes, bytes]]
"""The ID of an entry of a stream, and its fields."""


class NoPad(Exception):
    """Says that there is no such pad, so nothing can be stored for it."""


class ChatMessage(NamedTuple):
    """A chat message. The name that is shown with it is the author's at the time of reading."""

    number: int  #: its index
    author: str  #: empty if it has none, as when the HTTP API names no author
    time: int  #: ms since 1970
    text: str  #: a code-unit string
    extra: dict[str, Any]  #: what plugins' pages have added to the message, by name

    def to_record(self) -> bytes:
        # This stays JSON, as it came: msgpack cannot represent every number that JSON can.
        extra = dumps(self.extra) if self.extra else ""
        return pack((self.author, self.time, self.text, extra))

    @classmethod
    def from_record(cls, number: int, record: bytes) -> "ChatMessage":
        author, time, text, extra = unpack(record)
        return cls(
            number,
            author if bounds.is_author_id(author) else "",
            bounds.moment(time),
            bounds.chat_text(text),
            bounds.chat_extra(loads(extra)) if extra else {},
        )


LOOK_BACK = 100
LOOK_FAR_BACK = 1_000
"""How many messages others may have sent while somebody was away who now repeats one. To look
through as many takes a millisecond of Redis's time, so it is done for repetitions alone."""


async def say(
    redis: Redis,
    keys: PadKeys,
    *,
    text: str,
    author: str,
    now_ms: int,
    extra: Mapping[str, Any] | None = None,
    request: str | None = None,
    repeated: bool = False,
) -> int:
    """Appends a message, announces it to all workers, and returns its index.

    The message is stored exactly once, even if the call is repeated because the answer was lost, or
    if the author's client repeats a message that it has named with `request`. It is looked for
    among the newest `LOOK_BACK` messages, or `LOOK_FAR_BACK` if the client says that it has
    `repeated` it. Raises `NoPad`, `OutOfBounds`, or what `UNREACHABLE` lists.
    """
    bounds.check_chat(text, extra or {})
    message = ChatMessage(-1, author, now_ms, text, dict(extra or {}))
    known: dict[str, Author] = {}
    if author:
        known, _ = await all_of(authors.read(redis, [author]), visitors.keep(redis, [author]))
    name = known[author].name if author in known else None
    record, call = message.to_record(), _call(author, request)
    index: int = await scripts.CHAT(
        redis.client,
        [keys.chat, keys.meta],
        [
            keys.channel,
            record,
            call,
            pack((record, name)),
            LOOK_FAR_BACK if repeated else LOOK_BACK,
        ],
    )
    if index < 0:
        raise NoPad("nobody can speak where there is no pad")
    return index


def _call(author: str, request: str | None) -> str:
    """Returns a name for one message. No client must be able to guess the name of another's."""
    if request is None:
        return secrets.token_hex(8)
    named = f"{author}\0{request}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).hexdigest()[:32]


async def read_chat(redis: Redis, keys: PadKeys, first: int, last: int) -> list[ChatMessage]:
    """Returns those of the messages first…last, both included, that exist, in order."""
    return await decoded(await stored_messages(redis, keys, first, last))


async def stored_messages(redis: Redis, keys: PadKeys, first: int, last: int) -> list[StreamEntry]:
    """Returns what `read_chat` returns, as entries of the chat's stream."""
    if last < max(first, 0):
        return []
    reply = await redis.client.xrange(keys.chat, min=str(max(first, 0)), max=str(last))
    return cast("list[StreamEntry]", reply)


async def decoded(stored: Sequence[StreamEntry]) -> list[ChatMessage]:
    """Returns what `messages_of` returns, and decodes many long messages outside the event loop: a
    hundred of the longest take 50 ms."""
    size = sum(len(fields.get(b"m", b"")) for _, fields in stored)
    return await aside(size > LARGE, messages_of, stored)


def messages_of(stored: Iterable[tuple[bytes, Mapping[bytes, bytes]]]) -> list[ChatMessage]:
    """Returns the messages in these entries of a chat's stream."""
    found = []
    for entry_id, fields in stored:
        record = fields.get(b"m")
        if record is not None:  # otherwise, padfleet has not written it
            found.append(ChatMessage.from_record(int(entry_id.partition(b"-")[0]), record))
    return found


async def chat_pages(redis: Redis, keys: PadKeys, size: int) -> AsyncIterator[list[ChatMessage]]:
    """Yields all messages up to the newest one at the time of the call, the oldest first, up to
    `size` in one read. No page is empty."""
    newest = await chat_head(redis, keys)
    for start in range(0, newest + 1, size):
        messages = await read_chat(redis, keys, start, min(start + size - 1, newest))
        if messages:
            yield messages


async def chat_head(redis: Redis, keys: PadKeys) -> int:
    """Returns the index of the newest message, or `NO_MESSAGES` if there is none."""
    reply = await redis.client.xrevrange(keys.chat, count=1)
    newest = cast("Sequence[tuple[bytes, Any]]", reply)
    return int(newest[0][0].partition(b"-")[0]) if newest else NO_MESSAGES
