"""This module has the form in which Etherpad's pages read what belongs to a pad besides its
revisions."""

from collections.abc import Sequence
from typing import Any

from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.presence.secrecy import Secret
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.etherpad.records import saved_entry
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.people import authors
from padfleet.shared.wire.jsontext import dumps


async def with_names(
    redis: Redis, messages: Sequence[ChatMessage]
) -> list[tuple[ChatMessage, str | None]]:
    """Returns each message with its author's present name. Raises what `UNREACHABLE` lists."""
    speakers = {message.author for message in messages} - {""}
    known = await authors.read(redis, sorted(speakers))
    return [(m, known[m.author].name if m.author in known else None) for m in messages]


def chat_message(message: ChatMessage, name: str | None) -> Frame:
    return collabroom.collab({"type": "CHAT_MESSAGE", "message": chat_data(message, name)})


def saved_revision(saved: SavedRevision) -> Frame:
    return collabroom.collab({"type": "NEW_SAVEDREV", "savedRev": saved_entry(saved)})


def variables_of(
    options: dict[str, Any],
    saved: Sequence[SavedRevision],
    chat_head: int,
    *,
    secret: Secret | None = None,
) -> bytes:
    """Returns the metadata's part of CLIENT_VARS, as `PadMetadata.variables` does; with `secret`,
    that for sessions that may only read."""
    if secret is not None:
        options, saved = secret.settings(options), [for_readers(secret, each) for each in saved]
    part = {
        "initialOptions": options,
        "savedRevisions": [saved_entry(each) for each in saved],
        "chatHead": chat_head,
    }
    return dumps(part)[1:-1].encode()


def for_readers(secret: Secret, saved: SavedRevision) -> SavedRevision:
    """Returns what sessions may be told that only read, without a label that names the pad."""
    return saved._replace(label="") if secret.is_named_in(saved.label) else saved


def chat_data(message: ChatMessage, name: str | None) -> dict[str, Any]:
    return {
        "text": message.text,
        "time": message.time,
        **message.extra,
        "userId": message.author,
        "userName": name,
    }
