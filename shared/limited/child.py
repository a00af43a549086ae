"""This module is the program of a process that works: it reads jobs from standard input and writes
answers to standard output.

A job is its length as four big-endian bytes, followed by its data. An answer has the same form,
with one more byte in front that says which kind of answer it is (`Kind`). The process ends when its
input does, so it cannot outlive the process that started it, however that one ends.

    python -m padfleet.shared.limited MODULE:FUNCTION SECONDS MEMORY ANSWER

FUNCTION takes the bytes of a job and returns the bytes of its answer. It refuses a job by raising a
ValueError, whose text is passed on to the client. A job may take SECONDS of processor time, after
which the kernel ends the process whatever it is doing, and MEMORY bytes. Its answer may have at
most ANSWER bytes.
"""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

LENGTH_BYTES = 4

MOST_REASON = 500
"""The maximum length, in characters, of the reason why a job was refused. The reason quotes what a
stranger sent."""

NICENESS = 10
"""The niceness of the process: people who wait for a file can wait a little longer, people who type
cannot."""

_NO_MEMORY = b"it takes too much memory"

Work = Callable[[bytes], bytes]


class Kind(IntEnum):
    DONE = 0
    REFUSED = 1  #: the job is wrong; the answer says what is wrong with it
    TOO_MUCH = 2  #: the job exceeds a limit; the answer says which one
    BROKEN = 3  #: padfleet itself is at fault; the answer names the error


def serve(jobs: BinaryIO, answers: BinaryIO, work: Work, seconds: int, most: int) -> None:
    """Serves jobs until there are no more. It also returns after a job that exceeded a limit,
    because memory is fragmented after a job that used all of it.

    Arguments:
        seconds: the processor time that each job may take.
        most: the maximum size of an answer, in bytes.
    """
    while len(head := jobs.read(LENGTH_BYTES)) == LENGTH_BYTES:
        length = int.from_bytes(head, "big")
        try:
            data = jobs.read(length)
            if len(data) != length:
                return
            allow(seconds)
            kind, answer = attempt(work, data, most)
        except MemoryError:
            kind, answer = Kind.TOO_MUCH, _NO_MEMORY
        # The data is not held until the next job comes.
        data = b""
        answers.write(bytes([kind]) + len(answer).to_bytes(LENGTH_BYTES, "big") + answer)
        answers.flush()
        if kind is Kind.TOO_MUCH:
            return


def attempt(work: Work, data: bytes, most: int) -> tuple[Kind, bytes]:
    """Runs one job, and returns the kind of its answer and the answer.

    Arguments:
        most: the maximum size of the answer, in bytes.
    """
    try:
        answer = work(data)
    except ValueError as error:
        return Kind.REFUSED, str(error)[:MOST_REASON].encode("utf-8", "replace")
    except RecursionError:
        return Kind.REFUSED, b"it is nested too deeply"
    except MemoryError:
        return Kind.TOO_MUCH, _NO_MEMORY
    except Exception as error:
        # No error may end the process, because the next job is somebody else's.
        return Kind.BROKEN, f"{type(error).__name__}: {error}"[:MOST_REASON].encode(
            "utf-8", "replace"
        )
    if len(answer) > most:
        return Kind.TOO_MUCH, f"it is too large: {len(answer)} bytes, of {most} at most".encode()
    return Kind.DONE, answer


def allow(seconds: int) -> None:
    """Lets this process use `seconds` of processor time from now on."""
    latest = int(time.process_time()) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (latest, resource.RLIM_INFINITY))


def limit(memory: int) -> None:
    """Keeps this process from taking more than `memory` bytes in addition to those that it has,
    from writing files, and from leaving a core dump when it crashes."""
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + memory, has + memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: list[str]) -> None:
    name, seconds, memory, most = arguments
    module, _, function = name.partition(":")
    # Ctrl-C goes to all processes of a terminal; the parent says when this one is to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    work: Work = getattr(import_module(module), function)
    limit(int(memory))
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer, work, int(seconds), int(most))
    except BrokenPipeError:
        # The parent is gone. What is still in the buffer is of no use to anybody.
        os._exit(0)
