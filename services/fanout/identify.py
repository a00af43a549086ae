"""Who a client is, and which pad it means. Raises `Denied` as Etherpad would deny."""

import re
from http.cookies import CookieError, SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import unquote

from shared.easysync import from_units
from shared.log import pads
from shared.log.connect import Redis
from shared.log.history import read_meta
from shared.log.keys import Keyspace


class Denied(Exception):
    """No access. The text is for the log; the client learns only that."""


class Handshake(NamedTuple):
    """What is known of a socket from its first request."""

    cookies: str
    query: dict[str, str]
    address: str


class PadIds(NamedTuple):
    pad_id: str  #: the real one
    requested_id: str
    read_only_id: str
    read_only: bool


_TOKEN = re.compile(r"t\.[A-Za-z0-9_-]+={0,2}\Z")
_PAD_ID = re.compile(r"(g\.[a-zA-Z0-9]{16}\$)?[^$]{1,50}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

MAX_TOKEN = 200


def cookie(handshake: Handshake, name: str) -> str | None:
    """A cookie's value, undecodable ones counting as absent.

    Clients on Node cannot set the header, so they may give it as the query parameter `cookie`.
    """
    jar: SimpleCookie = SimpleCookie()
    for part in (handshake.cookies or handshake.query.get("cookie", "")).split(";"):
        try:
            jar.load(part.strip())
        except CookieError:
            continue  # somebody else's cookie; SimpleCookie would drop all that follow it
    if name not in jar:
        return None
    try:
        return unquote(jar[name].value, errors="strict")
    except UnicodeDecodeError:
        return None


def token(handshake: Handshake, message: dict[str, Any], cookie_prefix: str) -> str | None:
    """The author token: from the cookie, else from the message, as older clients send it.

    Raises `Denied` for one that is not of the form ``t.`` and base64url.
    """
    found = cookie(handshake, f"{cookie_prefix}token") or message.get("token")
    if found is None or found == "":
        return None
    if not isinstance(found, str) or len(found) > MAX_TOKEN or not _TOKEN.match(found):
        raise Denied("malformed author token")
    return found


async def pad_ids(redis: Redis, keyspace: Keyspace, requested: Any) -> PadIds:
    """The pad that an id means, which may be a read-only id (``r.…``).

    A new pad's id gets white space and colons replaced by ``_``, as in Etherpad.
    """
    if not isinstance(requested, str) or not requested:
        raise Denied("missing pad id")
    try:
        name = from_units(requested)
        name.encode()
    except UnicodeEncodeError:
        raise Denied("the pad id is not valid Unicode") from None
    if name.startswith("r."):
        pad_id = await pads.pad_of_read_only(redis, name) if _PAD_ID.match(name) else None
        if pad_id is None or not (await read_meta(redis, keyspace.pad(pad_id))).exists:
            raise Denied("read-only id of a pad that does not exist")
        return PadIds(pad_id, name, name, read_only=True)
    if _CONTROL.search(name):
        raise Denied("control characters in the pad id")
    if not _PAD_ID.match(name):
        raise Denied("not a valid pad id")
    if re.search(r"[\s:]", name) and not (await read_meta(redis, keyspace.pad(name))).exists:
        name = re.sub(r":+", "_", re.sub(r"\s+", "_", name))
    if "$" in name:
        raise Denied("a group pad needs a session")
    read_only_id = await pads.read_only_id(redis, keyspace.pad(name), name)
    return PadIds(name, name, read_only_id, read_only=False)
