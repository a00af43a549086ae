"""This module reads what servers answer over HTTP, and no more of it than such an answer has."""

from __future__ import annotations

from typing import Any, TypeVar

import aiohttp

from padfleet.shared.etherpad.source import SourceFailed

T = TypeVar("T")

MOST_ANSWER = 64 << 20
"""The maximum size of an answer, in bytes when unpacked. The names of a million pads take half of
that."""


async def content_of(response: aiohttp.ClientResponse, *, most: int = MOST_ANSWER) -> bytes:
    """Returns the body of an answer. Raises `SourceFailed` if it has more than `most` bytes when
    unpacked, before more of it is in memory."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > most:
            where = f"{response.url.origin()}{response.url.path}"
            raise SourceFailed(f"{where} answers with more than {most >> 20} MB")
    return bytes(content)


def field_of(data: Any, name: str, kind: type[T], asked: str) -> T:
    """Returns a field of an answer. Raises `SourceFailed` if there is none of this kind, since then
    whatever answers is no Etherpad; `asked` is what was asked."""
    found = data.get(name) if isinstance(data, dict) else None
    if isinstance(found, bool) or not isinstance(found, kind):
        raise SourceFailed(f"{asked}: there is no {name} in the answer, as an Etherpad has it")
    return found
