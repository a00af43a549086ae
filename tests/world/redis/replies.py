"""Encodes replies for the wire."""

from __future__ import annotations

from typing import Any, Final

from tests.world.redis.call import Status
from tests.world.redis.store import CommandError


class Encoded(bytes):
    """A reply that is encoded already."""

    __slots__ = ()


class _Heads(dict[int, bytes]):
    """What comes before a text or a list, by its length: made once for each length."""

    def __init__(self, kind: bytes) -> None:
        self._kind = kind

    def __missing__(self, length: int) -> bytes:
        head = self[length] = b"%b%d\r\n" % (self._kind, length)
        return head


_TEXT: Final = _Heads(b"$")
_LIST: Final = _Heads(b"*")
_END: Final = b"\r\n"


def encode(reply: Any) -> bytes:
    """Returns a reply as RESP2; a mapping, which RESP2 does not have, is returned as RESP3."""
    kind = type(reply)
    if kind is bytes:
        return b"".join((_TEXT[len(reply)], reply, _END))
    if kind is list:
        out: list[bytes] = []
        _put_list(reply, out)
        return b"".join(out)
    if kind is int:
        return b":%d\r\n" % reply
    if reply is None:
        return b"$-1\r\n"
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


def _put_list(reply: list[Any], out: list[bytes]) -> None:
    out.append(_LIST[len(reply)])
    for each in reply:
        kind = type(each)
        if kind is bytes:
            out += _TEXT[len(each)], each, _END
        elif kind is list:
            _put_list(each, out)
        else:
            out.append(encode(each))
