"""Attacks by HTTP: invalid requests, doors that should be shut, and slow requests on all paths."""

from __future__ import annotations

import asyncio
import gzip
import itertools
from dataclasses import replace
from typing import Final

from tests.attack.attack import PAD, Attack, Run
from tests.attack.drivers import (
    BREACH,
    Tally,
    Target,
    all_at_once,
    answered,
    connection,
    forever,
    http,
    over_and_over,
    raw,
    told,
)

LINE: Final = b"GET /p/x HTTP/1.1\r\n"
POST: Final = b"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"

ODD: Final = (
    b"\r\n" * 5000,
    b"\0" * 10_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 100,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET http://elsewhere/p/x HTTP/1.1\r\nHost: elsewhere\r\n\r\n",
    b"GET //elsewhere/p/x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /p/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /p/%ff%00%0d%0a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /p/x\rSet-Cookie: y HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT elsewhere:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"X" * 20_000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    LINE + b"Host: x\r\nHost: y\r\n\r\n",
    LINE + b"Host: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    LINE + b"Host: x\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    LINE + b"Host: x\r\nCookie: " + b"a=b; " * 40_000 + b"\r\n\r\n",
    LINE + b"Host: x\r\nCookie: token=" + b"t." + b"x" * 7000 + b"\r\n\r\n",
    LINE + b"Host: x\r\nAccept-Language: " + b"de;q=0.1," * 800 + b"\r\n\r\n",
    LINE + b"Host: x\r\nRange: bytes=" + b"0-1," * 1500 + b"\r\n\r\n",
    LINE + b"Host : x\r\n\r\n",
    LINE + b"Host: x\r\n folded\r\n\r\n",
    b"GET /p/x?" + b"a=b&" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/1.3.0/getText?" + b"a" * 1_500_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /socket.io/?EIO=4&transport=websocket&" + b"x&" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    POST + b"Content-Length: -1\r\n\r\n",
    POST + b"Content-Length: 9" + b"9" * 4000 + b"\r\n\r\n",
    POST + b"Content-Length: 0x10\r\n\r\n4",
    POST + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\n40 40",
    POST + b"Content-Length: 3\r\n" + CHUNKED + b"\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
    POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    POST + CHUNKED + b"\r\nfffffffffffffffff\r\nx",
    POST + CHUNKED + b"\r\n-1\r\nx",
    POST + CHUNKED + b"\r\n1;" + b"x" * 100_000 + b"\r\nx\r\n0\r\n\r\n",
    POST + CHUNKED + b"\r\n" + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n",
    POST + CHUNKED + b"\r\n0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    POST + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: 0\r\n\r\n",
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n\r\n",
    b"GET /socket.io/?EIO=99&transport=" + b"x" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
)


async def odd_requests(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        status = await raw(target, ODD[number % len(ODD)])
        return told(status)

    await over_and_over(tally, 8, once)


async def pipelined(target: Target, tally: Tally) -> None:
    """Sends request after request without waiting for the answers."""
    paths = (b"/", b"/p/x", b"/api", b"/health/ready", b"/p/x/export/txt", b"/nowhere")
    some = b"".join(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in paths) * 200

    async def once(_: int) -> str:
        async with connection(target, small=True) as made:
            made.stop_reading()
            return await made.pour(some)

    await over_and_over(tally, 8, once)


async def quick_requests(target: Target, tally: Tally) -> None:
    """Sends requests to every path, each on a connection of its own."""
    paths = (
        "/",
        "/p/x",
        "/p/x/timeslider",
        "/api",
        "/health/ready",
        "/health/live",
        "/p/x/export/etherpad",
        "/x",
        "/robots.txt",
        "/favicon.ico",
    )

    async def once(number: int) -> str:
        path = paths[number % len(paths)]
        return await raw(target, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    await over_and_over(tally, 16, once)


ASSETS: Final = (
    "/assets/",
    "/assets/x",
    "/assets/..",
    "/assets/../app.py",
    "/assets/..%2f..%2fapp.py",
    "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/assets/%00",
    "/assets/" + "x" * 7000,
    "/assets//etc/passwd",
    "/assets/\\..\\..",
    "/static/js/../../../etc/passwd",
    "/p/" + "x" * 51,
    "/p/%00/timeslider",
    "/p/a%2fb",
    "/p/..%2f..",
    "/p/" + "%F0%9F%98%80" * 60,
    "/p/r.00000000000000000000000000000000/timeslider",
    "/p/g.0123456789abcdef$x",
)


async def odd_paths(target: Target, tally: Tally) -> None:
    """Asks for pages, and for files that belong to them, with headers that make them work."""
    headers = (
        "Accept-Encoding: gzip;q=0, br;q=0, *;q=0",
        "If-None-Match: " + '"x",' * 1500,
        "If-Modified-Since: " + "9" * 5000,
        "Range: bytes=" + "0-0," * 1500,
        "Accept-Language: " + ",".join(f"x{n};q=0.{n}" for n in range(900)),
        "Cookie: language=" + "x" * 7000,
    )

    async def once(number: int) -> str:
        path, header = ASSETS[number % len(ASSETS)], headers[number % len(headers)]
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\nConnection: close\r\n\r\n"
        status, answer = await answered(target, request.encode())
        if status == "500" or b"root:" in answer or b"import " in answer[:2000]:
            return f"{BREACH}{path[:60]}: {status}"
        return status

    await over_and_over(tally, 8, once)


async def long_addresses(target: Target, tally: Tally) -> None:
    """Paths of slashes, queries of a quarter of a million parameters, cookies of backslashes."""
    most = 900_000
    queries = ("a&" * (most // 2), "sid=x&" * (most // 6), f"cookie=token=%22{'%5C' * 300_000}%22")
    paths = ("/" * most, "/p/" + "/a" * (most // 2), "/p/" + "%41" * (most // 3))
    places = ("/p/x", "/socket.io/", "/p/x/export/txt", "/", "/health/live")
    cookies = (f'token="{chr(92) * 7000}"', "a=b; " * 1500, ";" * 7500, 'token="' + r"\101" * 1700)
    polling = "/socket.io/?EIO=4&transport=polling"
    lines = [
        *(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths),
        *(
            f"GET {place}?{query} HTTP/1.1\r\nHost: x\r\n\r\n"
            for place in places
            for query in queries
        ),
        f"GET {polling}&cookie=token=%22{'%5C' * 5000}%22 HTTP/1.1\r\nHost: x\r\n\r\n",
        *(
            f"GET {place} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n"
            for place in ("/p/x", "/p/x/export/txt", polling)
            for cookie in cookies
        ),
    ]

    async def once(number: int) -> str:
        return told(await raw(target, lines[number % len(lines)].encode()))

    await over_and_over(tally, 4, once)


async def operators_port(target: Target, tally: Tally) -> None:
    """Attacks the operators' port as somebody does who reaches it by mistake: with half requests,
    odd ones, and as many whole ones as possible."""
    there = replace(target, port=target.ops_port)
    paths = ("/metrics", "/fleet", "/fleet/data", "/stats/prometheus", "/health/ready", "/x")

    async def half(number: int) -> str:
        async with connection(there) as made:
            await made.send((b"", b"GET /met", LINE + b"X: ", POST + b"\0")[number % 4])
            tally["held open"] += 1
            return await made.ended()

    async def whole(number: int) -> str:
        request = f"GET {paths[number % 6]} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        status = await raw(there, (request, ODD[number % len(ODD)])[number % 2])
        return told(status)

    await asyncio.gather(all_at_once(tally, 200, half), over_and_over(tally, 4, whole))


OPS: Final = ("/metrics", "/stats/prometheus", "/fleet", "/fleet/data")


def spellings(path: str) -> list[str]:
    """Ways to write a path that somebody may take for another one."""
    hexed = "".join(f"%{ord(letter):02x}" for letter in path[1:])
    first = f"/%{ord(path[1]):02x}{path[2:]}"
    return [
        path,
        f"/{path}",
        f"/.{path}",
        f"/p/..{path}",
        f"/p/%2e%2e{path}",
        f"{path}/",
        f"{path}%00",
        f"{path};x",
        f"{path}?x",
        f"{path}#x",
        path.upper(),
        first,
        first.replace("%", "%25"),
        f"/{hexed}",
        f"/{hexed.upper()}",
        f"\\{path[1:]}",
        f"/%5c{path[1:]}",
        f"/socket.io/..{path}",
        f"/%2f{path[1:]}",
        f"http://localhost{path}",
        f"http://x:1{path}",
        f"/health/..{path}",
    ]


async def operators_paths(target: Target, tally: Tally) -> None:
    """Checks that operators' pages cannot be reached on the port for clients."""
    ways = [way for path in OPS for way in spellings(path)]

    async def once(number: int) -> str:
        request = f"GET {ways[number % len(ways)]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        status, answer = await answered(target, request.encode())
        leaks = any(word in answer for word in (b"padfleet_", b"etherpad_", b"fleet.js"))
        return BREACH + ways[number % len(ways)] if leaks else status

    await over_and_over(tally, 8, once)


async def cross_origin(target: Target, tally: Tally) -> None:
    """Sends requests as the browser of somebody does who is on another site's page."""
    origins = ("http://evil.example", "null", "http://127.0.0.1.evil.example", "file://", "http://")
    sites = (None, "cross-site", "same-site")
    doors = (
        ("POST", f"/p/{PAD}-csrf/import"),
        ("GET", "/socket.io/?EIO=4&transport=polling"),
        ("POST", "/socket.io/?EIO=4&transport=polling"),
        ("GET", "/socket.io/?EIO=4&transport=websocket"),
    )
    tries = list(itertools.product(origins, sites, doors))

    async with http(target) as session:

        async def once(number: int) -> str:
            origin, site, (method, path) = tries[number % len(tries)]
            headers = {"Origin": origin, **({"Sec-Fetch-Site": site} if site else {})}
            async with session.request(
                method, target.url + path, headers=headers, data=b"x" if method == "POST" else None
            ) as answer:
                let_in = answer.status == 200
                return f"{BREACH}{origin} {method} {path}" if let_in else str(answer.status)

        await over_and_over(tally, 8, once)


async def inflated(target: Target, tally: Tally) -> None:
    """Sends compressed bodies that are much larger than allowed when decompressed."""
    packed = gzip.compress(bytes(100_000_000), 1)
    paths = ("/p/x/import", "/api/1.3.0/setText", "/socket.io/?EIO=4&transport=polling&sid=x")
    async with http(target) as session:

        async def once(number: int) -> str:
            kinds = ("application/json", "application/x-www-form-urlencoded", "text/plain")
            headers = {
                "Content-Encoding": ("gzip", "deflate")[number % 5 == 0],
                "Content-Type": kinds[number % 3],
                "Authorization": target.key,
            }
            url = target.url + paths[number % 3]
            async with session.post(url, data=packed, headers=headers) as answer:
                return str(answer.status)

        await over_and_over(tally, 4, once)


# --- Slow ----------------------------------------------------------------------------------------

_HOST: Final = b"Host: x\r\n"
SLOW: Final = {
    "nothing": b"",
    "half a request": b"GET /p/x HT",
    "headers of a page": LINE + _HOST + b"X: ",
    "headers of a handshake": b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" + _HOST,
    "headers of a timeslider": b"GET /p/x/timeslider HTTP/1.1\r\n" + _HOST,
    "headers of a file": b"GET /assets/x HTTP/1.1\r\n" + _HOST,
    "headers of an export": b"GET /p/x/export/html HTTP/1.1\r\n" + _HOST,
    "idle": b"GET /health/live HTTP/1.1\r\n" + _HOST + b"\r\n",
    "idle after a page": LINE + _HOST + b"\r\n",
    "idle after nothing found": b"GET /nowhere HTTP/1.1\r\n" + _HOST + b"\r\n",
    "body of a call": b"POST /api/1.3.0/createPad HTTP/1.1\r\nContent-Length: 100\r\n"
    b"Content-Type: application/json\r\n" + _HOST + b"\r\n{",
    "body of an import": b"POST /p/x/import HTTP/1.1\r\nContent-Length: 90000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n" + _HOST + b"\r\n--b\r\n",
    "chunks of an import": b"POST /p/x/import HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n" + _HOST + b"\r\n5\r\n--b\r\n",
    "body of a poll": b"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\n"
    b"Content-Length: 100\r\n" + _HOST + b"\r\n4",
    "body for nobody": b"PUT /p/x HTTP/1.1\r\nContent-Length: 100\r\n" + _HOST + b"\r\nx",
}


def slow(each: int) -> Run:
    """Opens so many connections of each kind, which the worker has to end."""

    async def run(target: Target, tally: Tally) -> None:
        kinds = list(SLOW.values()) * each

        async def once(number: int) -> str:
            async with connection(target) as made:
                await made.send(kinds[number])
                return await made.ended()

        await all_at_once(tally, len(kinds), once)

    return run


async def dripped(target: Target, tally: Tally) -> None:
    """Opens the same connections, and sends one more byte every half second."""
    kinds = [said for said in SLOW.values() if not said.endswith(b"\r\n\r\n")] * 10

    async def once(number: int) -> str:
        async with connection(target) as made:
            await made.send(kinds[number])
            return await made.pour_slowly(b"x", 0.5)

    await all_at_once(tally, len(kinds), once)


async def held_open(target: Target, tally: Tally) -> None:
    """Opens two thousand connections that say nothing."""

    async def once(_: int) -> str:
        async with connection(target):
            tally["open"] += 1
            await forever()
        return ""

    await all_at_once(tally, 2000, once)


def attacks() -> list[Attack]:
    return [
        Attack(
            "HTTP: requests that are none, odd lengths, smuggled ones",
            odd_requests,
            {"400": 20, "200": 2, "404": 2},
            short=True,
        ),
        Attack("HTTP: pipelines whose answers are not read", pipelined, {"held back": 8}, 4),
        Attack("HTTP: as many requests as go, on all paths", quick_requests, {"200": 50}, 4),
        Attack("HTTP: paths of pages and files that are none", odd_paths, {"404": 20}, 4),
        Attack(
            "HTTP: addresses and cookies that take long to read",
            long_addresses,
            {"414": 20, "200": 4},
            4,
        ),
        Attack(
            "HTTP: the operators' port, slow, odd and often",
            operators_port,
            {"held open": 200, "200": 20, "400": 5},
            5,
        ),
        Attack("HTTP: 88 ways to metrics, stats and fleet", operators_paths, {"404": 88}, 4),
        Attack("HTTP: from pages of other sites", cross_origin, {"403": 60}, 4),
        Attack("HTTP: packed bodies of 100 MB", inflated, {"400": 1, "413": 1}, 5, peak_mb=250),
        Attack("slow: 150 requests, of every kind and on every path", slow(10), {"ended": 140}, 20),
        Attack("slow: the same, a byte every half second", dripped, {"ended": 70}, 20),
        Attack("slow: 2,000 connections that say nothing", held_open, {"open": 1000}, 5),
    ]
