"""This module has what the workers of a pad tell each other apart from its revisions: chat, saved
revisions, settings, and messages that are only relayed.

These announcements travel on the pad's channel and may get lost, like everything there. Whatever
must not be lost is stored first, and `Said` carries a number by which a gap is noticed.
"""

from typing import Any, NamedTuple

from padfleet.shared.log.channel_messages import (
    ChannelMessage,
    decode_committed,
    decode_message,
)
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.records import pack, unpack
from padfleet.shared.wire.jsontext import dumps, loads


class Said(NamedTuple):
    """A chat message that has been said; chat.lua publishes it."""

    message: ChatMessage
    name: str | None  #: the author's name at that time


class RevisionSaved(NamedTuple):
    """A revision that has been saved; saved.lua publishes it."""

    saved: SavedRevision


class SettingsChanged(NamedTuple):
    """A change of the pad's settings; settings.lua publishes it with all of them."""

    settings: dict[str, Any]


class Relayed(NamedTuple):
    """A message that is passed on to the pad's sockets unchanged."""

    event: str  #: the Socket.IO event: "message" or "shout"
    message: bytes  #: JSON in UTF-8
    author: str = ""  #: the author whose sockets alone get it; empty for everybody
    but: str = ""  #: the session that does not get it
    writers: bool = False  #: whether sockets that may only read do not get it


class Pointer(NamedTuple):
    """Where somebody has the cursor: positions in the pad's text at `rev`, in code units."""

    author: str
    rev: int
    anchor: int | None  #: None if the cursor has been removed
    head: int | None


class Pointed(NamedTuple):
    """New places of people's cursors."""

    pointers: list[Pointer]


class SentAway(NamedTuple):
    """An order by an operator or another system to disconnect people from this pad."""

    author: str  #: the author whose sessions are meant; empty for anybody's
    session: str  #: the only session that is meant; empty for all of them


Announcement = Said | RevisionSaved | SettingsChanged | Relayed | Pointed | SentAway

_CURSORS = "cursors"
_SENT_AWAY = "sent away"

_NOBODY = "*cursors"
"""The author to whom pointers are addressed in their form as a relayed message. Nobody can be this
author, so that a worker which knows only relayed messages sends them to nobody."""


def decode(data: bytes) -> ChannelMessage | Announcement:
    """Decodes any message of a pad's channel. Raises ValueError for anything else."""
    if data.startswith(b"R"):  # revisions are what most messages are about
        return decode_committed(data)
    match data[:1]:
        case b"C":
            number, _, told = data[1:].partition(b" ")
            record, name = unpack(told)
            return Said(ChatMessage.from_record(int(number), record), name)
        case b"V":
            return RevisionSaved(SavedRevision.from_record(data[1:]))
        case b"O":
            return SettingsChanged(loads(data[1:]))
        case b"X":
            message = Relayed(*unpack(data[1:]))
            if message.event == _CURSORS:
                return Pointed([Pointer(*each) for each in loads(message.message)])
            if message.event == _SENT_AWAY and message.author == _NOBODY:
                return SentAway(*loads(message.message))
            return message
    return decode_message(data)


def relayed(message: Relayed) -> bytes:
    """Returns the message in the form in which it is published."""
    return b"X" + pack(message)


async def relay(
    redis: Redis,
    keys: PadKeys,
    message: Any,
    *,
    event: str = "message",
    author: str = "",
    but: str = "",
    writers: bool = False,
) -> None:
    """Sends a message to the sockets of the pad on all workers that are there now.

    Unless it is for `writers`, people who came by the read-only link get it, too. In that case it
    must not contain anything that names the pad.
    """
    data = relayed(Relayed(event, dumps(message).encode(), author, but, writers))
    await redis.client.execute_command("SPUBLISH", keys.channel, data)


async def point(redis: Redis, keys: PadKeys, pointers: list[Pointer]) -> None:
    """Tells the pad's workers where people have their cursors. Raises what `UNREACHABLE` lists."""
    data = relayed(Relayed(_CURSORS, dumps(pointers).encode(), _NOBODY))
    await redis.client.execute_command("SPUBLISH", keys.channel, data)


async def send_away(redis: Redis, keys: PadKeys, whom: SentAway) -> None:
    """Tells the pad's workers to disconnect these sessions. Raises what `UNREACHABLE` lists."""
    data = relayed(Relayed(_SENT_AWAY, dumps(list(whom)).encode(), _NOBODY))
    await redis.client.execute_command("SPUBLISH", keys.channel, data)
