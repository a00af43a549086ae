"""Implements one hostile connection to a worker, over WebSocket or polling, with what `messages`
makes."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from random import Random
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import ClientTimeout
from yarl import URL

from padfleet.services.tools.loadtest.websocket import FrameReader, LoadSocketError, upgrade_request
from padfleet.shared.easysync import to_units
from padfleet.shared.wire import socketio
from padfleet.shared.wire.jsontext import dumps
from padfleet.shared.wire.socketio import BadPacket, ClosePacket, ConnectErrorPacket, Event
from tests.fuzz import corpus, messages
from tests.fuzz.mutate import mutated

PATIENCE = 5.0
"""How many seconds a worker has to answer; after that it is attacked without an answer."""

_QUERY = "EIO=4&transport={}&padId=x&t=abc"


class Attacker:
    """An attacker whose actions depend on its source alone, except for what it is told about a
    pad."""

    def __init__(self, source: Random, url: str, pads: list[str]) -> None:
        self._source = source
        self._url = url
        self._pad = source.choice(pads)
        self._text, self._author = corpus.PAD_TEXT, corpus.AUTHOR
        self.sent = 0  #: packets and frames

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Attacks once. Any answer is accepted, even none: others find out whether the worker
        lives."""
        with suppress(
            OSError, EOFError, TimeoutError, aiohttp.ClientError, ValueError, LoadSocketError
        ):
            if self._source.random() < 0.6:
                await self._over_websocket()
            else:
                await self._over_polling(http)

    def _ready(self) -> str:
        said: dict[str, Any] = {**corpus.MESSAGES[0], "padId": to_units(self._pad)}
        # It is mostly a new author, so that the attackers do not only throw each other out.
        if self._source.random() < 0.8:
            said["token"] = f"t.{self._source.getrandbits(64):x}"
        return f"42{dumps(['message', said])}"

    def _packets(self) -> list[str]:
        count = self._source.choice([1, 2, 4, 8])
        made = [
            messages.packet(self._source, self._text, self._author)
            for _ in range(self._source.choice([count, count, count * 4]))
        ]
        self.sent += len(made)
        return made

    def _learn(self, packet: str) -> bool:
        """Returns whether this answers a CLIENT_READY. From CLIENT_VARS it learns what fits the
        pad."""
        try:
            found = socketio.decode(packet)
        except BadPacket:
            return False
        match found:
            case Event("message", [{"type": "CLIENT_VARS", "data": dict(data)}]):
                self._author = data["userId"]
                self._text = data["collab_client_vars"]["initialAttributedText"]["text"]
                return True
            case Event() | ClosePacket() | ConnectErrorPacket():
                return True
        return False

    # --- WebSocket -------------------------------------------------------------------------------

    async def _over_websocket(self) -> None:
        place = urlsplit(self._url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            target = f"/socket.io/?{_QUERY.format('websocket')}"
            request = upgrade_request(place.netloc, target, secrets.token_bytes(16))
            if self._source.random() < 0.05:
                request = mutated(self._source, request, [request])
            writer.write(request)
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            if self._source.random() < 0.9:
                await self._join_over_websocket(reader, writer)
            for _ in range(self._source.choice([1, 1, 3])):
                stream = messages.frames(self._source, self._packets())
                for chunk in messages.chunks(self._source, stream):
                    writer.write(chunk)
                    await writer.drain()
            if self._source.random() < 0.5:
                # It stays until the worker ends it, or for a moment.
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(), self._source.choice([0.01, 0.1]))
        finally:
            if self._source.random() < 0.5:
                writer.transport.abort()
            writer.close()

    async def _join_over_websocket(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for packet in ["40", self._ready()]:
            writer.write(messages.frame(self._source, packet.encode()))
        frames = FrameReader()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while data := await reader.read(1 << 16):
                    if any(self._learn(found.decode()) for found in frames.feed(data)):
                        return

    # --- Polling ---------------------------------------------------------------------------------

    async def _over_polling(self, http: aiohttp.ClientSession) -> None:
        source = self._source
        plain = f"{self._url}/socket.io/?{_QUERY.format('polling')}"
        opened = (await self._get(http, plain)).decode()
        url = f"{plain}&sid={socketio.decode(opened).sid}"  # type: ignore[union-attr]
        if source.random() < 0.9:
            await self._post(http, url, b"40")
            await self._post(http, url, self._ready().encode())
            async with asyncio.timeout(PATIENCE):
                for _ in range(5):
                    answer = (await self._get(http, url)).decode()
                    if any(self._learn(packet) for packet in answer.split("\x1e")):
                        break
        for _ in range(source.choice([1, 2, 4])):
            self.sent += 1
            body = messages.payload(source, self._text, self._author)
            odd = mutated(source, url, [url]) if source.random() < 0.1 else url
            await self._post(http, odd, body)
        if source.random() < 0.3:
            await self._get(http, url + source.choice(["", "&j=0", "&j=x", "&transport=websocket"]))
        if source.random() < 0.9:
            await self._post(http, url, b"1")

    async def _get(self, http: aiohttp.ClientSession, url: str) -> bytes:
        async with http.get(_as_it_is(url), timeout=ClientTimeout(2)) as answer:
            return await answer.read()

    async def _post(self, http: aiohttp.ClientSession, url: str, body: bytes) -> None:
        async with http.post(_as_it_is(url), data=body, timeout=ClientTimeout(2)) as answer:
            await answer.read()


def _as_it_is(url: str) -> URL:
    return URL(url.encode("ascii", "ignore").decode(), encoded=True)
