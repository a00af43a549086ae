"""Implements the API's functions on the chat of a pad, and on messages to those who have it
open."""

import time
from collections.abc import AsyncIterator
from typing import Any

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields, StreamedAnswer
from padfleet.shared import bounds
from padfleet.shared.log.pad import announcements
from padfleet.shared.log.pad.chat import ChatMessage, NoPad, say
from padfleet.shared.log.pad.reader import PadReader, messages
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import dumps, dumps_in_pieces, is_long

PAGE = 50
"""How many messages of a history are made into JSON at a time: 1.5 MB of the longest."""


async def get_chat_history(api: Api, fields: Fields) -> StreamedAnswer:
    start, end = (arguments.optional_number(fields, name) for name in ("start", "end"))
    if start is not None and end is not None:
        if start < 0:
            raise ApiError("start is below zero")
        if end < 0:
            raise ApiError("end is below zero")
        if start > end:
            raise ApiError("start is higher than end")
    reader = await arguments.reader(api, fields)
    head = (await reader.facts()).chat_head
    if start is None or end is None:
        start, end = 0, head
    if start > head:
        raise ApiError("start is higher than the current chatHead")
    if end > head:
        raise ApiError("end is higher than the current chatHead")
    pages = (
        await _page(reader, first, min(first + PAGE - 1, end))
        for first in range(start, end + 1, PAGE)
    )
    # The first page is made before the answer begins, so that faults in it get an answer of their
    # own; the chat may have any length.
    return StreamedAnswer(_listed(await anext(pages, b""), pages))


async def _listed(first: bytes, pages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b'{"messages":[' + first
    some = bool(first)
    async for page in pages:
        if page:
            yield b"," + page if some else page
            some = True
    yield b"]}"


async def _page(reader: PadReader, first: int, last: int) -> bytes:
    """Returns these messages as JSON, without the brackets around them."""
    said = await messages(reader, first, last)
    known = await reader.authors({m.author for m in said} - {""})
    shown = [_told(m, known.get(m.author)) for m in said]
    return (await aside(is_long(shown), dumps_in_pieces, shown))[1:-1].encode()


def _told(message: ChatMessage, author: Author | None) -> dict[str, Any]:
    name = author.name if author is not None else None
    known = {"text": message.text, "time": message.time, "userId": message.author or None}
    return {**message.extra, **known, "userName": name}


async def get_chat_head(api: Api, fields: Fields) -> dict[str, Any]:
    reader = await arguments.reader(api, fields)
    return {"chatHead": (await reader.facts()).chat_head}


async def append_chat_message(api: Api, fields: Fields) -> None:
    text = arguments.text(fields, "text")
    pad, _ = await arguments.pad(api, fields)
    at = arguments.whole_number(fields, "time")
    now_ms = int(time.time() * 1000)
    try:
        await say(
            api.redis,
            api.keyspace.pad(pad),
            text=text,
            author=arguments.author(fields, "authorID"),
            now_ms=now_ms if at is None else bounds.moment(at, latest=now_ms + bounds.DAY_MS),
        )
    except NoPad:
        raise ApiError("padID does not exist") from None
    except bounds.OutOfBounds as error:
        raise ApiError(str(error)) from None


async def send_clients_message(api: Api, fields: Fields) -> None:
    # The message is not kept: on a pad that is not in Redis, there is nobody to get it.
    pad = await arguments.existing_id(api, fields)
    kind = fields.get("msg")
    if isinstance(kind, str) and len(kind) > bounds.MOST_RELAYED:
        raise ApiError(f"the message takes more than {bounds.MOST_RELAYED} bytes")
    message = {"type": "COLLABROOM", "data": {"type": kind, "time": int(time.time() * 1000)}}
    if len(dumps(message).encode()) > bounds.MOST_RELAYED:
        raise ApiError(f"the message takes more than {bounds.MOST_RELAYED} bytes")
    await announcements.relay(api.redis, api.keyspace.pad(pad), message)
