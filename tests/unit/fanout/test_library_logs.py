"""Tests what the libraries log about clients: nothing about one that has gone, and a fault of ours
as one."""

from __future__ import annotations

import logging

import pytest
from engineio.exceptions import SocketIsClosedError

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


def test_a_fault_of_ours_is_not_taken_for_a_malformed_packet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert logged(caplog, KeyError("x")) == ["ERROR receive error"]
    assert caplog.records[0].exc_info


def test_a_socket_that_has_gone_is_not_blamed_for_malformed_packets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert logged(caplog, SocketIsClosedError()) == []
