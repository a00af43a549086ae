"""Tricks that are known from elsewhere, each tried on a real fleet.

What a changeset alone can be wrong about stands in test_stock_protocol.py, what a packet can be in
test_bad_packets.py; these need a socket that says what no library would.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from padfleet.shared.client import connect
from padfleet.shared.easysync import AttributePool, identity, make_splice
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.wire.jsontext import dumps, loads
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.guest import DENY, Guest

NOBODY = "a.nobodynobody0000"

each_transport = pytest.mark.parametrize("transport", ["websocket", "polling"])


def new_pad() -> str:
    return f"tricks-{secrets.token_hex(6)}"


def pool_of(*attributes: tuple[str, str]) -> dict[str, Any]:
    pool = AttributePool()
    for key, value in attributes:
        pool.put(key, value)
    return pool.to_jsonable()


def text_of(guest: Guest) -> str:
    return str(guest.vars["collab_client_vars"]["initialAttributedText"]["text"])


async def told_to_go(guest: Guest, reason: str = "badChangeset") -> None:
    await guest.hears(lambda: {"disconnect": reason} in guest.messages, reason)


class Raw:
    """A WebSocket that says what it is given, and keeps all that it is sent."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws
        self.received: list[str] = []

    async def say(self, packet: str) -> None:
        await self._ws.send_str(packet)

    async def event(self, message: Any) -> None:
        await self.say(f"42{dumps(['message', message])}")

    async def until(self, part: str) -> str:
        """Returns the next packet that contains this. Raises EOFError if the connection ends
        before."""
        while True:
            packet = await self._next()
            if part in packet:
                return packet

    async def end(self) -> int | None:
        """Waits for the end of the connection, and returns its code."""
        try:
            while True:
                await self._next()
        except EOFError:
            return self._ws.close_code

    async def _next(self) -> str:
        found = await self._ws.receive(timeout=20)
        if found.type is not aiohttp.WSMsgType.TEXT:
            raise EOFError
        self.received.append(found.data)
        return str(found.data)


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Raw]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket", max_msg_size=0) as ws,
    ):
        socket = Raw(ws)
        await socket.say("40")
        await socket.until("40{")
        yield socket


def ready(pad: str, **more: Any) -> dict[str, Any]:
    token = f"t.{secrets.token_hex(10)}"
    said = {"component": "pad", "type": "CLIENT_READY", "padId": pad, "token": token}
    return {**said, **more}


def user_changes(changeset: str, pool: Any, base: Any = 0) -> dict[str, Any]:
    data = {"type": "USER_CHANGES", "baseRev": base, "changeset": changeset, "apool": pool}
    return {"type": "COLLABROOM", "component": "pad", "data": data}


# --- Authors and pools ---------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["unused", "without effect", "on a removal"])
async def test_text_cannot_be_given_to_an_author_who_has_not_written_here(
    fleet: Fleet, first: str
) -> None:
    """An author may be given text back who has written here. To have been named is not enough."""
    pad = new_pad()
    async with Guest(fleet.urls[0]) as guest:
        await guest.join(pad)
        me, text = guest.vars["userId"], text_of(guest)
        foreign = pool_of(("author", me), ("author", NOBODY))
        length = numeral(len(text))
        match first:
            case "unused":
                await guest.collab(
                    "USER_CHANGES", baseRev=0, changeset=f"Z:{length}>1*0+1$x", apool=foreign
                )
                await guest.hears(lambda: guest.heard("ACCEPT_COMMIT"))
            case "without effect":
                await guest.collab(
                    "USER_CHANGES", baseRev=0, changeset=f"Z:{length}>0*1=0$", apool=foreign
                )
            case "on a removal":
                await guest.collab(
                    "USER_CHANGES", baseRev=0, changeset=f"Z:{length}<1*1-1$", apool=foreign
                )
                await told_to_go(guest)
    async with Guest(fleet.urls[1]) as guest:
        await guest.join(pad)
        head, text = guest.vars["collab_client_vars"]["rev"], text_of(guest)
        assert NOBODY not in dumps(guest.vars), "it is in the pad's pool"
        await guest.collab(
            "USER_CHANGES",
            baseRev=head,
            changeset=f"Z:{numeral(len(text))}>0*0=1$",
            apool=pool_of(("author", NOBODY)),
        )
        await told_to_go(guest)


@pytest.mark.parametrize("opcode", ["+", "-", "="])
async def test_only_a_keep_may_name_another_author(fleet: Fleet, opcode: str) -> None:
    """Only a keep may name another author, and only one who has written here (Etherpad's undo does
    so)."""
    pad = new_pad()
    async with Guest(fleet.urls[0]) as ada, Guest(fleet.urls[1]) as bob:
        await ada.join(pad)
        await ada.write("x")
        await ada.hears(lambda: ada.heard("ACCEPT_COMMIT"))
        await bob.join(pad)
        length = numeral(len(text_of(bob)))
        header = {"+": ">1", "-": "<1", "=": ">0"}[opcode]
        op = f"*0*1{opcode}1" if opcode == "=" else f"*0{opcode}1"
        changeset = f"Z:{length}{header}{op}${'y' if opcode == '+' else ''}"
        pool = pool_of(("author", ada.vars["userId"]), ("bold", "true"))
        await bob.collab("USER_CHANGES", baseRev=1, changeset=changeset, apool=pool)
        if opcode == "=":
            await bob.hears(lambda: bob.heard("ACCEPT_COMMIT"))
        else:
            await told_to_go(bob)
        assert ada.connected


async def test_names_that_mean_something_in_JavaScript_are_names(fleet: Fleet) -> None:
    pad = new_pad()
    tricks = [("__proto__", "polluted"), ("constructor", "prototype"), ("toString", "")]
    async with Guest(fleet.urls[0]) as guest, Guest(fleet.urls[1]) as other:
        await guest.join(pad, __proto__={"padId": "x"}, constructor={"padId": "y"})
        await other.join(pad)
        pool = pool_of(("author", guest.vars["userId"]), *tricks)
        pool["__proto__"] = {"nextNum": 99}
        changeset = make_splice(text_of(guest), 0, 0, "x", "*0*1*2")
        await guest.collab("USER_CHANGES", baseRev=0, changeset=changeset, apool=pool)
        await other.hears(lambda: other.heard("NEW_CHANGES"))
        (told,) = other.heard("NEW_CHANGES")
        assert list(tricks[0]) in told["apool"]["numToAttrib"].values()
        assert list(tricks[1]) in told["apool"]["numToAttrib"].values()
        pool["numToAttrib"]["__proto__"] = ["bold", "true"]
        await guest.collab("USER_CHANGES", baseRev=1, changeset="Z:1>0$", apool=pool)
        await told_to_go(guest)
        assert other.connected


# --- Numbers and nesting -------------------------------------------------------------------------

HUGE = ["zzzzzzzzzzz", "z" * 100, "z" * 100_000]


@pytest.mark.parametrize("number", HUGE, ids=len)
@pytest.mark.parametrize("place", ["length", "change", "attribute", "lines", "kept", "inserted"])
async def test_huge_numbers_in_a_changeset(fleet: Fleet, number: str, place: str) -> None:
    pad = new_pad()
    async with Guest(fleet.urls[0]) as guest, connect(f"{fleet.urls[1]}/p/{pad}") as bystander:
        await guest.join(pad)
        length = numeral(len(text_of(guest)))
        changeset = {
            "length": f"Z:{number}>1*0+1$x",
            "change": f"Z:{length}>{number}*0+1$x",
            "attribute": f"Z:{length}>1*{number}+1$x",
            "lines": f"Z:{length}>1|{number}=3*0+1$x",
            "kept": f"Z:{length}>1={number}*0+1$x",
            "inserted": f"Z:{length}>1*0+{number}$x",
        }[place]
        pool = pool_of(("author", guest.vars["userId"]))
        await guest.collab("USER_CHANGES", baseRev=0, changeset=changeset, apool=pool)
        await told_to_go(guest)
        await bystander.append("undisturbed\n")
        assert bystander.rev == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 5000])
async def test_numbers_that_are_none(fleet: Fleet, number: str) -> None:
    pad = new_pad()
    async with raw(fleet.urls[0]) as socket, connect(f"{fleet.urls[1]}/p/{pad}") as bystander:
        await socket.event(ready(pad))
        await socket.until("CLIENT_VARS")
        message = dumps(["message", user_changes("Z:1>0$", pool_of(), "HERE")])
        await socket.say("42" + message.replace('"HERE"', number))
        assert await socket.end() in (1003, 1006)
        await bystander.append("undisturbed\n")
        assert bystander.rev == 1


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("depth", [500, 900, 950, 980, 100_000])
@pytest.mark.parametrize("place", ["type", "component", "padId", "client_rev", "data", "event"])
async def test_deeply_nested_json_harms_nobody_wherever_it_stands(
    fleet: Fleet, depth: int, place: str
) -> None:
    """JSON that can just be read can perhaps not be written any more, into an answer or a log."""
    pad, worker = new_pad(), fleet.workers[0]
    start = worker.log.stat().st_size
    message: Any = ready(pad) if place in ("padId", "client_rev") else user_changes("", None)
    message |= {"reconnect": True} if place == "client_rev" else {}
    message |= {} if place == "event" else {place: "HERE"}
    async with raw(worker.url) as socket, connect(f"{fleet.urls[1]}/p/{pad}") as bystander:
        if place != "client_rev":
            await socket.event(ready(pad))
            await socket.until("CLIENT_VARS")
        name = "HERE" if place == "event" else "message"
        await socket.say("42" + dumps([name, message]).replace('"HERE"', nested(depth)))
        with suppress(EOFError):  # what cannot be read ends the connection
            if place == "client_rev":
                await socket.until('"rejected"')
            await socket.say("1")
            await socket.end()
        await bystander.append("undisturbed\n")
    log = worker.log.read_bytes()[start:].decode()
    assert "Traceback" not in log
    assert '"level": "error"' not in log
    assert max(map(len, log.splitlines()), default=0) < 2000


async def test_an_invalid_revision_is_not_written_into_the_log(fleet: Fleet) -> None:
    pad, worker = new_pad(), fleet.workers[0]
    async with connect(f"{fleet.urls[1]}/p/{pad}"), raw(worker.url) as socket:
        start = worker.log.stat().st_size
        await socket.event(ready(pad, reconnect=True, client_rev="x" * 100_000))
        await socket.until('"rejected"')
    log = worker.log.read_bytes()[start:].decode()
    assert "told to reload" in log
    assert len(log) < 3000


# --- Pad ids -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pad",
    [
        "",
        "a\x00b",
        "a\nb\x1b[31m",
        "a\x7f",
        "a\x85b",
        "x" * 51,
        "x" * 900_000,
        "$canary-0",
        "g.0123456789abcdef$group",
        "r.",
        "r.\x00",
        "\ud83d",
        ["x"],
        {"toString": "x"},
        0,
        True,
        None,
    ],
    ids=lambda pad: repr(pad)[:20],
)
async def test_pad_ids_that_are_none(fleet: Fleet, pad: Any) -> None:
    worker = fleet.workers[0]
    start = worker.log.stat().st_size
    async with raw(worker.url) as socket:
        await socket.event(ready(pad))
        assert loads((await socket.until("42"))[2:]) == ["message", DENY]
    log = worker.log.read_bytes()[start:].decode()
    assert "\x1b" not in log
    assert len(log) < 5000


async def test_a_pad_id_of_ten_megabytes_ends_its_connection(fleet: Fleet) -> None:
    async with raw(fleet.urls[0]) as socket:
        with suppress(ConnectionError):  # it may end while this is still on its way
            await socket.event(ready("x" * 10_000_000))
        assert await socket.end() in (1006, 1009)
        assert not any(packet.startswith("42") for packet in socket.received)


async def test_a_pad_id_that_looks_like_a_path_is_a_name(fleet: Fleet) -> None:
    """Nothing resolves the path: neither to another pad, nor to a key of another pad."""
    name = new_pad()
    paths = [
        f"{name}/../b",
        f"../{name}",
        f"{name}:revs",
        f"..\\{name}",
        f"{name}%2f..",
        f"{name}}}",
    ]
    async with Guest(fleet.urls[0]) as plain:
        await plain.join(name)
        for path in paths:
            async with connect(f"{fleet.urls[1]}/p/{quote(path, safe='')}") as other:
                await other.append("not mine\n")
                assert other.rev == 1
        await plain.write("mine")
        await plain.hears(lambda: plain.heard("ACCEPT_COMMIT"))
        assert plain.heard("ACCEPT_COMMIT")[0]["newRev"] == 1
        assert plain.heard("NEW_CHANGES") == []


# --- Order of messages ---------------------------------------------------------------------------


@each_transport
async def test_before_CLIENT_READY_nothing_is_done(fleet: Fleet, transport: str) -> None:
    pad = new_pad()
    async with (
        connect(f"{fleet.urls[1]}/p/{pad}") as bystander,
        Guest(fleet.urls[0], transports=(transport,)) as guest,
    ):
        pool = pool_of(("author", bystander.author_id))
        said: dict[str, dict[str, Any]] = {
            "USER_CHANGES": {"baseRev": 0, "changeset": "Z:1>1*0+1$x", "apool": pool},
            "USERINFO_UPDATE": {"userInfo": {"name": "x", "colorId": "#123456"}},
            "PAD_DELETE": {"data": {"padId": pad}},
            "CHAT_MESSAGE": {"message": {"text": "x"}},
        }
        for kind, data in said.items():
            error = await guest.collab(kind, padId=pad, **data)
            assert error["message"].startswith("pre-CLIENT_READY message"), kind
        assert guest.messages == []
        await bystander.append("undisturbed\n")
        assert bystander.rev == 1
        assert bystander.users == {}


@each_transport
async def test_a_second_CLIENT_READY_for_another_pad_leaves_the_first(
    fleet: Fleet, transport: str
) -> None:
    first, second, token = new_pad(), new_pad(), f"t.{secrets.token_hex(10)}"
    async with (
        connect(f"{fleet.urls[1]}/p/{first}") as here,
        connect(f"{fleet.urls[1]}/p/{second}") as there,
        Guest(fleet.urls[0], transports=(transport,)) as guest,
    ):
        await guest.join(first, token=token)
        await here.until(lambda: len(here.users) == 1)
        text = text_of(guest)
        await guest.join(second, token=token)
        await there.until(lambda: len(there.users) == 1)
        await here.until(lambda: here.users == {})
        await here.append("not for the guest\n")
        pool = pool_of(("author", next(iter(there.users))))
        change = make_splice(text, 0, 0, "x", "*0")
        assert await guest.collab("USER_CHANGES", baseRev=0, changeset=change, apool=pool) is None
        await there.until(lambda: there.rev == 1)
        assert here.rev == 1, "the edit went to the pad that was left"
        assert guest.heard("NEW_CHANGES") == []
        assert "not for the guest" not in dumps(guest.messages)


# --- Read-only -----------------------------------------------------------------------------------


@each_transport
async def test_who_came_by_a_read_only_id_cannot_edit(fleet: Fleet, transport: str) -> None:
    """Such a client cannot edit by claiming the pad's id, by asking again, or before the answer has
    come."""
    pad = new_pad()
    async with connect(f"{fleet.urls[0]}/p/{pad}") as writer:
        await writer.append("hello\n")
        async with Guest(fleet.urls[1], transports=(transport,)) as reader:
            await reader.join(writer.read_only_id, readonly=False, readOnly=False)
            change = identity(len(text_of(reader)))
            claims: list[dict[str, Any]] = [{}, {"padId": pad}, {"readonly": False}]
            for more in claims:
                error = await reader.collab(
                    "USER_CHANGES", baseRev=1, changeset=change, apool=pool_of(), **more
                )
                assert error["message"].endswith("write attempt on read-only pad")
            await reader.ready(writer.read_only_id, reconnect=True, client_rev=1)
            error = await reader.collab("PAD_DELETE", data={"padId": pad})
            assert error["message"].endswith("write attempt on read-only pad")
        async with raw(fleet.urls[1]) as socket:
            await socket.event(ready(writer.read_only_id))
            await socket.say(f"427{dumps(['message', user_changes(change, pool_of(), 1)])}")
            answer = await socket.until("437")
            assert "read-only" in answer or "pre-CLIENT_READY" in answer
        await writer.append("as before\n")
        assert writer.rev == 2


async def test_nothing_that_a_reader_is_sent_tells_the_pads_id(fleet: Fleet) -> None:
    """The id is searched for in every byte, plain and in the usual codes, also in the answers to
    nonsense."""
    pad = f"secret{secrets.token_hex(8)}"
    codes = [
        pad,
        pad.upper(),
        pad.encode().hex(),
        base64.b64encode(pad.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(b" " + pad.encode()).decode()[2:-4],
    ]
    received: list[str] = []
    async with connect(f"{fleet.urls[0]}/p/{pad}", name="Ada") as writer:
        read_only = writer.read_only_id
        async with raw(fleet.urls[1]) as socket:
            received = socket.received
            for message in (
                ready(read_only, userInfo={"name": "Eve", "colorId": "#123456"}),
                user_changes("Z:1>0$", pool_of()),
                {"type": "COLLABROOM", "component": "pad", "data": {"type": "PAD_DELETE"}},
                {"type": "GET_CHAT_MESSAGES", "component": "pad"},
                {"type": "CHANGESET_REQ", "component": "pad", "padId": read_only, "data": {}},
                {"type": "NONSENSE", "component": "pad"},
                ready(f"{read_only}x"),
                ready("r." + "0" * 32),
            ):
                await socket.say(f"421{dumps(['message', message])}")
                await socket.until("431")
        async with raw(fleet.urls[1]) as socket:
            socket.received = received  # one list for all that this reader is sent
            token = f"t.{secrets.token_hex(10)}"
            await socket.event(ready(read_only, token=token))
            await socket.until("CLIENT_VARS")
            await writer.append("seen\n")
            await socket.until("NEW_CHANGES")
            async with connect(f"{fleet.urls[0]}/p/{pad}", name="Bob"):
                await socket.until("USER_NEWINFO")
            await socket.until("USER_LEAVE")
            await socket.event(ready(read_only, token=token, reconnect=True, client_rev=0))
            await socket.until("CLIENT_RECONNECT")
        async with Guest(fleet.urls[1], query=f"padId={read_only}") as reader:
            await reader.join(read_only)
            # /stats/prometheus names pads. It is the operator's, see docs/security.md.
            for page in (f"/p/{read_only}", "/metrics", "/health/ready"):
                assert pad not in await _page(fleet.urls[1] + page), page
        await eventually(lambda: len(received) > 12)
    everything = "\n".join(received)
    assert read_only in everything
    for code in codes:
        assert code not in everything


async def _page(url: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return await answer.text()


async def test_read_only_ids_say_nothing_about_their_pads(fleet: Fleet) -> None:
    """They are made by chance, not from the id, so nobody can try names until one fits."""
    pad = new_pad()
    async with connect(f"{fleet.urls[0]}/p/{pad}") as first:
        async with Guest(fleet.urls[1]) as other:
            await other.join(pad)
            assert other.vars["readOnlyId"] == first.read_only_id, "one for each pad"
        gone = first.read_only_id
    async with connect(f"{fleet.urls[0]}/p/{pad}x") as second:
        assert gone[:6] != second.read_only_id[:6]
