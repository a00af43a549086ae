"""Provides what attackers are made of (raw connections, WebSockets and HTTP), and counts their
outcomes.

Each attack comes from a loopback address of its own, so limits by address apply to the attacker,
and the bystanders, who come from 127.0.0.1, are different clients.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp

from tests.attack.messages import ready

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

BREACH: Final = "BREACH: "
"""The beginning of an outcome that nobody should get."""

PATIENCE: Final = 15.0
"""How many seconds an attacker waits for an answer that it wants."""

_STALLED: Final = 3.0
"""A worker that takes nothing more of a flood counts as stalled after this many seconds."""


@dataclass(frozen=True)
class Target:
    """The fleet as an attacker knows it."""

    host: str
    port: int  #: of the worker under attack
    neighbour: int  #: port of the other one
    ops_port: int
    key: str  #: of the HTTP API
    large: str  #: an existing pad of some megabytes
    chatty: str  #: an existing pad with much chat
    long: str  #: an existing pad with many revisions
    address: str = "127.0.0.2"  #: the attacker's own address

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def api(self, function: str) -> str:
        return f"{self.url}/api/1.3.0/{function}"

    def client(self, number: int) -> Target:
        """Returns the same worker for another client, who comes from another address."""
        return replace(self, address=f"127.7.{number // 250 % 250}.{number % 250 + 1}")


class Tally(Counter[str]):
    """Counts the outcomes of an attacker's tries."""

    def __str__(self) -> str:
        return ", ".join(f"{word} ×{count:,}" for word, count in self.most_common(6)) or "–"


class Fate(Exception):
    """The end of an attacker's connection, in a word or two."""


# --- Connections ---------------------------------------------------------------------------------


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def status(self) -> str:
        """Returns the status of the next answer."""
        async with asyncio.timeout(PATIENCE):
            line = await self.reader.readline()
        if not line:
            raise Fate("closed")
        words = line.split()
        return words[1].decode(errors="replace") if len(words) > 1 else "no HTTP"

    async def ended(self) -> str:
        """Waits until the worker ends the connection, whatever it answers before, and returns the
        answer's status."""
        begun = b""
        while data := await self.reader.read(1 << 16):
            begun = begun or data[:64]
        words = begun.split()
        return f"{words[1].decode(errors='replace')}, ended" if len(words) > 1 else "ended"

    def stop_reading(self) -> None:
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def pour_slowly(self, data: bytes, pause: float) -> str:
        """Sends the data over and over, with a pause before each time, until the connection is
        ended."""
        ending = asyncio.create_task(self.ended())
        try:
            while not ending.done():
                await asyncio.wait({ending}, timeout=pause)
                self.writer.write(data)
        finally:
            ending.cancel()
        return await ending

    async def pour(self, data: bytes) -> str:
        """Sends the data over and over until the connection is ended, or nothing more is taken."""
        while True:
            self.writer.write(data)
            try:
                # This does not use wait_for, which on Python 3.11 swallows a cancellation now and
                # then.
                async with asyncio.timeout(_STALLED):
                    await self.writer.drain()
            except TimeoutError:
                return "held back"
            await asyncio.sleep(0)


@asynccontextmanager
async def connection(target: Target, *, small: bool = False) -> AsyncIterator[Connection]:
    """Opens a connection; if `small`, its receive buffer is small, so that the worker soon notices
    what is not read."""
    made = socket.socket()
    made.setblocking(False)
    if small:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.bind((target.address, 0))
    try:
        await asyncio.get_running_loop().sock_connect(made, (target.host, target.port))
        reader, writer = await asyncio.open_connection(sock=made, limit=1 << 24)
    except BaseException:
        made.close()
        raise
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


async def raw(target: Target, request: bytes) -> str:
    """Returns the status of the answer to these bytes."""
    async with connection(target) as made:
        await made.send(request)
        return await made.status()


async def answered(target: Target, request: bytes) -> tuple[str, bytes]:
    """Returns the status, and the whole answer until the worker hangs up."""
    async with connection(target) as made:
        await made.send(request)
        answer = await made.reader.read(-1)
    return answer.split(b" ", 2)[1].decode(), answer


def told(status: int | str) -> str:
    """Returns a status as an outcome; nobody should get a 500."""
    return BREACH + "500" if str(status) == "500" else str(status)


# --- WebSockets ----------------------------------------------------------------------------------


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0) -> bytes:
    """Returns a frame from a client, with a mask of zeros."""
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes((opcode | reserved | (0x80 if final else 0),)) + length + bytes(4) + payload


def event(message: Any, number: int | None = None) -> bytes:
    """Returns a Socket.IO event as a frame; `number` asks for an acknowledgement."""
    return frame(TEXT, f"42{'' if number is None else number}".encode() + dumped(message))


def dumped(message: Any) -> bytes:
    """The message as JSON, with lone surrogates escaped."""
    return json.dumps(["message", message]).encode()


class WebSocket(Connection):
    async def hear(self) -> bytes:
        """Returns the next message; it answers pings of Engine.IO."""
        while True:
            head = await self.reader.readexactly(2)
            opcode, size = head[0] & 15, head[1] & 127
            if size > 125:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            payload = await self.reader.readexactly(size)
            if opcode == CLOSE:
                raise Fate(f"closed {int.from_bytes(payload[:2], 'big')}")
            if payload == b"2":
                self.writer.write(frame(TEXT, b"3"))
            elif opcode in (TEXT, BINARY):
                return payload

    async def until(self, word: str) -> bytes:
        """Returns the next message that contains this word. Raises `Fate` if the client is told to
        leave before."""
        async with asyncio.timeout(PATIENCE):
            while True:
                heard = await self.hear()
                if word.encode() in heard:
                    return heard
                if b'"disconnect":' in heard:
                    raise Fate(json.loads(heard[2:])[1]["disconnect"])
                if b'"accessStatus":' in heard:
                    raise Fate("denied")

    async def dismissed(self) -> str:
        """Listens until the client is told to leave, which raises `Fate`, or for as long as it has
        patience."""
        return (await self.until("nothing")).decode()

    async def say(self, message: Any, number: int | None = None) -> None:
        await self.send(event(message, number))

    async def join(self, pad: Any, **more: Any) -> dict[str, Any]:
        """Joins the pad, and returns its CLIENT_VARS."""
        await self.say(ready(pad, **more))
        found: dict[str, Any] = json.loads((await self.until("CLIENT_VARS"))[2:])[1]["data"]
        return found

    async def ask(self, message: Any) -> str:
        """Sends a message, and returns what its acknowledgement says."""
        await self.say(message, 7)
        answer = json.loads((await self.until("437[")).partition(b"437")[2])
        return "taken" if answer[0] is None else "refused"

    async def flood(self, data: bytes, patience: float = PATIENCE) -> str:
        """Pours the data while reading, and returns the outcome. If nothing is heard for so many
        seconds, the worker holds the attacker back."""
        pouring = asyncio.create_task(self.pour(data))
        try:
            while not pouring.done():
                async with asyncio.timeout(patience):
                    await self.hear()
        except TimeoutError:
            return "held back"
        finally:
            pouring.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await pouring
        return "held back"


@asynccontextmanager
async def websocket(
    target: Target, *, query: str = "", headers: str = "", small: bool = False, greet: bool = True
) -> AsyncIterator[WebSocket]:
    """Opens a WebSocket, and connects in Socket.IO's sense if it is to `greet`."""
    async with connection(target, small=small) as made:
        await made.send(
            f"GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: {target.host}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n".encode()
        )
        status = await made.status()
        if status != "101":
            raise Fate(status)
        await made.reader.readuntil(b"\r\n\r\n")
        opened = WebSocket(made.reader, made.writer)
        if greet:
            await opened.send(frame(TEXT, b"40"))
        yield opened


# --- HTTP ----------------------------------------------------------------------------------------


@asynccontextmanager
async def http(target: Target) -> AsyncIterator[aiohttp.ClientSession]:
    """Opens a session with any number of connections at once."""
    connector = aiohttp.TCPConnector(limit=0, local_addr=(target.address, 0))
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


async def polling(session: aiohttp.ClientSession, target: Target) -> str:
    """Returns the URL of a new Engine.IO session."""
    url = f"{target.url}/socket.io/?EIO=4&transport=polling"
    async with session.get(url) as answer:
        if answer.status != 200:
            raise Fate(str(answer.status))
        return f"{url}&sid={json.loads((await answer.text())[1:])['sid']}"


# --- Many, and repeated --------------------------------------------------------------------------

Once = Callable[[int], Awaitable[str | None]]


async def outcome(work: Awaitable[str | None]) -> str:
    """Returns the outcome of a try."""
    try:
        return await work or "done"
    except Fate as fate:
        return str(fate)
    except (OSError, EOFError, aiohttp.ClientError) as error:
        return "no answer in time" if isinstance(error, TimeoutError) else "cut off"


async def all_at_once(tally: Tally, clients: int, once: Once) -> None:
    """Lets each of so many clients do it once, and counts the outcomes."""

    async def client(number: int) -> None:
        tally[await outcome(once(number))] += 1

    await asyncio.gather(*(client(number) for number in range(clients)))


async def over_and_over(tally: Tally, clients: int, once: Once, pause: float = 0) -> None:
    """Lets so many clients do it again and again, each with its own number at first, until the time
    is up."""

    async def client(number: int) -> None:
        while True:
            tally[await outcome(once(number))] += 1
            number += clients
            await asyncio.sleep(pause)

    await asyncio.gather(*(client(number) for number in range(clients)))


async def forever() -> None:
    """Waits until the time of the attack is up."""
    await asyncio.Event().wait()
