"""This module finds out who a client is, and which pad it means. Its functions raise `Denied` where
Etherpad would deny access."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import unquote

from padfleet.services.fanout.auth.decision import Denied, RequestedPad
from padfleet.shared.bounds import is_pad_id, is_read_only_id, is_token
from padfleet.shared.easysync import from_units
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import pads
from padfleet.shared.log.pad.reader import is_there, open_reader
from padfleet.shared.payers import Payer, payer_of
from padfleet.shared.wire.cookies import value_of


@dataclass(frozen=True, slots=True)
class Handshake:
    """The facts about a socket that its first requests have brought."""

    cookies: str = field(repr=False)
    query: dict[str, str] = field(repr=False)
    address: str
    token: str | None = field(default=None, repr=False)  #: from Socket.IO's handshake `auth`

    @property
    def payer(self) -> Payer:
        """Returns whom the address counts as."""
        return payer_of(self.address)


def cookie(handshake: Handshake, name: str) -> str | None:
    """Returns a cookie's value. A cookie that cannot be decoded counts as absent.

    Clients on Node cannot set the header, so they may send it as the query parameter `cookie`.
    """
    given = handshake.cookies or handshake.query.get("cookie", "")
    found = value_of(given, name)
    try:
        return None if found is None else unquote(found, errors="strict")
    except UnicodeDecodeError:
        return None


def token(handshake: Handshake, message: Mapping[str, Any], cookie_prefix: str) -> str | None:
    """Returns the author token from the cookie, or else from the message, as older clients send it.

    Raises `Denied` for a token that is not ``t.`` followed by base64url.
    """
    found = cookie(handshake, f"{cookie_prefix}token") or message.get("token")
    if found is None or found == "":
        return None
    if not is_token(found):
        raise Denied("malformed author token")
    return found


def is_plain(requested: Any) -> TypeGuard[str]:
    """Returns whether the requested id alone says which pad is meant, and that pad is nobody's in
    particular: it is no read-only id, no id that may have to be changed, and no group's pad."""
    if not isinstance(requested, str) or not requested.isascii() or not is_pad_id(requested):
        return False
    return not (requested.startswith("r.") or "$" in requested or re.search(r"[\s:]", requested))


def is_link(requested: Any) -> bool:
    """Returns whether the requested id can only be a read-only id."""
    return isinstance(requested, str) and requested.startswith("r.")


async def wanted_pad(
    redis: Redis,
    keyspace: Keyspace,
    requested: Any,
    begin: Callable[[str], None] = lambda _: None,
) -> RequestedPad:
    """Finds the pad that an id means, which may be a read-only id (``r.…``). It only reads, since
    it is not known yet whether this client may open the pad.

    In the id of a new pad, white space and colons are replaced by ``_``, as in Etherpad.

    Arguments:
        redis: the connection to Redis.
        keyspace: the keys of the fleet.
        requested: the id that the client asks for.
        begin: called with the pad that a read-only id leads to, before it is known whether the id
            is still valid.
    """
    if not isinstance(requested, str) or not requested:
        raise Denied("missing pad id")
    try:
        name = from_units(requested)
        name.encode()
    except UnicodeEncodeError:
        raise Denied("the pad id is not valid Unicode") from None
    if is_link(name):
        pad_id = await pads.pad_of_read_only(redis, name) if is_read_only_id(name) else None
        if pad_id is not None:
            begin(pad_id)
        reader = None if pad_id is None else await open_reader(redis, keyspace, pad_id, brief=True)
        # The pad's own record of the id is checked, too: the id of a deleted pad may have been left
        # behind, and must not show its holders a pad that was created again under the same name.
        if pad_id is None or reader is None or reader.meta.read_only_id != name:
            raise Denied("read-only id of a pad that does not exist")
        return RequestedPad(pad_id, name, read_only=True)
    if not is_pad_id(name):
        raise Denied("not a valid pad id")
    if re.search(r"[\s:]", name) and not await is_there(redis, keyspace, name):
        name = re.sub(r":+", "_", re.sub(r"\s+", "_", name))
    return RequestedPad(name, name, read_only=False)
