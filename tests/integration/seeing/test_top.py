"""Tests `padfleet top` as people run it: in a terminal and in a script."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from tests import warm_start
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet, fleet_of_its_own
from tests.tools import Ended, padfleet

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
LOCAL_MODES = 3  # where termios has them
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


SETTINGS = {"PADFLEET_PARTITIONS": "4"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One writer and one worker, which most tests only look at."""
    folder = tmp_path_factory.mktemp("seen")
    with fleet_of_its_own(folder, SETTINGS, writers=1, workers=1) as running:
        yield running


class Screen:
    """A pseudo-terminal with `padfleet top` in it."""

    def __init__(
        self, redis_url: str, columns: int, lines: int = 24, *, of_a_shell: bool = False
    ) -> None:
        """Starts it in a terminal of its own. With `of_a_shell` it is a job of its parent, which
        can be stopped. Otherwise it is the first process of the terminal, which turns keys into
        signals."""
        self.far, self.near = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self.near)
        self.shown = b""
        warm = warm_start.server()
        assert warm is not None
        self.process = warm.start(
            ["top"],
            env={**os.environ, "PADFLEET_REDIS_URL": redis_url, "TERM": "xterm"},
            stdin=self.near,
            stdout=self.near,
            stderr=self.near,
            terminal="shared" if of_a_shell else "own",
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

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Delivers everything that is sent in this block before the process reacts to the first of
        it. Otherwise a key could arrive while the terminal is being given back, and then the kernel
        discards the unread part of the screen, as it does for every program."""
        self.process.send_signal(signal.SIGSTOP)
        eventually_sync(lambda: state(self.process.pid) == "T", "it stands still")
        yield
        waiting = self._unread()
        self.press(b" ")  # keys go the same way one after the other, so the others have arrived
        eventually_sync(lambda: self._unread() > waiting, "all keys have arrived")
        self.process.send_signal(signal.SIGCONT)

    def _unread(self) -> int:
        """Bytes of keys that the process has not read."""
        (count,) = struct.unpack("i", fcntl.ioctl(self.near, termios.FIONREAD, bytes(4)))
        return int(count)

    def ends(self) -> int:
        def ended() -> bool:
            self.read()  # or it could not write its last
            return self.process.poll() is not None

        eventually_sync(ended, "it ends", timeout=20)
        # What it wrote last comes through the terminal when the kernel has brought it there.
        eventually_sync(lambda: LEAVE in self.read(), "it gives the screen back", timeout=20)
        assert self.process.returncode is not None
        return self.process.returncode

    def is_as_before(self) -> bool:
        assert self.shown.count(ENTER) == self.shown.count(LEAVE) == 1
        assert self.shown.rindex(LEAVE) > self.shown.index(ENTER)
        assert self.shown.rindex(SHOW) > self.shown.index(HIDE)
        return termios.tcgetattr(self.near) == self.before


def state(pid: int) -> str:
    """Returns the state of a process, as the kernel names it. T means stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def terminal(redis_url: str, columns: int = 100, *, of_a_shell: bool = False) -> Iterator[Screen]:
    screen = Screen(redis_url, columns, of_a_shell=of_a_shell)
    try:
        yield screen
    finally:
        screen.process.kill()
        screen.process.wait()
        os.close(screen.far)
        os.close(screen.near)


def test_it_is_live_and_leaves_the_terminal_as_it_was(redis_url: str, tmp_path: Path) -> None:
    with Fleet(redis_url, tmp_path, SETTINGS) as fleet:
        fleet.start(writers=1, workers=1)
        with terminal(redis_url) as screen:
            screen.until(b"Everybody is served")
            screen.until(b"q: end")
            assert termios.tcgetattr(screen.near) != screen.before
            fleet.writers[0].kill()
            screen.until(b"no owner for")
            screen.until(b"Not everybody is served")
            screen.press(b"q")
            assert screen.ends() == 0
            assert screen.is_as_before()


ALL_AT_ONCE = ("\x03", "SIGINT", "SIGINT", "q", "SIGTERM", "SIGINT")


@pytest.mark.parametrize(
    "how",
    [
        *(("\x03",), ("\x04",), ("\x1c",)),
        *(("SIGINT",), ("SIGTERM",), ("SIGHUP",), ("SIGQUIT",)),
        *(("\x03", "SIGINT"), ("SIGINT", "\x03"), ("SIGTERM", "SIGINT"), ALL_AT_ONCE),
    ],
    ids=lambda how: "+".join(map(repr, how)),
)
def test_however_it_ends_the_terminal_is_as_it_was(fleet: Fleet, how: tuple[str, ...]) -> None:
    with terminal(fleet.redis_url) as screen:
        screen.until(b"q: end")
        with screen.at_once():
            for each in how:
                if each.startswith("SIG"):
                    screen.process.send_signal(getattr(signal, each))
                else:
                    screen.press(each.encode())
        assert screen.ends() == 0
        assert screen.is_as_before()


def test_signals_without_end_leave_the_terminal_as_it_was(fleet: Fleet) -> None:
    """A signal that arrived while the terminal was given back interrupted that."""
    with terminal(fleet.redis_url) as screen:
        screen.until(b"q: end")

        def ended() -> bool:
            for _ in range(100):
                screen.process.send_signal(signal.SIGINT)
            screen.read()
            return screen.process.poll() is not None

        eventually_sync(ended, "it ends", timeout=20)
        screen.read()
        assert screen.is_as_before()


def test_a_key_that_makes_a_signal_throws_nothing_away(fleet: Fleet) -> None:
    """If the output that gives the screen back came before the terminal had handled the key, the
    terminal discarded it."""
    with terminal(fleet.redis_url) as screen:
        assert not screen.before[LOCAL_MODES] & termios.NOFLSH
        screen.until(ENTER)
        assert termios.tcgetattr(screen.near)[LOCAL_MODES] & termios.NOFLSH


def test_who_stops_it_has_his_terminal_meanwhile(fleet: Fleet) -> None:
    with terminal(fleet.redis_url, of_a_shell=True) as screen:
        screen.until(b"q: end")
        screen.process.send_signal(signal.SIGTSTP)
        eventually_sync(lambda: state(screen.process.pid) == "T", "it stands still")
        assert LEAVE in screen.read()
        assert termios.tcgetattr(screen.near) == screen.before
        screen.process.send_signal(signal.SIGCONT)
        eventually_sync(lambda: screen.read().count(ENTER) == 2, "it has the terminal again")
        screen.press(b"q")
        assert screen.ends() == 0
        assert screen.shown.count(LEAVE) == 2
        assert termios.tcgetattr(screen.near) == screen.before


def test_a_narrow_terminal_and_one_that_changes(fleet: Fleet) -> None:
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
        with Fleet(server.url, tmp_path, SETTINGS) as own:
            own.start(writers=1, workers=1)
        with terminal(server.url) as screen:
            screen.until(b"no worker is running")
            server.stop()
            screen.until(b"Redis does not answer")
            screen.press(b"q")
            assert screen.ends() == 0
            assert screen.is_as_before()


async def test_top_prints_once_where_there_is_no_terminal(fleet: Fleet) -> None:
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
