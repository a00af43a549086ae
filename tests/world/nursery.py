"""Plays runs in copies of a process that has lived through their morning.

A copy is made for each run, and none is used twice. The process of a layout is begun when the first
run needs it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.world.disguise import true_pid
from tests.world.morning import Layout, Morning, layout_of
from tests.world.run import Outcome, play
from tests.world.size import Size

_PID: Final = 4
"""How many bytes of a copy's output come before its outcome: they are its process id."""


@dataclass(frozen=True)
class Task:
    """One run to be made."""

    seed: str
    only: frozenset[int] | None = None


@dataclass
class Run:
    """A run that is being played, and what it has said so far."""

    task: Task
    pipe: int
    child: int | None = None  #: its process, if that is a child of this one
    said: bytearray = field(default_factory=bytearray)

    def read(self) -> Outcome | None:
        """Reads more, and returns the outcome when that was all."""
        piece = os.read(self.pipe, 1 << 16)
        self.said += piece
        if piece:
            return None
        self._close()
        if len(self.said) <= _PID:
            died = "CRASH the process of the run died; see its error"
            return Outcome(self.task.seed, findings=[died])
        return Outcome(**json.loads(self.said[_PID:]))

    def give_up(self) -> None:
        while len(self.said) < _PID and (piece := os.read(self.pipe, 1 << 16)):
            self.said += piece
        if len(self.said) >= _PID:
            with suppress(ProcessLookupError):
                os.kill(int.from_bytes(self.said[:_PID], "big"), signal.SIGKILL)
        self._close()

    def _close(self) -> None:
        os.close(self.pipe)
        if self.child is not None:
            os.waitpid(self.child, 0)


class Nurseries:
    """The processes of all layouts."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._by_layout: dict[Layout, tuple[int, socket.socket]] = {}

    def play(self, task: Task) -> Run:
        """Begins to play a run."""
        layout = layout_of(task.seed, self._size)
        if layout.early:
            mine, its = os.pipe()
            child = _forked(partial(self._play_early, layout, task, its))
            os.close(its)
            return Run(task, mine, child)
        if layout not in self._by_layout:
            self._by_layout[layout] = self._begin(layout)
        # Only now: whoever inherits an end of the pipe keeps it from ending.
        mine, its = os.pipe()
        words = json.dumps([task.seed, None if task.only is None else sorted(task.only)])
        socket.send_fds(self._by_layout[layout][1], [words.encode()], [its])
        os.close(its)
        return Run(task, mine)

    def _play_early(self, layout: Layout, task: Task, pipe: int) -> None:
        self._forget()
        _play(Morning(layout, self._size), task, pipe)

    def _begin(self, layout: Layout) -> tuple[int, socket.socket]:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def nurse() -> None:
            self._forget()
            mine.close()
            _nurse(Morning(layout, self._size), its)

        pid = _forked(nurse)
        its.close()
        return pid, mine

    def _forget(self) -> None:
        """Closes what a copy has inherited of the others: they would not come to their end."""
        for _, line in self._by_layout.values():
            line.close()
        self._by_layout.clear()

    def close(self) -> None:
        """Ends them all, when the runs that they have begun are over."""
        for pid, line in self._by_layout.values():
            line.close()
            os.waitpid(pid, 0)
        self._by_layout.clear()


def _nurse(morning: Morning, line: socket.socket) -> None:
    """Makes a copy of this process for each task that it is given, until nobody gives any more."""
    children: set[int] = set()
    while True:
        words, pipes, _, _ = socket.recv_fds(line, 1 << 16, 1)
        for child in [each for each in children if os.waitpid(each, os.WNOHANG)[0]]:
            children.remove(child)
        if not words:
            break
        seed, only = json.loads(words)
        task = Task(seed, None if only is None else frozenset(only))
        children.add(_forked(partial(_play, morning, task, pipes[0])))
        os.close(pipes[0])
        morning.took = 0.0  # the first run has paid for it
    for child in children:
        os.waitpid(child, 0)


def _play(morning: Morning, task: Task, pipe: int) -> None:
    os.write(pipe, true_pid().to_bytes(_PID, "big"))
    outcome = play(morning, task.seed, only=task.only)
    with os.fdopen(pipe, "wb") as file:
        file.write(json.dumps(outcome.as_json()).encode())


def _forked(work: Callable[[], None]) -> int:
    """Does something in a copy of this process, and returns the copy's process id."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        try:
            work()
        except BaseException:
            traceback.print_exc()
        finally:
            # Nothing of the world is cleaned up: whatever is freed would run to its end.
            os._exit(0)
    return pid
