"""The process that works: reads jobs from standard input, writes answers to standard output.

A job is four bytes of length, big-endian, and so many bytes; an answer the same, with a byte before
it that says what it is (`Kind`). The process ends when its input does, so it cannot outlive the one
that started it, however that ends.

    python -m padfleet.shared.limited MODULE:FUNCTION SECONDS MEMORY ANSWER

FUNCTION takes the bytes of a job and returns those of its answer. A ValueError is its way to refuse
a job: the text goes to whoever asked. A job may take SECONDS of processor time, beyond which the
kernel ends the process whatever it is doing, and MEMORY bytes; its answer may have ANSWER bytes.
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
"""Characters of why a job was refused: it quotes what a stranger sent."""

NICENESS = 10
"""Whoever waits for a file can wait a little longer; who types cannot."""

Work = Callable[[bytes], bytes]


class Kind(IntEnum):
    DONE = 0
    REFUSED = 1  #: the job is wrong; the answer says what
    TOO_MUCH = 2  #: it takes more than there is for one job; the answer says of what
    BROKEN = 3  #: a fault of ours; the answer names it


def serve(jobs: BinaryIO, answers: BinaryIO, work: Work, seconds: int, most: int) -> None:
    """Until the jobs end. After a job that ran out of memory too: what is left is in pieces."""
    while len(head := jobs.read(LENGTH_BYTES)) == LENGTH_BYTES:
        length = int.from_bytes(head, "big")
        try:
            data = jobs.read(length)
            if len(data) != length:
                return
            allow(seconds)
            kind, answer = attempt(work, data, most)
        except MemoryError:
            kind, answer = Kind.TOO_MUCH, b"memory"
        # Not held until the next one comes.
        data = b""
        answers.write(bytes([kind]) + len(answer).to_bytes(LENGTH_BYTES, "big") + answer)
        answers.flush()
        if kind is Kind.TOO_MUCH:
            return


def attempt(work: Work, data: bytes, most: int) -> tuple[Kind, bytes]:
    """The answer to one job."""
    try:
        answer = work(data)
    except ValueError as error:
        return Kind.REFUSED, str(error)[:MOST_REASON].encode("utf-8", "replace")
    except RecursionError:
        return Kind.REFUSED, b"it is nested too deeply"
    except MemoryError:
        return Kind.TOO_MUCH, b"memory"
    except Exception as error:
        # Whatever it is, it must not take the process along: the next job is somebody else's.
        return Kind.BROKEN, f"{type(error).__name__}: {error}"[:MOST_REASON].encode(
            "utf-8", "replace"
        )
    if len(answer) > most:
        return Kind.TOO_MUCH, b"size of the answer"
    return Kind.DONE, answer


def allow(seconds: int) -> None:
    """Lets this process have so many seconds of processor time from now on."""
    latest = int(time.process_time()) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (latest, resource.RLIM_INFINITY))


def limit(memory: int) -> None:
    """Keeps this process from taking more than `memory` bytes beyond what it has, from writing
    files, and from leaving its memory behind when it crashes."""
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
        # The parent is gone. Nothing that is left in the buffer is of use to anybody.
        os._exit(0)
