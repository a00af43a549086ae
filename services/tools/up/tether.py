"""Runs a program that dies with its parent, even if the parent is killed by `kill -9`.

    python -IS tether.py SIGNAL PARENT_PID PROGRAM [ARG ...]

This small program asks the kernel for the signal and then becomes PROGRAM; the request outlives
exec. Doing it in `preexec_fn` would save 20 ms, but that runs Python between fork and exec, which
can deadlock once the parent has threads. The kernel watches the parent's *thread*: the one that
starts a tethered program has to live on, so start them from the main thread.

Only Linux has this. Elsewhere the program runs untethered, and only the parent's own ways of ending
stop it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def tethered(program: Sequence[str], on_death: signal.Signals) -> list[str]:
    """Returns the arguments that run `program` so that it gets `on_death` when this process dies.

    Raises RuntimeError outside the main thread, since the program would die with the thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a tethered program has to be started from the main thread")
    # -I and -S: no site, no environment, no current directory, for speed and for predictability.
    return [
        sys.executable,
        "-IS",
        str(Path(__file__).resolve()),
        str(int(on_death)),
        str(os.getpid()),
        *program,
    ]


def _main(argv: Sequence[str]) -> None:
    signal_number, parent, program = int(argv[0]), int(argv[1]), list(argv[2:])
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
            raise SystemExit(f"cannot tether {program[0]}: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent:
            # The parent died before the request was made, so no signal will come.
            raise SystemExit(1)
    try:
        os.execvp(program[0], program)
    except OSError as error:
        raise SystemExit(f"cannot run {program[0]}: {error.strerror}") from None


if __name__ == "__main__":
    _main(sys.argv[1:])
