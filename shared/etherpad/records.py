"""This module defines the records of a pad: their keys and their content. It is pure.

Where Etherpad has written a field in several ways over the years, all of them are read, and the
newest is written. The sizes of what is read are limited by `shared.bounds`, whatever a record says.
Numbers in a record are not relied on: code that iterates uses what is actually there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from padfleet.shared import bounds
from padfleet.shared.easysync import AText, AttributePool, EasysyncError, from_units
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import Revision
from padfleet.shared.log.register import RegisteredSession

KEY_REVISIONS = 100
"""Etherpad stores the whole text with every revision whose number is a multiple of this."""

_CHAT_FIELDS = {"text", "time", "userId", "userName", "authorId", "displayName"}


class BadRecord(ValueError):
    """A record is missing, or is not what it should be. The text says which, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in place of a value that is not JSON. Code that can do without the record continues as
    if there were none. Other code raises `BadRecord` with the text `why`."""

    why: str


def pad_key(pad_id: str) -> str:
    return f"pad:{pad_id}"


def revision_key(pad_id: str, rev: int) -> str:
    return f"pad:{pad_id}:revs:{rev}"


def chat_key(pad_id: str, number: int) -> str:
    return f"pad:{pad_id}:chat:{number}"


def author_key(author: str) -> str:
    return f"globalAuthor:{author}"


def author_in(key: str) -> str:
    """Returns the author to whose record `author_key` leads."""
    return key.removeprefix("globalAuthor:")


# --- Written -------------------------------------------------------------------------------------


def pad_record(
    atext: AText,
    pool: AttributePool,
    head: int,
    *,
    chat_head: int,
    public: bool,
    saved: list[SavedRevision],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Returns the record of a pad as Etherpad stores it.

    Arguments:
        head: the number of the newest revision.
        chat_head: the number of the newest chat message; -1 if there is none.
        public: whether a pad of a group may be opened without a session.
        settings: the pad's settings, in Etherpad's names.
    """
    return {
        "atext": atext._asdict(),
        "pool": pool.to_jsonable(),
        "head": head,
        "chatHead": chat_head,
        "publicStatus": public,
        "savedRevisions": [saved_entry(one) for one in saved],
        "padSettings": settings,
    }


def saved_entry(saved: SavedRevision) -> dict[str, Any]:
    """Returns the entry for a saved revision: in the pad's record, and in what pages are sent."""
    return {
        "revNum": saved.rev,
        "savedById": saved.author,
        "label": saved.label,
        "timestamp": saved.time,
        "id": saved.id,
    }


def revision_record(
    revision: Revision, changeset: str, after: tuple[AText, AttributePool] | None
) -> dict[str, Any]:
    """Returns a revision's record.

    Arguments:
        changeset: the changeset, with attribute numbers of the pad's pool.
        after: the text and the pool after the revision, for key revisions.
    """
    meta: dict[str, Any] = {"author": revision.author, "timestamp": revision.time}
    if after is not None:
        atext, pool = after
        meta |= {"pool": pool.to_jsonable(), "atext": atext._asdict()}
    return {"changeset": changeset, "meta": meta}


def chat_record(message: ChatMessage) -> dict[str, Any]:
    author = message.author or None
    return {**message.extra, "text": message.text, "time": message.time, "authorId": author}


def author_record(author: Author, time: int) -> dict[str, Any]:
    """Returns the record of an author who has not been on any pad. `time` is when the author was
    last seen, in ms since 1970."""
    return {**shown_of(author), "timestamp": time, "lastSeen": time}


def shown_of(author: Author) -> dict[str, Any]:
    """Returns what others see of the author, which is a part of the record."""
    return {"colorId": author.color, "name": author.name}


def exported_author(author: Author, pad_id: str, time: int) -> dict[str, Any]:
    """Returns an author's record as it is in an ``.etherpad`` file, where `padIDs` is a single id.
    An import insists on that."""
    return {**author_record(author, time), "padIDs": pad_id}


# --- Read ----------------------------------------------------------------------------------------


def head_of(record: Any, key: str) -> int:
    return _number(_object(record, key).get("head"), f"{key}: head", minimum=0)


def head_of_any(record: Any) -> int:
    """Returns the head that a record names, which may be any number, or -1 if it names none."""
    head = record.get("head") if isinstance(record, Mapping) else None
    return head if type(head) is int else -1


def pool_of(record: Any, key: str, *, most: int = bounds.LARGEST) -> AttributePool:
    """Returns the pool in a record. `most` limits its attributes."""
    found = _object(_object(record, key).get("pool"), f"{key}: pool")
    entries = found.get("numToAttrib")
    if isinstance(entries, Mapping) and len(entries) > most:
        raise BadRecord(f"{key}: there are more than {most} attributes")
    try:
        pool = AttributePool.from_jsonable(found)
        bounds.check_attributes(pool.pairs(), together=bounds.MOST_POOL)
    except (EasysyncError, bounds.OutOfBounds) as error:
        raise BadRecord(f"{key}: {error}") from error
    return pool


def text_of(record: Any, key: str) -> str:
    """Returns the pad's text at its head, according to its record."""
    text = _object(_object(record, key).get("atext"), f"{key}: atext").get("text")
    if not isinstance(text, str):
        raise BadRecord(f"{key}: atext has no text")
    return text


def changeset_of(record: Any, key: str) -> tuple[str, str, int]:
    """Returns the changeset, the author, and the time in ms since 1970, which is 0 if unknown."""
    found = _object(record, key)
    changeset, meta = found.get("changeset"), found.get("meta")
    if not isinstance(changeset, str):
        raise BadRecord(f"{key}: there is no changeset")
    meta = meta if isinstance(meta, Mapping) else {}
    author = meta.get("author")
    if isinstance(author, str) and author and not bounds.is_author_id(author):
        raise BadRecord(f"{key}: its author has an invalid id")
    return (
        changeset,
        author if isinstance(author, str) else "",
        bounds.moment(meta.get("timestamp")),
    )


def message_of(record: Any, number: int, *, latest: int = bounds.LAST_DATE) -> ChatMessage | None:
    """Returns a chat message, or None if the record is not one: in old pads, some messages are
    missing.

    Arguments:
        latest: a time, in ms since 1970, after which nobody can have sent the message.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("text"), str):
        return None
    author = record.get("authorId", record.get("userId"))
    extra = {name: value for name, value in record.items() if name not in _CHAT_FIELDS}
    return ChatMessage(
        number,
        author if bounds.is_author_id(author) else "",
        bounds.moment(record.get("time"), latest=latest),  # may be text from a caller
        bounds.chat_text(record["text"]),
        bounds.chat_extra(extra),
    )


def chat_count(record: Any, key: str) -> int:
    """Returns how many chat messages there are according to the pad's record, which may be
    wrong."""
    head = _object(record, key).get("chatHead")
    return head + 1 if type(head) is int and head >= 0 else 0


def saved_of(record: Any, key: str, *, latest: int = bounds.LAST_DATE) -> list[SavedRevision]:
    """Returns the saved revisions in the order of the record, at most one for each revision.
    Invalid ones are left out.

    Arguments:
        latest: a time, in ms since 1970, after which nobody can have saved a revision.
    """
    found: dict[int, SavedRevision] = {}
    entries = _object(record, key).get("savedRevisions")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, Mapping):
            continue
        rev = bounds.number_of(entry.get("revNum"))
        if rev is None:
            continue
        by, label, name = (entry.get(part) for part in ("savedById", "label", "id"))
        found.setdefault(
            rev,
            SavedRevision(
                rev,
                by if bounds.is_author_id(by) else "",
                bounds.label_of(label, rev),
                bounds.moment(entry.get("timestamp"), latest=latest),
                name if bounds.is_author_id(name) else f"saved-{rev}",
            ),
        )
    return list(found.values())


def author_of(record: Any, author: str) -> Author | None:
    """Returns the author, or None if the record is not that of an author."""
    if not isinstance(record, Mapping):
        return None
    color = bounds.color_of(record.get("colorId"), author)
    return Author(author, bounds.name_of(record.get("name")), color)


def session_of(record: Any, session: str, now: float) -> RegisteredSession | None:
    """Returns a group session, or None if the record is not one or the session has ended. `now` is
    in seconds since 1970."""
    match record:
        case {"groupID": str(group), "authorID": str(author), "validUntil": int(until)}:
            known = bounds.is_session_id(session) and bounds.is_group_id(group)
            if known and bounds.is_author_id(author) and until > now:
                return RegisteredSession(session, group, author, until)
    return None


def names_in(value: Any) -> list[str]:
    """Returns the names in an object, converted by `plain`. Invalid names are left out."""
    return [name for name in map(plain, value if isinstance(value, dict) else ()) if name]


def plain(name: str) -> str:
    """Converts a name from code units, as in a record, to an ordinary string. Returns an empty
    string if the name is invalid."""
    try:
        return from_units(name).encode().decode()
    except UnicodeEncodeError:
        return ""


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if value is None:
        raise BadRecord(f"{what} is missing")
    if isinstance(value, Unreadable):
        raise BadRecord(f"{what}: {value.why}")
    if not isinstance(value, Mapping):
        raise BadRecord(f"{what} is not an object")
    return value


def _number(value: Any, what: str, *, minimum: int) -> int:
    if type(value) is not int or value < minimum:
        raise BadRecord(f"{what} is not a whole number from {minimum} on")
    return value
