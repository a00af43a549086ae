"""Attacks by WebSocket and polling: floods, joins, unread messages, presence and chat."""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from contextlib import AsyncExitStack
from typing import Any, Final

from tests.attack.attack import PAD, Attack, Run
from tests.attack.drivers import (
    BINARY,
    BREACH,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Fate,
    Tally,
    Target,
    all_at_once,
    collab,
    event,
    forever,
    frame,
    http,
    outcome,
    over_and_over,
    polling,
    ready,
    told,
    websocket,
)

FLOODERS: Final = 4
MANY: Final = 100

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


def flood(one: bytes) -> Run:
    some = one * max(1, 60_000 // len(one))

    async def run(target: Target, tally: Tally) -> None:
        async def once(_: int) -> str:
            async with websocket(target) as socket:
                return await socket.flood(some)

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


async def crowd_of_names(target: Target, tally: Tally) -> None:
    """Lets forty people who list users come to a pad, rename themselves and go, over and over;
    everybody else has to be told each time."""

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-names", supports=["USERS"])
            for turn in range(5):
                info = {"name": f"{number} {turn} " + "x" * 90, "colorId": "#ffffff"}
                await socket.say(collab("USERINFO_UPDATE", userInfo=info))
            tally["joined"] += 1
        return "left"

    await over_and_over(tally, 40, once)


async def dripped_frame(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target) as socket:
            await socket.send(b"\x81\xff" + (900_000).to_bytes(8, "big") + bytes(4))
            return await socket.flood(b"x")

    await over_and_over(tally, 20, once)


async def unread_pongs(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target, small=True) as socket:
            socket.stop_reading()
            return await socket.pour(frame(PING, b"x" * 125) * 400)

    await over_and_over(tally, 20, once)


# --- What is not read ----------------------------------------------------------------------------


async def unread_answers(target: Target, tally: Tally, pad: str, asked: dict[str, Any]) -> None:
    """Lets ten sockets join a pad, ask again and again, and read none of the answers."""
    said = event(asked)

    async def once(_: int) -> str:
        async with websocket(target, small=True) as socket:
            await socket.join(pad)
            socket.stop_reading()
            await socket.send(said * 5)
            tally["asked"] += 1
            await socket.pour(said * 20)
            await forever()
        return ""

    await all_at_once(tally, 10, once)


async def unread_large_pad(target: Target, tally: Tally) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(40):
            socket = await stack.enter_async_context(websocket(target, small=True))
            socket.stop_reading()
            await socket.say(ready(target.large))
            tally["held open"] += 1
        await forever()


async def unread_polls(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with http(target) as session:
            url = await polling(session, target)
            said = f"40\x1e42{json.dumps(['message', ready(target.large)])}"
            async with session.post(url, data=said) as answer:
                tally[f"held open, {answer.status}"] += 1
            await forever()
        return ""

    await all_at_once(tally, 40, once)


async def unread_chat(target: Target, tally: Tally) -> None:
    asked = collab("GET_CHAT_MESSAGES", start=0, end=100)
    await unread_answers(target, tally, target.chatty, asked)


async def unread_timeslider(target: Target, tally: Tally) -> None:
    await unread_answers(target, tally, target.long, changeset_req(target.long, 0, 1))


FULL = 5_000_000
"""How many characters a pad may have: a quick writer reaches this within an attack."""


async def unread_edits(target: Target, tally: Tally) -> None:
    """Lets twenty sockets ignore what one author writes."""
    pad = f"{PAD}-unread-edits"
    async with AsyncExitStack() as stack:
        for _ in range(20):
            socket = await stack.enter_async_context(websocket(target, small=True))
            await socket.join(pad)
            socket.stop_reading()
        writer = await stack.enter_async_context(websocket(target))
        said = await writer.join(pad)
        known = said["collab_client_vars"]
        rev, size = known["rev"], len(known["initialAttributedText"]["text"])
        while size + 20_000 < FULL:
            await writer.say(insert(said["userId"], rev, size, "x" * 20_000))
            heard = json.loads((await writer.until("ACCEPT_COMMIT"))[2:])
            rev, size = heard[1]["data"]["newRev"], size + 20_000
            tally["accepted"] += 1
        tally["pad full"] += 1
        await forever()


# --- Joins ---------------------------------------------------------------------------------------


async def many_pads(target: Target, tally: Tally) -> None:
    token = f"t.{secrets.token_hex(10)}"

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-new-{number}", token=token)
            return "joined"

    await over_and_over(tally, 40, once)


async def many_authors(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-crowd")
            return "joined"

    await over_and_over(tally, 20, once)


async def many_sockets(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target):
            tally["open"] += 1
            await forever()
        return ""

    await all_at_once(tally, 1500, once)


async def many_handshakes(target: Target, tally: Tally) -> None:
    """Opens polling sessions that are never used."""
    async with http(target) as session:

        async def once(_: int) -> str:
            await polling(session, target)
            return "opened"

        await over_and_over(tally, 20, once)


async def joins_of_one_socket(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target) as socket:
            return await socket.flood(event(ready(f"{PAD}-again")) * 50)

    await over_and_over(tally, 4, once)


PAD_IDS: Final[tuple[Any, ...]] = (
    "",
    " ",
    ".",
    "..",
    "../../etc/passwd",
    "a" * 51,
    "a" * 900_000,
    "\0",
    "\ud800",
    "a\r\nb",
    "pf:{0}:inbox",
    "{x}",
    "$canary-0",
    "r.00000000000000000000000000000000",
    "g.0123456789abcdef$x",
    "constructor",
    "__proto__",
    "%2e%2e%2f",
    None,
    0,
    1e308,
    True,
    [],
    {},
    ["x"],
    {"toString": "x"},
)


async def odd_pads(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(PAD_IDS[number % len(PAD_IDS)])
            return "joined"

    await over_and_over(tally, 8, once, 0.02)


REVS: Final[tuple[Any, ...]] = (
    -1,
    -(10**15),
    1,
    10**6,
    2**53,
    2**64,
    10**400,
    1e308,
    0.5,
    "0",
    "9" * 5000,
    None,
    [],
    {},
    True,
)


async def absurd_revs(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        async with websocket(target) as socket:
            rev = REVS[number % len(REVS)]
            await socket.say(ready(f"{PAD}-revs", client_rev=rev, reconnect=True))
            await socket.until('42["message"')
            return "answered"

    await over_and_over(tally, 8, once, 0.02)


async def reconnect_storm(target: Target, tally: Tally) -> None:
    """Pages come back with an old revision, all at once, over and over."""

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.say(ready(target.long, client_rev=number % 300, reconnect=True))
            await socket.until('42["message"')
            return "answered"

    await over_and_over(tally, 40, once)


async def upgrades(target: Target, tally: Tally) -> None:
    async with http(target) as session:

        async def once(_: int) -> str:
            sid = (await polling(session, target)).partition("&sid=")[2]
            query = f"&sid={sid}"
            async with websocket(target, query=query, greet=False) as first:
                # It probes, and is about to take over, when a second one comes in its way.
                await first.send(frame(TEXT, b"2probe") * 20)
                await first.until("3probe")
                tally["3probe"] += 1
                async with websocket(target, query=query, greet=False) as second:
                    await first.send(frame(TEXT, b"5") * 5)
                    return await second.flood(frame(TEXT, b"2probe") + frame(TEXT, b"5"))

        await over_and_over(tally, 8, once)


async def polling_abuse(target: Target, tally: Tally) -> None:
    """Sends bodies with too many packets, two polls at once, others' sids, and script requests."""
    async with http(target) as session:

        async def once(number: int) -> str:
            url = await polling(session, target)
            kind = number % 6
            if kind == 0:
                async with session.post(url, data="\x1e".join(["3"] * 1500)) as answer:
                    return f"too many packets: {answer.status}"
            if kind == 1:
                async with session.post(url, data="4" + "x" * 2_000_000) as answer:
                    return f"too large: {answer.status}"
            if kind == 2:
                # This gives them something to poll for, so that they do not wait for the next ping.
                async with session.post(url, data="40") as answer:
                    await answer.read()
                both = await asyncio.gather(*(polled_for_a_moment(url) for _ in range(2)))
                return f"two polls: {'/'.join(sorted(both))}"
            if kind == 3:
                return f"another's sid: {await polled(url[:-4] + 'xxxx')}"
            if kind == 4:
                return f"script: {await polled(url + '&j=0')}"
            async with session.post(url, data=b"\xff\xfe\x1e\x1e\x1e4\x1e") as answer:
                return f"no packets: {answer.status}"

        async def polled(url: str) -> str:
            async with session.get(url) as answer:
                await answer.read()
                return str(answer.status)

        async def polled_for_a_moment(url: str) -> str:
            try:
                async with asyncio.timeout(1):
                    return await polled(url)
            except TimeoutError:
                return "waits"  # the other poll got everything that was there

        await over_and_over(tally, 6, once)


# --- What is said on a pad -----------------------------------------------------------------------


def insert(author: str, rev: Any, size: int, text: str) -> dict[str, Any]:
    """Returns an edit that puts a text without line ends at the beginning."""
    return collab(
        "USER_CHANGES",
        baseRev=rev,
        changeset=f"Z:{base36(size)}>{base36(len(text))}*0+{base36(len(text))}${text}",
        apool={"numToAttrib": {"0": ["author", author]}, "nextNum": 1},
    )


def base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits


def changeset_req(pad: str, start: Any, granularity: Any) -> dict[str, Any]:
    data = {"start": start, "granularity": granularity, "requestID": 1}
    return {"component": "pad", "type": "CHANGESET_REQ", "padId": pad, "data": data}


def saying(*messages: dict[str, Any], pad: str = "", sockets: int = 4) -> Run:
    """Lets a few sockets join and send these messages as fast as they can."""
    said = b"".join(map(event, messages))

    async def run(target: Target, tally: Tally) -> None:
        async def once(_: int) -> str:
            async with websocket(target) as socket:
                await socket.join(getattr(target, pad, f"{PAD}-said"))
                tally["joined"] += 1
                return await socket.flood(said)

        await over_and_over(tally, sockets, once)

    return run


async def out_of_order(target: Target, tally: Tally) -> None:
    """Sends every kind of message before a join and after a goodbye, and joins two pads at once."""
    kinds = (
        collab("USER_CHANGES", baseRev=0, changeset="Z:1>1+1$x", apool={}),
        collab("USERINFO_UPDATE", userInfo={"name": "x", "colorId": "#ffffff"}),
        collab("CHAT_MESSAGE", message={"text": "x"}),
        collab("GET_CHAT_MESSAGES", start=0, end=1),
        collab("SAVE_REVISION"),
        collab("CURSOR", line=0, column=0),
        collab("CLIENT_MESSAGE", payload={"type": "suggestUserName", "newName": "x"}),
        collab("PAD_DELETE"),
        changeset_req(target.long, 0, 1),
        {"component": "pad", "type": "COLLABROOM"},
    )

    async def once(number: int) -> str:
        async with websocket(target, greet=False) as socket:
            kind = kinds[number % len(kinds)]
            await socket.send(event(kind))  # before the namespace is connected
            await socket.send(frame(TEXT, b"40"))
            await socket.until('"sid"')
            tally[await outcome(socket.ask(kind))] += 1
            pads = [ready(f"{PAD}-order-{n}", token=f"t.{'o' * 20}") for n in range(3)]
            await socket.send(b"".join(map(event, pads)) + event(kind))
            await socket.until("CLIENT_VARS")
            tally["joined"] += 1
            await socket.send(
                frame(TEXT, b"41") + event(kind) * 3 + frame(TEXT, b"40") + event(kind)
            )
            return await socket.dismissed()

    await over_and_over(tally, 6, once, 0.02)


async def polling_out_of_order(target: Target, tally: Tally) -> None:
    """Sends messages by polling before they are allowed, after a goodbye, and twice."""
    async with http(target) as session:

        async def said(url: str, data: str | None = None) -> str:
            method = "GET" if data is None else "POST"
            async with session.request(method, url, data=data) as answer:
                await answer.read()
                return told(answer.status)

        async def once(number: int) -> str:
            url = await polling(session, target)
            join = f"42{json.dumps(['message', ready(f'{PAD}-polled')])}"
            match number % 5:
                case 0:
                    return f"event before connect: {await said(url, join)}"
                case 1:
                    await said(url, "40\x1e1")
                    return f"after a goodbye: {await said(url, join)}, {await said(url)}"
                case 2:
                    await said(url, "40")
                    both = await asyncio.gather(*(said(url, join) for _ in range(5)))
                    return f"joins at once: {'/'.join(sorted(set(both)))}"
                case 3:
                    await said(url, "41\x1e40\x1e41\x1e40")
                    return f"connects and disconnects: {await said(url)}"
                case _:
                    await said(url, "2\x1e2probe\x1e5\x1e3\x1e6")
                    return f"an upgrade that is none: {await said(url, '1')}"

        await over_and_over(tally, 6, once, 0.05)


IDENTITIES: Final[tuple[dict[str, Any], ...]] = (
    {"token": "t." + "x" * 500_000},
    {"token": "9" * 5000},
    {"token": None},
    {"token": {"a": []}},
    {"token": "\ud800"},
    {"token": "t.\r\nSet-Cookie: x"},
    {"sessionID": "s." + "x" * 100_000},
    {"sessionID": ["s.x"] * 1000},
    {"sessionID": ",".join(f"s.{n:016d}" for n in range(2000))},
    {"userInfo": {"name": "x" * 400_000, "colorId": "x" * 400_000}},
    {"userInfo": {"name": {"a": 1}, "colorId": [1]}},
    {"userInfo": "x"},
    {"protocolVersion": "9" * 5000},
    {"padId": "x", "client_rev": {"$gt": 0}, "reconnect": "x" * 1000},
)


async def odd_identities(target: Target, tally: Tally) -> None:
    """Sends CLIENT_READY with fields that no page fills in like this."""

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-identity", **IDENTITIES[number % len(IDENTITIES)])
            return "joined"

    await over_and_over(tally, 6, once, 0.02)


async def chat_ranges(target: Target, tally: Tally) -> None:
    ranges = ((0, 10**12), (-5, 5), (10**15, 10**15), ("0", "100"), (0, 100), (None, None), (5, 0))

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(target.chatty)
            start, end = ranges[number % len(ranges)]
            return await socket.ask(collab("GET_CHAT_MESSAGES", start=start, end=end))

    await over_and_over(tally, 8, once)


async def timeslider_hog(target: Target, tally: Tally) -> None:
    """Lets sixteen sessions of one client ask for everything, and for odd things, all the time."""
    asked = [(s, g) for s in (0, 100, -1, 10**12, "x") for g in (1, 10, 100, 0, -1, 10**9, None)]

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(target.long)
            for start, granularity in asked[number % 7 :: 7] * 20:
                await socket.say(changeset_req(target.long, start, granularity), 7)
                await socket.until("437[")
                tally["answered"] += 1
            return "done"

    await over_and_over(tally, 16, once)


async def deletes(target: Target, tally: Tally) -> None:
    """Asks to delete somebody else's pad, with guessed tokens."""
    tokens: tuple[Any, ...] = ("", "x", "x" * 100_000, None, 0, [], {"$ne": ""})

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(target.chatty)
            said = collab("PAD_DELETE")
            said["data"]["data"] = {"padId": target.chatty, "deletionToken": tokens[number % 7]}
            try:
                await socket.ask(said)
                return await socket.ask(
                    {"type": "PAD_DELETE", "component": "pad", "data": said["data"]["data"]}
                )
            except Fate as fate:
                return BREACH + "deleted" if str(fate) == "deleted" else str(fate)

    await over_and_over(tally, 4, once)


def attacks() -> list[Attack]:
    floods = [
        Attack(
            f"WebSocket: a flood of {kind}",
            flood(one),
            {ENDS.get(kind, "closed 1008"): FLOODERS},
            4,
            short=kind in ("empty pongs", "connects and disconnects of Socket.IO"),
        )
        for kind, one in FLOODS.items()
    ]
    odd = {"x": "y" * 100_000}
    return [
        *floods,
        Attack(
            "WebSocket: packets of deep, wide and odd JSON",
            odd_packets,
            {"refused": 10, "closed 1003": 10},
            short=True,
        ),
        Attack(
            "WebSocket: frames that are none",
            not_utf8,
            {"closed 1002": 10, "closed 1007": 2, "closed 1009": 2},
            short=True,
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
        Attack(
            "unread: a pad of 3 MB, by forty sockets",
            unread_large_pad,
            {"held open": 40},
            5,
            short=True,
            keys_left=100,
        ),
        Attack(
            "unread: the same by polling", unread_polls, {"held open, 200": 40}, 5, keys_left=100
        ),
        Attack("unread: chat, asked for again and again", unread_chat, {"asked": 10}, 4),
        Attack("unread: the timeslider's answers", unread_timeslider, {"asked": 10}, 4),
        Attack("unread: what others write", unread_edits, {"accepted": 20}, 5, redis_mb=120),
        Attack(
            "joins: one author on forty sockets, new pads",
            many_pads,
            {"joined": 10, "closed 1001": 10},
            5,
            keys_left=3000,
        ),
        Attack(
            "joins: a new author each time",
            many_authors,
            {"joined": 20},
            4,
            keys=20_000,
        ),
        Attack("joins: 1,500 sockets of one client", many_sockets, {"open": 200}, 5, keys_left=100),
        Attack("joins: polling sessions that are left", many_handshakes, {"opened": 50}, 4),
        Attack(
            "joins: over and over on one socket",
            joins_of_one_socket,
            {"held back": 4},
            4,
            keys_left=4000,
        ),
        Attack(
            "joins: names of pads that are none",
            odd_pads,
            {"denied": 20, "joined": 5},
            4,
            short=True,
            keys_left=4000,
        ),
        Attack(
            "joins: revisions that no client can have",
            absurd_revs,
            {"answered": 20},
            4,
            keys_left=4000,
        ),
        Attack(
            "joins: tokens, sessions and names that no page has",
            odd_identities,
            {"joined": 5, "denied": 5},
            4,
            keys_left=4000,
        ),
        Attack(
            "messages: before a join, after a goodbye, on several pads",
            out_of_order,
            {"refused": 10, "joined": 10},
            4,
            short=True,
            keys_left=4000,
        ),
        Attack(
            "polling: out of order, and twice",
            polling_out_of_order,
            {"event before connect": 2, "after a goodbye: 400": 2, "joins at once: 200": 2},
            4,
            keys_left=4000,
        ),
        Attack(
            "presence: cursors that are nowhere, as fast as they go",
            saying(
                collab("CURSOR", line=10**12, column=-1),
                collab("CURSOR", line="x" * 9000, column={"a": []}),
                collab("CURSOR", line=1e308, column=None, start=[0, 0], end=[10**9] * 500),
                collab("CURSOR"),
            ),
            {"joined": 4},
            4,
        ),
        Attack(
            "joins: a storm of stale pages",
            reconnect_storm,
            {"answered": 50},
            4,
            keys_left=20_000,
            keys=20_000,
        ),
        Attack(
            "polling: two transports fight for a session",
            upgrades,
            {"3probe": 4},
            4,
        ),
        Attack(
            "polling: bodies, sids and scripts",
            polling_abuse,
            {"two polls": 5, "another's sid: 400": 5, "script: 400": 5, "too large: 413": 5},
            4,
        ),
        Attack(
            "chat: a flood",
            saying(collab("CHAT_MESSAGE", message={"text": "x" * 9000})),
            {"joined": 4},
            4,
        ),
        Attack(
            "chat: ranges without end", chat_ranges, {"refused": 10, "taken": 10}, 4, keys_left=4000
        ),
        Attack(
            "presence: names, colours, suggestions, settings, saves",
            saying(
                collab("USERINFO_UPDATE", userInfo={"name": "x" * 50_000, "colorId": "x" * 50_000}),
                collab("USERINFO_UPDATE", userInfo={"name": "x", "colorId": "#ffffff"}),
                collab(
                    "CLIENT_MESSAGE", payload={"type": "suggestUserName", "newName": "x" * 9000}
                ),
                collab("CLIENT_MESSAGE", payload={"type": "padoptions", "options": odd}),
                collab("CLIENT_MESSAGE", payload={"type": "x" * 1000, **odd}),
                collab("SAVE_REVISION"),
            ),
            {"joined": 4},
            4,
        ),
        Attack(
            "presence: forty who come, change their names and go",
            crowd_of_names,
            {"joined": 20},
            4,
            keys=20_000,
            keys_left=4000,
        ),
        Attack(
            "timeslider: sixteen sessions, all the time",
            timeslider_hog,
            {"answered": 50},
            5,
            keys_left=2000,
        ),
        Attack("deletion: of somebody else's pad", deletes, {"refused": 10}, 4, keys_left=2000),
    ]
