"""The helper process: reads jobs from standard input, writes answers to standard output.

Each is four bytes of length, big-endian, and so many bytes. It ends when its input does, so it
cannot outlive the worker that started it, however that ends.
"""

import os
import signal
import sys
from typing import BinaryIO

from services.fanout.timeslider.job import Answer, Job, work

LENGTH_BYTES = 4

NICENESS = 10
"""Whoever waits for a timeslider can wait a little longer; who types cannot."""


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Until the jobs end."""
    while len(head := jobs.read(LENGTH_BYTES)) == LENGTH_BYTES:
        length = int.from_bytes(head, "big")
        data = jobs.read(length)
        if len(data) != length:
            return
        try:
            answer = work(Job.decode(data))
        except MemoryError:
            answer = Answer("the history takes too much memory", b"", [])
        encoded = answer.encode()
        answers.write(len(encoded).to_bytes(LENGTH_BYTES, "big") + encoded)
        answers.flush()


def main() -> None:
    # Ctrl-C goes to all processes of a terminal; the worker says when this one is to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        # The worker is gone. Nothing that is left in the buffer is of use to anybody.
        os._exit(0)


if __name__ == "__main__":
    main()
