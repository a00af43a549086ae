"""Lists ways to write one path that somebody may take for another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

OPERATORS: Final = ("/metrics", "/stats/prometheus", "/fleet", "/fleet/data", "/fleet/fleet.js")

TELLTALES: Final = ("padfleet_", "python_info", "etherpad_socket_emits", "partitions", "fleet.css")
"""Words that are in the answers to these paths, and in no others."""


def _each(path: str, encode: Callable[[str], str]) -> str:
    return "".join(c if c == "/" else encode(c) for c in path)


def _first(path: str, encode: Callable[[str], str]) -> str:
    return f"/{encode(path[1])}{path[2:]}"


def _percent(c: str) -> str:
    return f"%{ord(c):02x}"


SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "plain": lambda p: p,
    "one letter encoded": lambda p: _first(p, _percent),
    "one letter encoded in capitals": lambda p: _first(p, lambda c: _percent(c).upper()),
    "all letters encoded": lambda p: _each(p, _percent),
    "all letters encoded twice": lambda p: _each(p, lambda c: f"%25{ord(c):02x}"),
    "the slash encoded": lambda p: "/%2f" + p[1:],
    "only the slash encoded": lambda p: "%2f" + p[1:],
    "capitals": lambda p: p.upper(),
    "one capital": lambda p: _first(p, str.upper),
    "two slashes": lambda p: "/" + p,
    "many slashes": lambda p: p.replace("/", "///"),
    "a dot segment": lambda p: "/." + p,
    "an encoded dot segment": lambda p: "/%2e" + p,
    "out of the sockets": lambda p: "/socket.io/.." + p,
    "out of the sockets, encoded": lambda p: "/socket.io/%2e%2e" + p,
    "out of the sockets, all encoded": lambda p: "/socket.io/..%2f" + p[1:],
    "out of the sockets, encoded twice": lambda p: "/socket.io/%252e%252e%252f" + p[1:],
    "out of a pad": lambda p: "/p/x/../.." + p,
    "out of a pad, encoded": lambda p: "/p/..%2f.." + p.replace("/", "%2f"),
    "out of the assets": lambda p: "/assets/.." + p,
    "out of the assets, encoded": lambda p: "/assets/..%2f" + p[1:],
    "parameters": lambda p: "/socket.io/..;" + p,
    "parameters of their own": lambda p: f"{p};x=1",
    "backslash": lambda p: "\\" + p[1:],
    "backslashes": lambda p: "/socket.io\\.." + p.replace("/", "\\"),
    "encoded backslashes": lambda p: "/socket.io%5c..%5c" + p[1:],
    "an encoded NUL behind": lambda p: f"{p}%00",
    "an encoded NUL between": lambda p: f"/socket.io/%00/../..{p}",
    "a NUL": lambda p: f"{p}\0",
    "overlong dots": lambda p: "/socket.io/%c0%ae%c0%ae" + p,
    "an overlong letter": lambda p: _first(p, lambda c: f"%c1%{ord(c) | 0x80:02x}"),
    "escapes of another kind": lambda p: _first(p, lambda c: f"%u{ord(c):04x}"),
    "letters that only look so": lambda p: _first(p, lambda c: f"%ef%bd%{ord(c) + 0x20:02x}"),
    "a slash behind": lambda p: f"{p}/",
    "a query": lambda p: f"{p}?EIO=4&transport=polling",
    "an encoded query": lambda p: f"{p}%3f/socket.io/",
    "a fragment": lambda p: f"{p}#/socket.io/",
    "white space behind": lambda p: f"{p}%20",
    "with its host": lambda p: f"http://127.0.0.1{p}",
    "with a host, encoded": lambda p: f"http://127.0.0.1{_first(p, _percent)}",
    "with a user": lambda p: f"http://socket.io/@127.0.0.1{p}",
    "with a scheme alone": lambda p: f"http:{p}",
}


async def exchange(port: int, sent: bytes) -> bytes:
    """Returns the answer to these bytes, on 127.0.0.1, until the other end closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def told(port: int, target: str, head: str = "") -> str:
    """Returns the answer to `GET target`, written exactly like this; `head` has further header
    lines."""
    request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Connection: close\r\n\r\n"
    return (await exchange(port, request.encode("latin-1"))).decode("utf-8", "replace")
