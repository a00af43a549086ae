"""Tests what packets cost their sender: the values in them as well as their bytes."""

from __future__ import annotations

import json

import pytest
from engineio.exceptions import SocketIsClosedError

from padfleet.services.fanout.transport.cost import SHORT, VALUES_ONE_MORE, cost_of, values_of
from padfleet.services.fanout.transport.engine_socket import EngineSocket
from padfleet.services.fanout.transport.post_body import TextPacket
from padfleet.services.fanout.transport.socketio_server import open_server
from padfleet.shared.bucket import RateLimit
from padfleet.shared.payers import Payer
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.wire.jsontext import MOST_VALUES, BadJson

LISTS = '42["message",[' + ",".join(["[]"] * 3000) + "]]"
TEXT = f'42["message","{"x" * (len(LISTS) - 16)}"]'


@pytest.fixture
def polling() -> EngineSocket:
    server = open_server(FanoutSettings())
    server.eio.pace = RateLimit(1.0, 3000 / VALUES_ONE_MORE, 0.0)
    return EngineSocket(server.eio, "sid", Payer("192.0.2.1"))


def test_values_cost_more_than_their_bytes() -> None:
    assert len(TEXT) == len(LISTS)
    assert cost_of(len(TEXT), values_of(TEXT)) < 3
    assert cost_of(len(LISTS), values_of(LISTS)) > 3000 / VALUES_ONE_MORE


def test_a_short_packet_is_one_message() -> None:
    edit = json.dumps({"changeset": "Z:1>1*0+1$x", "apool": {"numToAttrib": {}, "nextNum": 0}})
    assert values_of(edit) == 0
    assert values_of("[" * SHORT) == 0


def test_what_a_text_holds_is_no_value() -> None:
    assert values_of(json.dumps({"text": "[1,2,3],{}" * 5000})) == 2


def test_more_values_than_a_message_may_have_are_refused() -> None:
    assert values_of("[" + "0," * (MOST_VALUES - 2) + "0]") == MOST_VALUES
    with pytest.raises(BadJson):
        values_of("[" + "0," * MOST_VALUES + "0]")


async def test_a_poll_is_charged_for_the_values_in_its_packets(polling: EngineSocket) -> None:
    await polling.receive(TextPacket(encoded_packet="3" + TEXT))
    with pytest.raises(SocketIsClosedError):
        await polling.receive(TextPacket(encoded_packet="3" + LISTS))


async def test_a_packet_of_the_engine_is_not_read_as_json(polling: EngineSocket) -> None:
    """It was, before anybody had been charged for it."""
    packet = TextPacket(encoded_packet="3" + LISTS[13:-1])
    assert packet.data == LISTS[13:-1]
    with pytest.raises(SocketIsClosedError):
        await polling.receive(packet)
