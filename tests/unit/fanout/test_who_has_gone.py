"""Tests that packets which are read only after their sender has gone are no fault of ours."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.transport.socketio_server import open_server
from padfleet.shared.settings import FanoutSettings


@pytest.mark.parametrize("packet", ["40", "41", '42["message",{}]', "43[]"])
async def test_what_somebody_sent_who_has_gone_is_left_out(packet: str) -> None:
    """Packets that come together are read one by one, and others have their turn in between."""
    server = open_server(FanoutSettings())
    server.on("connect", lambda *_: pytest.fail("somebody who is not there came in"))
    await server._handle_eio_message("gone", packet)
