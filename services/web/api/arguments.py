"""Reads the parameters of calls, with Etherpad's checks and messages."""

import re
from typing import Any

from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.shared import bounds
from padfleet.shared.easysync import from_units
from padfleet.shared.log.pad.meta import PadMeta, read_told_meta
from padfleet.shared.log.pad.moving import hold
from padfleet.shared.log.pad.reader import PadReader, is_there, open_reader

_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,15})")


LONGEST_ID = 1_000
"""The most characters of a pad's id as callers write it; replacing white space may shorten it."""


def text(fields: Fields, name: str) -> str:
    """Returns a text that must be given."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise ApiError(f"{name} is not a string")
    return value


def optional_text(fields: Fields, name: str) -> str:
    """Returns a text, or an empty one if it is not given."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def name_of(fields: Fields, name: str) -> str:
    """Returns an id. Something whose id cannot be one of ours is reported as not existing."""
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
    """Returns the author of an edit or a message; empty if none is given."""
    value = optional_text(fields, name)
    if value and not bounds.is_author_id(value):
        raise ApiError(f"{name} is not an author's id: 1 to {bounds.MOST_ID} characters")
    return value


def plain(value: str) -> str:
    """Returns a name that another system has for something, in the form in which it is part of a
    key."""
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
    """Returns a revision's number; None if it is not given."""
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
    """Returns a number; None if it is not given or is not a whole number."""
    value = fields.get(name)
    if isinstance(value, str) and (number := _INTEGER.fullmatch(value.rstrip())) is not None:
        return int(number[1])
    return value if type(value) is int else None


def optional_number(fields: Fields, name: str) -> int | None:
    """Returns a whole number; None if it is not given."""
    found = whole_number(fields, name)
    if found is None and fields.get(name) not in (None, ""):
        raise ApiError(f"{name} is not a number")
    return found


async def pad_id(api: Api, fields: Fields, name: str = "padID") -> str:
    """Returns a pad's id. In the id of a new pad, white space and colons are replaced, as at a
    join."""
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


async def existing_id(api: Api, fields: Fields, name: str = "padID") -> str:
    """Returns the id of a pad that must exist, which stays where it is."""
    found = await pad_id(api, fields, name)
    if not await is_there(api.redis, api.keyspace, found):
        raise ApiError("padID does not exist")
    return found


async def pad(api: Api, fields: Fields, name: str = "padID") -> tuple[str, PadMeta]:
    """Returns a pad that must exist, for a function that is about to change it: it is then in
    Redis."""
    found = await pad_id(api, fields, name)
    meta = await read_told_meta(api.redis, api.keyspace.pad(found))
    if not meta.exists:
        raise ApiError("padID does not exist")
    if api.redis.elsewhere is not None:
        await hold(api.redis, api.keyspace, found)  # until it has been changed
    return found, meta


async def reader(api: Api, fields: Fields, name: str = "padID") -> PadReader:
    """Returns a reader of a pad that must exist, wherever it is, for a function that only reads
    it."""
    found = await open_reader(api.redis, api.keyspace, await pad_id(api, fields, name))
    if found is None:
        raise ApiError("padID does not exist")
    return found


def not_above_head(rev: int | None, meta: PadMeta) -> None:
    if rev is not None and rev > meta.head:
        raise ApiError("rev is higher than the head revision of the pad")
