"""Tests `padfleet probe`, the health check of an image without curl."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from padfleet.services.tools.probe.__main__ import main
from tests.processes import free_ports


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = self.path == "/health/ready"
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}' if ready else b'{"why": "draining"}')

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the log out of the test's output."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_process_that_is_ready(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past any proxy that the environment names."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert main([url]) == 0
    assert capsys.readouterr().out == '200 {"status": "ok"}\n'


def test_one_that_is_not_says_why(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{url}/health/live"]) == 1
    assert "draining" in capsys.readouterr().out


def test_a_process_that_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = free_ports(1)
    assert main([f"http://127.0.0.1:{port}"]) == 1
    assert "does not answer" in capsys.readouterr().out


def test_a_process_that_has_ended_is_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The message says that the process has ended and refers to its log. A living process is waited
    for."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    (port,) = free_ports(1)
    wait = ["--wait", "100", f"http://127.0.0.1:{port}", "--process"]
    assert main([*wait, str(ended.pid)]) == 1
    assert "has ended" in capsys.readouterr().out
    assert main(["--wait", "0.5", *wait[2:], str(os.getpid())]) == 1
    assert "does not answer" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["", "localhost:9001", "https://localhost", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SystemExit):
        main([url])
