from __future__ import annotations

import gc
from collections.abc import Iterator

import engineio.packet
import engineio.payload
import pytest
import socketio.packet


@pytest.fixture(autouse=True)
def _no_collection_in_between() -> Iterator[None]:
    """In the middle of JSON that is nested as deep as Python goes, a callback of a weak reference
    would have no room left to run, and pytest takes that for a failure."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True, scope="module")
def _libraries_as_they_were() -> Iterator[None]:
    """A server that is given a JSON module of its own gives it to all of the process: clients of
    other tests would read our half emojis."""
    engine, sio = engineio.packet.Packet, socketio.packet.Packet
    payload = engineio.payload.Payload
    before = engine.json, sio.json, payload.max_decode_packets
    yield
    engine.json, sio.json, payload.max_decode_packets = before
