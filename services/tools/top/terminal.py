"""Controls a terminal for a while: it shows the alternate screen, hides the cursor, and reads keys
as they are pressed. However the display ends, the terminal is restored to what it was."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME = "\x1b[H"
_REST_OF_LINE = "\x1b[K"
_REST_OF_SCREEN = "\x1b[J"

QUIT = ("q", "Q", "\x03", "\x04", "\x1c")
"""The keys that end the display. Ctrl-C, -D and -\\ are among them because some terminals send no
signals for them."""

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""The signals that end the display. They raise no exception at some random point: the last screen
is finished, and then the process ends."""

_LOCAL_MODES = 3
"""The index of the local modes in what `termios.tcgetattr` returns."""


class Terminal:
    """Shows lines, and reads keys."""

    def __init__(self) -> None:
        self.quit = asyncio.Event()
        self.changed = asyncio.Event()
        """Set when the terminal has another size, or somebody has pressed a key that asks for a
        fresh look."""
        self._keys = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._keys)

    @property
    def size(self) -> os.terminal_size:
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            found = os.terminal_size((0, 0))
        # Some terminals report a size of 0.
        return found if found.columns and found.lines else os.terminal_size((80, 24))

    def show(self, lines: Sequence[str], footer: str) -> None:
        """Replaces what is shown. Lines for which there is no room are left out, but never the
        footer."""
        room = self.size.lines - 1
        fitting = lines if len(lines) <= room else [*lines[: room - 1], "…"]
        text = "".join(f"{line}{_REST_OF_LINE}\r\n" for line in fitting)
        # In one write, and without clearing first: it must not flicker.
        sys.stdout.write(f"{_HOME}{text}{_REST_OF_SCREEN}{footer}{_REST_OF_LINE}")
        sys.stdout.flush()

    def take(self) -> None:
        """Takes control of the terminal."""
        tty.setcbreak(self._keys)
        modes = termios.tcgetattr(self._keys)
        # A terminal throws away what is on its way to the screen when it makes a signal of a key,
        # and does so after the signal: what gives the screen back could be among it.
        modes[_LOCAL_MODES] |= termios.NOFLSH
        termios.tcsetattr(self._keys, termios.TCSADRAIN, modes)
        sys.stdout.write(_ENTER)
        sys.stdout.flush()

    def give_back(self) -> None:
        """Restores the terminal. One that has gone away needs nothing any more."""
        with suppress(OSError):
            sys.stdout.write(_LEAVE)
            sys.stdout.flush()
        with suppress(termios.error):
            termios.tcsetattr(self._keys, termios.TCSADRAIN, self._before)

    def stop(self) -> None:
        """Handles SIGTSTP: the user wants to do something else meanwhile. Returns when they are
        back."""
        loop = asyncio.get_running_loop()
        self.give_back()
        loop.remove_signal_handler(signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGTSTP)
        loop.add_signal_handler(signal.SIGTSTP, self.stop)
        self.take()
        self.changed.set()

    def key(self) -> None:
        """Handles keys that have been pressed."""
        pressed = os.read(self._keys, 64).decode("utf-8", "replace")
        if not pressed or any(key in QUIT for key in pressed):
            self.quit.set()
        self.changed.set()


@contextmanager
def borrowed() -> Iterator[Terminal]:
    """Returns a context in which the terminal shows lines and reads keys. It needs a running event
    loop. Signals that ask the process to end also end the display."""
    loop = asyncio.get_running_loop()
    terminal = Terminal()
    handlers = {signal.SIGWINCH: terminal.changed.set, signal.SIGTSTP: terminal.stop}
    handlers |= dict.fromkeys(ENDS, terminal.quit.set)
    with ExitStack() as undo:
        # Before the terminal is taken, and until it has been given back: a second signal, while it
        # is, must not end the process half-way.
        for number, then in handlers.items():
            loop.add_signal_handler(number, then)
            undo.callback(loop.remove_signal_handler, number)
        undo.callback(terminal.give_back)
        terminal.take()
        loop.add_reader(terminal._keys, terminal.key)
        undo.callback(loop.remove_reader, terminal._keys)
        yield terminal
