"""A terminal that is borrowed: the second screen, no cursor, keys as they are pressed. It is given
back as it was, whatever ends the showing."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME = "\x1b[H"
_REST_OF_LINE = "\x1b[K"
_REST_OF_SCREEN = "\x1b[J"

QUIT = ("q", "Q", "\x04")


class Terminal:
    """Where lines are shown, and keys are heard."""

    def __init__(self) -> None:
        self.quit = asyncio.Event()
        self.changed = asyncio.Event()
        """It has another size, or somebody pressed a key that asks for a fresh look."""

    @property
    def size(self) -> os.terminal_size:
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            found = os.terminal_size((0, 0))
        # Some say that they have none.
        return found if found.columns and found.lines else os.terminal_size((80, 24))

    def show(self, lines: Sequence[str], footer: str) -> None:
        """In place of what is shown; what there is no room for is left out, but not the footer."""
        room = self.size.lines - 1
        fitting = lines if len(lines) <= room else [*lines[: room - 1], "…"]
        text = "".join(f"{line}{_REST_OF_LINE}\r\n" for line in fitting)
        # In one write, and without clearing first: it must not flicker.
        sys.stdout.write(f"{_HOME}{text}{_REST_OF_SCREEN}{footer}{_REST_OF_LINE}")
        sys.stdout.flush()

    def _key(self) -> None:
        pressed = os.read(sys.stdin.fileno(), 64).decode("utf-8", "replace")
        if not pressed or any(key in QUIT for key in pressed):
            self.quit.set()
        self.changed.set()


@contextmanager
def borrowed() -> Iterator[Terminal]:
    """To be used within a running loop, on a terminal. Also SIGTERM and SIGHUP end the showing."""
    loop = asyncio.get_running_loop()
    terminal = Terminal()
    keys, before = sys.stdin.fileno(), termios.tcgetattr(sys.stdin.fileno())
    undo: list[Callable[[], object]] = []
    try:
        tty.setcbreak(keys)
        sys.stdout.write(_ENTER)
        loop.add_reader(keys, terminal._key)
        undo.append(lambda: loop.remove_reader(keys))
        for number, then in (
            (signal.SIGWINCH, terminal.changed.set),
            (signal.SIGTERM, terminal.quit.set),
            (signal.SIGHUP, terminal.quit.set),
            # Rather than an exception at some point: the last screen ends, then the process.
            (signal.SIGINT, terminal.quit.set),
        ):
            loop.add_signal_handler(number, then)
            undo.append(lambda number=number: loop.remove_signal_handler(number))  # type: ignore[misc]
        yield terminal
    finally:
        for step in undo:
            step()
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
        termios.tcsetattr(keys, termios.TCSADRAIN, before)
