"""Tests that what holds back one WebSocket of a socket holds back the other."""

from __future__ import annotations

import asyncio
from typing import cast

from padfleet.services.fanout.transport.read_control import ReadControl
from padfleet.services.fanout.transport.websocket_connection import Hold, WebSocketConnection


class Held:
    """Stands in for a WebSocket, and knows why it is not read."""

    def __init__(self, reading: ReadControl) -> None:
        self.holds = 0
        reading.add(cast(WebSocketConnection, self))

    def hold(self, why: int) -> None:
        self.holds |= why

    def release(self, why: int) -> None:
        self.holds &= ~why


def test_a_second_websocket_is_held_back_like_the_first() -> None:
    reading = ReadControl()
    first = Held(reading)
    reading.hold(Hold.UNREAD)
    second = Held(reading)
    assert (first.holds, second.holds) == (Hold.UNREAD, Hold.UNREAD)
    reading.release(Hold.UNREAD)
    assert (first.holds, second.holds) == (0, 0)


def test_a_websocket_that_has_ended_is_forgotten() -> None:
    reading = ReadControl()
    first, second = Held(reading), Held(reading)
    reading.remove(cast(WebSocketConnection, first))
    reading.hold(Hold.UNREAD)
    assert (first.holds, second.holds) == (0, Hold.UNREAD)


async def test_a_client_that_goes_on_sending_too_fast_waits_from_then_on() -> None:
    reading = ReadControl()
    connection = Held(reading)
    reading.slow_down(0.0)
    reading.slow_down(60.0)
    assert connection.holds == Hold.FAST
    await asyncio.sleep(0.01)  # the first wait is over
    assert connection.holds == Hold.FAST
    reading.slow_down(0.0)
    reading._resume()
    assert connection.holds == 0
