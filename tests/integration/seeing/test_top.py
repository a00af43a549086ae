"""`padfleet top` as people run it: in a terminal, and in a script."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from services.up.server import EmbeddedServer
from tests.eventually import eventually, eventually_sync
from tests.fleet import ROOT, Fleet
from tests.tools import Ended, padfleet

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as fleet:
        yield fleet


class Screen:
    """A pseudo-terminal with `padfleet top` in it."""

    def __init__(self, redis_url: str, columns: int, lines: int = 24) -> None:
        self.far, self.near = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self.near)
        self.shown = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services", "top"],
            cwd=ROOT,
            env={**os.environ, "PADFLEET_REDIS_URL": redis_url, "TERM": "xterm"},
            stdin=self.near,
            stdout=self.near,
            stderr=self.near,
            start_new_session=True,
        )

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self) -> bytes:
        while select.select([self.far], [], [], 0)[0]:
            self.shown += os.read(self.far, 65536)
        return self.shown

    def until(self, words: bytes) -> None:
        eventually_sync(lambda: words in self.read(), f"{words!r} is shown", timeout=30)

    def press(self, keys: bytes) -> None:
        os.write(self.far, keys)

    def ends(self) -> int:
        def ended() -> bool:
            self.read()  # or it could not write its last
            return self.process.poll() is not None

        eventually_sync(ended, "it ends", timeout=20)
        self.read()
        assert self.process.returncode is not None
        return self.process.returncode

    def is_as_before(self) -> bool:
        assert self.shown.count(ENTER) == self.shown.count(LEAVE) == 1
        assert self.shown.rindex(LEAVE) > self.shown.index(ENTER)
        assert self.shown.rindex(SHOW) > self.shown.index(HIDE)
        return termios.tcgetattr(self.near) == self.before


@contextmanager
def terminal(redis_url: str, columns: int = 100) -> Iterator[Screen]:
    screen = Screen(redis_url, columns)
    try:
        yield screen
    finally:
        with suppress(ProcessLookupError):
            screen.process.kill()
        screen.process.wait()
        os.close(screen.far)
        os.close(screen.near)


def test_it_is_live_and_leaves_the_terminal_as_it_was(fleet: Fleet) -> None:
    fleet.start(writers=1, workers=1)
    with terminal(fleet.redis_url) as screen:
        screen.until(b"Everybody is served")
        screen.until(b"q: end")
        assert termios.tcgetattr(screen.near) != screen.before
        fleet.writers[0].kill()
        screen.until(b"no owner for")
        screen.until(b"Not everybody is served")
        screen.press(b"q")
        assert screen.ends() == 0
        assert screen.is_as_before()


@pytest.mark.parametrize("how", ["ctrl-c", "sigint", "sigterm", "sighup"])
def test_however_it_ends_the_terminal_is_as_it_was(fleet: Fleet, how: str) -> None:
    fleet.start(writers=1, workers=1)
    with terminal(fleet.redis_url) as screen:
        screen.until(b"q: end")
        if how == "ctrl-c":
            # The terminal would make a signal of it, had this session a terminal of its own.
            screen.press(b"\x03")
            screen.process.send_signal(signal.SIGINT)
        else:
            screen.process.send_signal(getattr(signal, how.upper()))
        assert screen.ends() == 0
        assert screen.is_as_before()


def test_a_narrow_terminal_and_one_that_changes(fleet: Fleet) -> None:
    fleet.start(writers=1, workers=1)
    with terminal(fleet.redis_url, columns=30) as screen:
        screen.until(b"q: end")
        assert b"VERSION" not in screen.shown
        screen.resize(160, 60)
        screen.process.send_signal(signal.SIGWINCH)
        screen.until(b"VERSION")
        screen.press(b"q")
        assert screen.ends() == 0


def test_redis_goes_away_and_the_screen_says_so(fleet: Fleet, tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "own") as server:
        with Fleet(server.url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as own:
            own.start(writers=1, workers=1)
        with terminal(server.url) as screen:
            screen.until(b"no worker lives")
            server.stop()
            screen.until(b"Redis does not answer")
            screen.press(b"q")
            assert screen.ends() == 0
            assert screen.is_as_before()


async def test_in_a_script(fleet: Fleet) -> None:
    await asyncio.to_thread(fleet.start, writers=1, workers=1)

    async def once(*words: str) -> Ended:
        ended = await padfleet(fleet.redis_url, *words)
        assert ended.code == 0, ended
        return ended

    for words in (("top", "--once"), ("top",)):  # without a terminal they are the same
        # What they told last may be from the moment before they were ready.
        ended = await eventually(partial(once, *words), "all is well", timeout=20)
        assert "4 of 4 have an owner" in ended.out
        assert "\x1b" not in ended.out
    ended = await padfleet(fleet.redis_url, "top", "--json")
    assert ended.code == 0
    told = json.loads(ended.out)
    assert told["served"]
    assert [process["kind"] for process in told["processes"]] == ["worker", "writer"]
    assert len(told["series"]["sockets"]) == 30
    plain = await padfleet(fleet.redis_url, "top", "--once", PYTHONIOENCODING="ascii")
    assert plain.code == 0


async def test_where_there_is_no_fleet(redis_url: str) -> None:
    ended = await padfleet(redis_url, "top", "--once")
    assert ended.code == 2
    assert "holds no fleet" in ended.err
    ended = await padfleet("redis://127.0.0.1:1/0", "top", "--once")
    assert ended.code == 1
    assert "cannot use" in ended.err
