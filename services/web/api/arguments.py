"""Reads parameters, with Etherpad's checks and messages."""

import re
from typing import Any

from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.shared import bounds
from padfleet.shared.easysync import from_units
from padfleet.shared.log.pad.history import PadMeta, read_told_meta
from padfleet.shared.log.pad.moving import hold
from padfleet.shared.log.pad.reader import PadReader, is_there, open_reader

_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,15})")


LONGEST_ID = 1_000
"""Characters of a pad's id as callers write it. White space in it may become shorter."""


def text(fields: Fields, name: str) -> str:
    """A text that has to be there."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise ApiError(f"{name} is not a string")
    return value


def optional_text(fields: Fields, name: str) -> str:
    """Empty, if it is not given."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def name_of(fields: Fields, name: str) -> str:
    """The id of something. What cannot be one of ours is not there."""
    value = optional_text(fields, name)
    if len(value) > bounds.MOST_ID:
        return ""
    try:
        found = from_units(value)
        found.encode()
    except UnicodeEncodeError:
        return ""
    return found


def author(fields: Fields, name: str = "authorId") -> str:
    """The author that an edit is by, or a message; empty, if none is given."""
    value = optional_text(fields, name)
    if value and not bounds.is_author_id(value):
        raise ApiError(f"{name} is not an author's id: 1 to {bounds.MOST_ID} characters")
    return value


def plain(value: str) -> str:
    """A name that another system has for something, as a part of a key."""
    try:
        if len(value) > 2 * bounds.MOST_MAPPER:  # in code units
            return bounds.check_mapper(value)
        return bounds.check_mapper(from_units(value).encode().decode())
    except UnicodeEncodeError:
        raise ApiError("the mapper is not valid Unicode") from None
    except bounds.OutOfBounds as error:
        raise ApiError(str(error)) from None


def flag(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def rev(fields: Fields, name: str = "rev") -> int | None:
    """A revision's number; None, if it is not given."""
    if name not in fields or fields[name] is None:
        return None
    value: Any = fields[name]
    if isinstance(value, str):
        number = _INTEGER.match(value)
        if number is None:
            raise ApiError("rev is not a number")
        value = int(number[1])
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ApiError("rev is not a number")
    if value < 0:
        raise ApiError("rev is not a negative number")
    if value != int(value):
        raise ApiError("rev is a float value")
    return int(value)


def whole_number(fields: Fields, name: str) -> int | None:
    """None, if it is not given or is none."""
    value = fields.get(name)
    if isinstance(value, str) and (number := _INTEGER.fullmatch(value)) is not None:
        return int(number[1])
    return value if type(value) is int else None


async def pad_id(api: Api, fields: Fields, name: str = "padID") -> str:
    """A pad's id. That of a new pad gets white space and colons replaced, as at a join."""
    found = text(fields, name)
    if len(found) > LONGEST_ID:
        raise ApiError(f"{name} did not match requirements")
    try:
        found = from_units(found)
    except UnicodeEncodeError:
        raise ApiError(f"{name} did not match requirements") from None
    for pattern in (r"\s+", r":+"):
        if not re.search(pattern, found) or await is_there(api.redis, api.keyspace, found):
            continue
        found = re.sub(pattern, "_", found)
    if not bounds.is_pad_id(found):
        raise ApiError(f"{name} did not match requirements")
    return found


async def pad(api: Api, fields: Fields, name: str = "padID") -> tuple[str, PadMeta]:
    """A pad that has to be there, for who is about to change it: it is in Redis then."""
    found = await pad_id(api, fields, name)
    meta = await read_told_meta(api.redis, api.keyspace.pad(found))
    if not meta.exists:
        raise ApiError("padID does not exist")
    if api.redis.elsewhere is not None:
        await hold(api.redis, api.keyspace, found)  # until it has been changed
    return found, meta


async def reader(api: Api, fields: Fields, name: str = "padID") -> PadReader:
    """A pad that has to be there, for who only reads it, wherever it is."""
    found = await open_reader(api.redis, api.keyspace, await pad_id(api, fields, name))
    if found is None:
        raise ApiError("padID does not exist")
    return found


def not_above_head(rev: int | None, meta: PadMeta) -> None:
    if rev is not None and rev > meta.head:
        raise ApiError("rev is higher than the head revision of the pad")
