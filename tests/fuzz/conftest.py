from __future__ import annotations

import gc
from collections.abc import Iterator

import engineio.packet
import engineio.payload
import pytest
import socketio.packet


@pytest.fixture(autouse=True)
def _no_collection_in_between() -> Iterator[None]:
    """Keeps the garbage collector off: in the middle of JSON that is nested as deep as Python
    allows, a callback of a weak reference would have no room left to run, and pytest takes that for
    a failure."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True, scope="module")
def _libraries_as_they_were() -> Iterator[None]:
    """Restores the libraries: a server that is given a JSON module of its own sets it for the whole
    process, and clients of other tests would read half emojis as we do."""
    engine, sio = engineio.packet.Packet, socketio.packet.Packet
    payload = engineio.payload.Payload
    before = engine.json, sio.json, payload.max_decode_packets
    yield
    engine.json, sio.json, payload.max_decode_packets = before
