"""Encodes replies for the wire."""

from __future__ import annotations

from typing import Any

from tests.world.redis.call import Status
from tests.world.redis.store import CommandError


class Encoded(bytes):
    """A reply that is encoded already."""

    __slots__ = ()


def encode(reply: Any) -> bytes:
    """Returns a reply as RESP2; a mapping, which RESP2 does not have, is returned as RESP3."""
    kind = type(reply)
    if kind is bytes:
        return b"$%d\r\n%b\r\n" % (len(reply), reply)
    if kind is int:
        return b":%d\r\n" % reply
    if reply is None:
        return b"$-1\r\n"
    if kind is list:
        return b"*%d\r\n%b" % (len(reply), b"".join(map(encode, reply)))
    if kind is Encoded:
        return bytes(reply)
    if kind is Status:
        return b"+%b\r\n" % reply.encode()
    if isinstance(reply, CommandError):
        return b"-%b\r\n" % str(reply).replace("\r", " ").replace("\n", " ").encode()
    if kind is dict:  # RESP3
        parts = [part for pair in reply.items() for part in pair]
        return b"%%%d\r\n%b" % (len(reply), b"".join(map(encode, parts)))
    raise TypeError(f"no reply of a server: {reply!r}")
