"""Tests that a process which cannot bind its port says which port and why, and does not blame
Redis."""

from __future__ import annotations

import socket

import pytest

from padfleet.services.tools.up.server import HOST
from tests.processes import free_ports
from tests.tools import ran


@pytest.mark.parametrize(
    ("kind", "option"), [("writer", "--port"), ("fanout", "--port"), ("fanout", "--ops-port")]
)
def test_a_process_whose_port_is_taken_says_so(redis_url: str, kind: str, option: str) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = str(other.getsockname()[1])
        options = ("--port", "--ops-port")[: 1 if kind == "writer" else 2]
        places = dict(zip(options, map(str, free_ports(2)), strict=False)) | {option: port}
        words = [part for pair in places.items() for part in pair]
        ended = ran(kind, "--redis-url", redis_url, "--host", HOST, *words)
    assert ended.code == 2, ended
    assert f"cannot listen at http://{HOST}:{port}" in ended.err
    assert "cannot use Redis" not in ended.err
