"""The chat of a pad, and messages to those who have it open."""

import time
from typing import Any

from services.api import arguments
from services.api.context import Api, ApiError, Fields
from shared import bounds
from shared.log import announcements, authors
from shared.log.chat import ChatMessage, NoPad, chat_head, read_chat, say
from shared.wire.jsontext import dumps

PAGE = 500


async def get_chat_history(api: Api, fields: Fields) -> dict[str, Any]:
    start, end = arguments.whole_number(fields, "start"), arguments.whole_number(fields, "end")
    if start is not None and end is not None:
        if start < 0:
            raise ApiError("start is below zero")
        if end < 0:
            raise ApiError("end is below zero")
        if start > end:
            raise ApiError("start is higher than end")
    pad, _ = await arguments.pad(api, fields)
    keys = api.keyspace.pad(pad)
    head = await chat_head(api.redis, keys)
    if start is None or end is None:
        start, end = 0, head
    if start > head:
        raise ApiError("start is higher than the current chatHead")
    if end > head:
        raise ApiError("end is higher than the current chatHead")
    messages: list[ChatMessage] = []
    for first in range(start, end + 1, PAGE):
        messages += await read_chat(api.redis, keys, first, min(first + PAGE - 1, end))
    known = await authors.read(api.redis, {m.author for m in messages} - {""})
    return {"messages": [_told(m, known.get(m.author)) for m in messages]}


def _told(message: ChatMessage, author: authors.Author | None) -> dict[str, Any]:
    name = author.name if author is not None else None
    known = {"text": message.text, "time": message.time, "userId": message.author or None}
    return {**message.extra, **known, "userName": name}


async def get_chat_head(api: Api, fields: Fields) -> dict[str, Any]:
    pad, _ = await arguments.pad(api, fields)
    return {"chatHead": await chat_head(api.redis, api.keyspace.pad(pad))}


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
    pad, _ = await arguments.pad(api, fields)
    kind = fields.get("msg")
    message = {"type": "COLLABROOM", "data": {"type": kind, "time": int(time.time() * 1000)}}
    if len(dumps(message).encode()) > bounds.MOST_RELAYED:
        raise ApiError(f"the message takes more than {bounds.MOST_RELAYED} bytes")
    await announcements.relay(api.redis, api.keyspace.pad(pad), message)
