"""Attacks by WebSocket: floods of frames and packets, odd ones, and compressed ones."""

from __future__ import annotations

import zlib
from typing import Final

from tests.attack.attack import Attack, Run
from tests.attack.drivers import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PATIENCE,
    PING,
    PONG,
    TEXT,
    Tally,
    Target,
    frame,
    over_and_over,
    websocket,
)

FLOODERS: Final = 4
FLOODS: Final = {
    "empty pings": frame(PING),
    "empty pongs": frame(PONG),
    "long pings": frame(PING, b"x" * 125),
    "pongs of Engine.IO": frame(TEXT, b"3"),
    "pings of Engine.IO": frame(TEXT, b"2probe"),
    "acknowledgements": frame(TEXT, b"430[]"),
    "connects and disconnects of Socket.IO": frame(TEXT, b"40") + frame(TEXT, b"41"),
    "fragments": frame(TEXT, b"4", final=False) + frame(CONTINUATION, b"1") * 2,
    "binary attachments": frame(TEXT, b'459-["message",{"_placeholder":true,"num":0}]')
    + frame(BINARY, b"\4" + b"x" * 100),
    "close frames": frame(CLOSE, (1000).to_bytes(2, "big")),
    "reserved kinds and bits": frame(11, b"x") + frame(TEXT, b"40", reserved=0x70),
    "events that are none": frame(TEXT, b'42["nothing"]') + frame(TEXT, b"42[]"),
    "messages of half a megabyte": frame(TEXT, b'42["message","' + b"x" * 500_000 + b'"]'),
}
"""The floods. Each is poured until the connection is ended, and then again on another."""
ENDS: Final = {
    "fragments": "closed 1002",
    "binary attachments": "closed 1003",
    "close frames": "closed 1000",
    "events that are none": "closed 1003",
    "reserved kinds and bits": "closed 1002",
    "messages of half a megabyte": "held back",
}
"""The outcomes of floods; it is 1008 for those that are not refused for their content."""


_SOON: Final = 5.0
"""After so many seconds, those count as held back who are never told anything."""


def flood(one: bytes, patience: float = PATIENCE) -> Run:
    some = one * max(1, 60_000 // len(one))

    async def run(target: Target, tally: Tally) -> None:
        async def once(_: int) -> str:
            async with websocket(target) as socket:
                return await socket.flood(some, patience)

        await over_and_over(tally, FLOODERS, once)

    return run


DEEP: Final = "[" * 100_000
ODD_PACKETS: Final = (
    "42" + DEEP,
    '42["message",' + '{"a":' * 50_000,
    '42["message",' + "9" * 500_000 + "]",
    '42["message",1e999999999]',
    '42["message",NaN]',
    '42["message",{"component":"pad","type":' + "[" * 60 + "]" * 60 + "}]",
    '42["message"' + ",1" * 200_000 + "]",
    '42["message",{' + ",".join(f'"{n}":0' for n in range(50_000)) + "}]",
    "42" + "9" * 10_000 + '["message",{}]',
    "45" + "9" * 5_000 + '-["message",{"_placeholder":true,"num":0}]',
    "40/" + "x" * 100_000 + ",",
    "42/admin,[1]",
    "4" + "\0" * 1000,
    "6",
    "",
    "b" + "A" * 10_000,
    '42["\\ud800",{"\\udfff":"\\ud800"}]',
    '42["__proto__",{"constructor":null}]',
    "2" + "x" * 900_000,
)


async def odd_packets(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.send(frame(TEXT, ODD_PACKETS[number % len(ODD_PACKETS)].encode()))
            await socket.until("sid")
            return await socket.ask({"component": "pad", "type": "nothing"})

    await over_and_over(tally, 4, once)


async def not_utf8(target: Target, tally: Tally) -> None:
    """Sends text that is not UTF-8, and other frames that no WebSocket client makes: unmasked,
    endless, longer than allowed."""
    frames = (
        frame(TEXT, b"42\xff\xfe"),
        b"\x81\x02" + b"40",
        b"\x81\xff" + b"\xff" * 8 + bytes(4) + b"x" * 1000,
        frame(PING, b"x" * 200),
        frame(PING, final=False),
        frame(CONTINUATION, b"x"),
        frame(CLOSE, b"\0"),
        b"GET / HTTP/1.1\r\n\r\n" * 100,
        bytes(range(256)) * 100,
    )

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.send(frames[number % len(frames)])
            return await socket.dismissed()

    await over_and_over(tally, 8, once)


async def deflated(target: Target, tally: Tally) -> None:
    """Sends messages that are much larger than allowed when they are inflated."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(50_000_000)) + packer.flush()
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"

    async def once(_: int) -> str:
        async with websocket(target, headers=offer) as socket:
            await socket.send(frame(TEXT, packed, reserved=0x40))
            return await socket.dismissed()

    await over_and_over(tally, 4, once)


def empty_blocks(size: int) -> bytes:
    """Returns so many bytes of a deflate stream that inflate to nothing."""
    return b"\x00\x00\x00\xff\xff" * (size // 5)


def many_streams(count: int) -> bytes:
    """Returns a stream that ends, and another behind it, and so on."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(b"3") + packer.flush()) * count


ODD_DEFLATED: Final = (
    frame(TEXT, empty_blocks(900_000), reserved=0x40),
    frame(TEXT, many_streams(100_000), reserved=0x40),
    frame(TEXT, b"\xff" * 10_000, reserved=0x40),
    frame(TEXT, b"", reserved=0x40) * 10_000,
    frame(TEXT, b"\x00", final=False, reserved=0x40) + frame(CONTINUATION, b"\x00", reserved=0x40),
    frame(PING, b"x", reserved=0x40),
    frame(TEXT, b"3", reserved=0x60),
)
"""Frames that claim to be deflated: endless, empty, of many streams, or with bits where none
belong."""


async def odd_deflated(target: Target, tally: Tally) -> None:
    offers = (
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=15",
        ", ".join(["permessage-deflate; server_max_window_bits=8"] * 100 + ["permessage-deflate"]),
    )

    async def once(number: int) -> str:
        headers = f"Sec-WebSocket-Extensions: {offers[number % len(offers)]}\r\n"
        async with websocket(target, headers=headers) as socket:
            await socket.send(ODD_DEFLATED[number % len(ODD_DEFLATED)])
            return await socket.dismissed()

    await over_and_over(tally, 7, once)


async def dripped_frame(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target) as socket:
            await socket.send(b"\x81\xff" + (900_000).to_bytes(8, "big") + bytes(4))
            return await socket.flood(b"x", _SOON)

    await over_and_over(tally, 20, once)


async def unread_pongs(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target, small=True) as socket:
            socket.stop_reading()
            return await socket.pour(frame(PING, b"x" * 125) * 400)

    await over_and_over(tally, 20, once)


def attacks() -> list[Attack]:
    floods = [
        Attack(
            f"WebSocket: a flood of {kind}",
            flood(one, _SOON if ENDS.get(kind) == "held back" else PATIENCE),
            {ENDS.get(kind, "closed 1008"): FLOODERS},
            4,
            short=kind == "empty pongs",
        )
        for kind, one in FLOODS.items()
    ]
    return [
        *floods,
        Attack(
            "WebSocket: packets of deep, wide and odd JSON",
            odd_packets,
            {"refused": 10, "closed 1003": 10},
        ),
        Attack(
            "WebSocket: frames that are none",
            not_utf8,
            {"closed 1002": 10, "closed 1007": 2, "closed 1009": 2},
        ),
        Attack("WebSocket: 50 MB, deflated", deflated, {"closed 1009": 10}, 5),
        Attack(
            "WebSocket: deflated frames that are none",
            odd_deflated,
            {"closed 1002": 4, "closed 1007": 4},
            4,
            short=True,
        ),
        Attack("WebSocket: twenty frames, byte by byte", dripped_frame, {"held back": 20}, 4),
        Attack("WebSocket: pings whose pongs are not read", unread_pongs, {"held back": 10}, 4),
    ]
