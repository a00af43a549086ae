"""Implements a client's WebSocket, in the form that all clients of the tool share.

It does not use `shared.client.line`: aiohttp takes several times as long for a frame as everything
else that is done with it, and here hundreds of clients share one core.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import cast

from padfleet.services.tools.loadtest.inflate import (
    OFFER,
    InflateError,
    Inflating,
    SharedInflater,
)
from padfleet.services.tools.loadtest.target import LoadTarget
from padfleet.services.tools.loadtest.websocket import (
    FrameReader,
    LoadSocketError,
    Upgrade,
    pong,
    text_frame,
)


class ClientSocket(asyncio.Protocol, ABC):
    """A connection to the WebSocket of a pad, for `loop.create_connection`. A subclass implements
    `messages`, which is called with whatever arrives, and `ended`, which is called when the
    connection ends.

    Pings of the WebSocket are answered; those of Engine.IO are messages.
    """

    def __init__(
        self, target: LoadTarget, pad_id: str, inflater: SharedInflater | None = None
    ) -> None:
        """Takes the server and the pad. Without an inflater, the socket does not offer
        compression."""
        self._inflater = inflater
        self._target = target
        self._pad_id = pad_id
        self._upgrade = Upgrade(OFFER if inflater is not None else "")
        self._frames = FrameReader()
        self._transport: asyncio.Transport | None = None

    # --- For those who derive from it ------------------------------------------------------------

    @abstractmethod
    def messages(self, texts: list[bytes], size: int) -> None:
        """Takes the messages, as UTF-8, that one read of `size` bytes has completed; there may be
        none."""

    @abstractmethod
    def ended(self, why: str) -> None:
        """Learns that the connection is lost, was closed by the server, or carries no valid
        WebSocket data. It may be called several times; the first `why` is the cause."""

    def say(self, packet: str) -> None:
        """Sends a packet, unless the connection is closing or gone."""
        self.write(text_frame(packet.encode()))

    def write(self, data: bytes) -> None:
        """Sends whole frames, unless the connection is closing or gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        """Closes the connection without a goodbye."""
        if self._transport is not None:
            self._transport.abort()

    # --- What the event loop calls ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport has all the methods, but not the base class.
        self._transport = cast(asyncio.Transport, transport)
        request = self._target.request(self._pad_id)
        self._transport.write(self._upgrade.request(self._target.authority, request))

    def data_received(self, data: bytes) -> None:
        size = len(data)
        try:
            if not self._upgrade.done:
                data = self._upgrade.feed(data)
                if self._upgrade.agreed and self._inflater is not None:
                    self._frames.inflating = Inflating(self._inflater, self._upgrade.agreed)
            texts = self._frames.feed(data)
        except (LoadSocketError, InflateError) as error:
            self.ended(str(error))
            return
        self.messages(texts, size)
        for payload in self._frames.pings:
            self.write(pong(payload))
        self._frames.pings.clear()
        if self._frames.closed is not None:
            self.ended(f"closed with code {self._frames.closed}")

    def connection_lost(self, error: Exception | None) -> None:
        self.ended(f"connection lost: {error}" if error else "connection lost")
        self._transport = None
