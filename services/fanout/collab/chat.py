"""This module serves CHAT_MESSAGE and GET_CHAT_MESSAGES."""

import time
from typing import Any

from padfleet.services.fanout.errors import ClientError, WrongType
from padfleet.services.fanout.hub.metadata_form import chat_data, with_names
from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.shared.bounds import OutOfBounds, check_chat
from padfleet.shared.log.pad.chat import NoPad, read_chat, say

MOST_ASKED = 100
"""How many messages may lie between the first and the last one that a client asks for, as in
Etherpad."""

_OURS = {"text", "time", "userId", "userName", "authorId", "displayName", "requestID"}

MOST_REQUEST_ID = 100
"""How many characters a client's own id for a message may have."""


async def post(asked: RequestContext) -> None:
    """Serves CHAT_MESSAGE: everybody on the pad receives it, including its author. If its
    `requestID` is one that the author has used for one of the newest messages, it is a repetition,
    and only acknowledged; if the client says that it has `repeated` it, more of them count."""
    message = asked.part("message")
    text = message.get("text")
    if not isinstance(text, str):
        raise WrongType("text is not a text")
    # Author and time are the ones that we know, not those that the client sends.
    extra = {name: value for name, value in message.items() if name not in _OURS}
    _check(text, extra)
    request = message.get("requestID")
    if request is not None and not _is_request_id(request):
        raise ClientError(f"requestID has to be a text of 1 to {MOST_REQUEST_ID} characters")
    if asked.hooks.chat_message:
        said = await asked.hooks.on_chat(asked.room, asked.session, {"text": text, **extra})
        if said is None:
            return
        text, extra = said
    try:
        await say(
            asked.redis,
            asked.room.keys,
            text=text,
            author=asked.session.author,
            now_ms=int(time.time() * 1000),
            extra=extra,
            request=request,
            repeated=asked.data.get("repeated") is True,
        )
    except (NoPad, OutOfBounds) as error:  # a hook may have made it longer
        raise ClientError(str(error)) from error


def _is_request_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_REQUEST_ID


def _check(text: str, extra: dict[str, Any]) -> None:
    try:
        check_chat(text, extra)
    except OutOfBounds as error:
        raise ClientError(str(error)) from error


async def read_back(asked: RequestContext) -> None:
    """Serves GET_CHAT_MESSAGES: sends the messages from `start` to `end`, both included."""
    start, end = _number(asked.data, "start"), _number(asked.data, "end")
    count = end - start
    if not 0 <= count <= MOST_ASKED:
        raise ClientError(f"invalid number of messages: {count}")
    messages = await read_chat(asked.redis, asked.room.keys, start, end)
    named = await with_names(asked.redis, messages)
    data = {"type": "CHAT_MESSAGES", "messages": [chat_data(m, name) for m, name in named]}
    asked.room.reply(asked.session, await collabroom.collab_aside(data))


def _number(data: dict[str, Any], name: str) -> int:
    value = data.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # to JavaScript, 1.0 is an integer
    if type(value) is not int or abs(value) > 1 << 53:
        raise ClientError(f"missing or invalid {name}", value)
    return value
