"""Tests that a process which cannot bind its port says which port and why, and does not blame
Redis."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from padfleet.services.tools.up.server import HOST
from tests.fleet import ROOT
from tests.processes import free_ports


@pytest.mark.parametrize(
    ("kind", "option"), [("writer", "--port"), ("fanout", "--port"), ("fanout", "--ops-port")]
)
def test_a_process_whose_port_is_taken_says_so(redis_url: str, kind: str, option: str) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = str(other.getsockname()[1])
        options = ("--port", "--ops-port")[: 1 if kind == "writer" else 2]
        places = dict(zip(options, map(str, free_ports(2)), strict=False)) | {option: port}
        ended = subprocess.run(
            [sys.executable, "-m", "padfleet", kind, "--redis-url", redis_url, "--host", HOST]
            + [part for pair in places.items() for part in pair],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2, ended.stderr
    assert f"cannot listen at http://{HOST}:{port}" in ended.stderr
    assert "cannot use Redis" not in ended.stderr
