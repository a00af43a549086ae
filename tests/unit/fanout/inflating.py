"""The client's end of a WebSocket with permessage-deflate, which shows how a client reads what it
is sent."""

import zlib
from typing import NamedTuple

from padfleet.services.fanout.transport.deflate import WINDOW_BITS

TAIL = b"\x00\x00\xff\xff"


class Arrived(NamedTuple):
    """One message that has arrived, and whether it was deflated."""

    text: str
    deflated: bool


class InflatingClient:
    """Feed it with what a server writes. It has one inflater for as long as it lives, as a browser
    has with context takeover, and a window no larger than what was agreed on."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(-WINDOW_BITS)

    def read(self, data: bytes) -> list[Arrived]:
        """Returns the messages in these whole frames. Raises zlib.error if the data cannot be
        inflated."""
        found = []
        while data:
            first, length, header = data[0], data[1], 2
            if length == 126:
                length, header = int.from_bytes(data[2:4], "big"), 4
            elif length == 127:
                length, header = int.from_bytes(data[2:10], "big"), 10
            payload, data = data[header : header + length], data[header + length :]
            assert len(payload) == length, "half a frame"
            assert first in (0x81, 0xC1)
            if first == 0xC1:
                payload = self._inflater.decompress(payload + TAIL)
                assert not self._inflater.eof
            found.append(Arrived(payload.decode(), first == 0xC1))
        return found
