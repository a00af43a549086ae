"""This pure module builds jobs with much data as several pieces, which are written one after the
other. Joining 50 MB of a file into one message would hold the event loop for 100 ms."""

from typing import Final

_LENGTH_BYTES: Final = 4

Job = tuple[bytes, ...]
"""The pieces of a job, in the order in which they are written to a process."""


def with_data(head: bytes, data: bytes) -> Job:
    """Returns the job that `taken_apart` splits into `head` and `data` again."""
    return len(head).to_bytes(_LENGTH_BYTES, "big"), head, data


def taken_apart(job: bytes) -> tuple[bytes, memoryview]:
    """Splits a job, in the process that does it. Returns its head, and its data without copying
    it."""
    start = _LENGTH_BYTES + int.from_bytes(job[:_LENGTH_BYTES], "big")
    return job[_LENGTH_BYTES:start], memoryview(job)[start:]
