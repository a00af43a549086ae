"""Attacks by headers: forged tokens, endless chains of proxies, and bytes that are no text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tests import signing
from tests.attack.attack import Attack
from tests.attack.drivers import BREACH, Fate, Tally, Target, over_and_over, raw, told, websocket

PROXY: Final = "127.9.9.9"
"""The address of a proxy that the fleet trusts."""

ISSUER: Final = "https://login.example.org"
GRANTED: Final = {"iss": ISSUER, "aud": "pads", "scope": "pads.admin", "sub": "portal"}


def forged() -> Iterator[str]:
    """Yields tokens that nobody has issued: without a signature, with that of another key, with
    odd headers, and with none of these."""
    claims = {**GRANTED, "exp": int(time.time()) + 3000}
    mine = signing.jwk(signing.rsa("the attacker's"), "one")
    algorithms: tuple[Any, ...] = (
        "none",
        "HS256",
        "HS512",
        "ES256",
        "",
        None,
        5,
        [],
        {},
        "RS256\0",
    )
    for algorithm in algorithms:
        yield signing.made_up({"alg": algorithm, "kid": "one"}, claims, b"x" * 256)
    kids: tuple[Any, ...] = ("two", "", None, 5, [], "../../etc/passwd", "\ud800", "k" * 5000)
    for kid in kids:
        yield signing.made_up({"alg": "RS256", "kid": kid}, claims, b"x" * 256)
    for more in ({"jwk": mine}, {"jku": "http://127.0.0.1:1/"}, {"crit": ["exp"]}, {"b64": False}):
        yield signing.made_up({"alg": "RS256", "kid": "one", **more}, claims, b"x" * 256)
    yield signing.signed(claims, signing.rsa("the attacker's"), "one")
    yield signing.signed(claims, signing.public_pem(signing.ed25519()).hex(), "one")
    yield signing.signed({**claims, "aud": "others"}, signing.ed25519(), "one")
    yield signing.signed({**claims, "exp": 1}, signing.ed25519(), "one")
    yield signing.signed({**claims, "nbf": 10**12}, signing.ed25519(), "one")
    yield signing.signed({**claims, "scope": [["pads.admin"]]}, signing.ed25519(), "one")
    yield signing.signed({**claims, "x": list(range(1500))}, signing.ed25519(), "one")
    for text in ("[" * 3000, '{"a":' * 1000, '{"alg":' + "9" * 5800, '{"alg":NaN}', "null", "\0"):
        yield f"{signing.b64(text.encode())}.e30.{signing.b64(b'x')}"
    yield from ("." * 8000, "..", "a." * 4000 + "b", f"{'é' * 1000}..", f"  {'.' * 2}")


async def forged_tokens(target: Target, tally: Tally) -> None:
    tokens = [token.encode() for token in forged()]

    async def once(number: int) -> str:
        status = await raw(
            target,
            b"GET /api/1.3.1/checkToken HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            + tokens[number % len(tokens)]
            + b"\r\n\r\n",
        )
        return BREACH + "let in" if status == "200" else told(status)

    await over_and_over(tally, 8, once)


def chains() -> list[bytes]:
    """Headers of proxies that say who called them, at length."""
    near = PROXY.encode()
    lists = (
        [b",".join([near] * 800)],
        [b",".join([near] * 800)] * 100,
        [near] * 120,
        [b"," * 7000],
        [b"fe80::1%" + b"x" * 7000],
        [b"fe80::1%\xff"],
        [b"[" * 7000],
        [b"1.2.3.4:" + b"9" * 5000],
    )
    return [b"".join(b"X-Forwarded-For: %b\r\n" % value for value in values) for values in lists]


async def proxies(target: Target, tally: Tally) -> None:
    behind = replace(target, address=PROXY)
    lines = [
        b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (path, chain)
        for path in (b"/p/x", b"/nowhere", b"/socket.io/?EIO=4&transport=polling")
        for chain in chains()
    ]

    async def once(number: int) -> str:
        return told(await raw(behind, lines[number % len(lines)]))

    await over_and_over(tally, 8, once)


NAMES: Final = (
    *("Origin", "Host", "X-Forwarded-Host", "Cookie", "Authorization", "apikey", "Accept"),
    *("Accept-Language", "Accept-Encoding", "If-None-Match", "Range", "Content-Type"),
    *("Content-Encoding", "Sec-Fetch-Site", "Referer", "User-Agent", "Upgrade", "traceparent"),
)
VALUES: Final = (b"\x80", b"http://\xff", b"\xed\xa0\x80", b"token=\x80", b"Bearer \xff.\xfe.\xfd")


async def no_text(target: Target, tally: Tally) -> None:
    """Sends headers whose bytes are not UTF-8 to every path; some are quoted in the answer."""
    places = (
        *("GET /p/x", "POST /p/x/import", "GET /p/x/export/txt", "GET /api/1/checkToken"),
        *("GET /socket.io/?EIO=4&transport=polling", "GET /assets/x", "GET /nowhere"),
    )
    tries = [(p, n, v) for v in VALUES for n in NAMES for p in places]

    async def once(number: int) -> str:
        place, name, value = tries[number % len(tries)]
        host = b"" if name == "Host" else b"Host: localhost\r\n"
        head = b"%b HTTP/1.1\r\n%b%b: %b\r\n" % (place.encode(), host, name.encode(), value)
        status = await raw(target, head + b"Content-Length: 0\r\n\r\n")
        return f"{BREACH}500 {place} {name}" if status == "500" else status

    await over_and_over(tally, 8, once)


EXTENSIONS: Final = "Sec-WebSocket-Extensions"
HANDSHAKES: Final = (
    f"{EXTENSIONS}: permessage-deflate; {'; '.join(f'p{n}=1' for n in range(900))}\r\n" * 60,
    f"{EXTENSIONS}: permessage-deflate; {'; '.join(f'p{n}=1' for n in range(900))}\r\n" * 6,
    f"{EXTENSIONS}: {', '.join(['permessage-deflate; client_max_window_bits=8'] * 150)}\r\n",
    f'{EXTENSIONS}: permessage-deflate; server_max_window_bits="15"; {" " * 7000}\r\n',
    f"{EXTENSIONS}: permessage-deflate; client_max_window_bits=16\r\n",
    f"{EXTENSIONS}: {',' * 7000}\r\n",
    f"Sec-WebSocket-Protocol: {', '.join(f'p{n}' for n in range(900))}\r\n" * 8,
    f"Connection: {'x,' * 4000}\r\n" * 100,
)


async def odd_handshakes(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        async with websocket(target, headers=HANDSHAKES[number % len(HANDSHAKES)]) as socket:
            await socket.until('"sid"')
            raise Fate("open")

    await over_and_over(tally, 8, once)


def attacks() -> list[Attack]:
    return [
        Attack("headers: tokens that nobody has issued", forged_tokens, {"401": 40}, short=True),
        Attack("headers: chains of a thousand proxies", proxies, {"200": 10, "431": 5}),
        Attack("headers: bytes that are no text", no_text, {"403": 5, "421": 5, "200": 5}),
        Attack(
            "headers: handshakes with thousands of extensions", odd_handshakes, {"open": 10, "4": 5}
        ),
    ]
