"""Tests that processes started as copies of a warm one end like all others, and that their exit is
reported."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import warm_start
from tests.warm_start import Started

Start = Callable[..., Started]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    server = warm_start.server()
    assert server is not None

    def started(*words: str, stdin: int = subprocess.DEVNULL, **environment: str) -> Started:
        with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
            return server.start(
                words,
                env={"PATH": os.environ["PATH"], **environment},
                stdin=stdin,
                stdout=out.fileno(),
                stderr=err.fileno(),
            )

    return started


def test_its_output_and_exit_code_are_its_own(start: Start, tmp_path: Path) -> None:
    assert start("--help").wait(30) == 0
    assert "usage: padfleet" in (tmp_path / "out").read_text()
    assert start("no-such-command").wait(30) == 2
    assert "no such command" in (tmp_path / "err").read_text()


def test_its_environment_is_its_own(start: Start, tmp_path: Path) -> None:
    assert start("writer", PADFLEET_REDIS_URL="nonsense://").wait(30) == 2
    assert "nonsense" in (tmp_path / "err").read_text()


def test_a_killed_one_says_by_what(start: Start) -> None:
    ours, theirs = os.pipe()
    one = start("pad", "append", "http://127.0.0.1:9/p/x", stdin=ours)  # waits for what to append
    other = start("probe", "--help")
    one.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.2)
    one.kill()
    assert one.wait(30) == -signal.SIGKILL
    assert other.wait(30) == 0
    one.kill()  # does nothing, as with `Popen`
    os.close(ours)
    os.close(theirs)
