"""Tests what the libraries log about clients: a line for an invalid packet, and nothing for a
client that has gone."""

from __future__ import annotations

import logging

import pytest
from engineio.exceptions import SocketIsClosedError, UnknownPacketError

from padfleet.services.fanout.transport.socketio_server import library_logger


def logged(caplog: pytest.LogCaptureFixture, error: Exception) -> list[str]:
    logger = library_logger("engineio.test")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        try:
            raise error
        except Exception:
            logger.exception("receive error")
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records]


@pytest.mark.parametrize("error", [UnknownPacketError(), ValueError("x"), KeyError("x")], ids=repr)
def test_what_is_no_packet_is_one_line(caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    assert logged(caplog, error) == ["INFO malformed packet from a client"]


def test_a_socket_that_has_gone_is_not_blamed_for_malformed_packets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert logged(caplog, SocketIsClosedError()) == []
