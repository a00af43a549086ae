"""A job with much data, in pieces that are written one after the other: to put 50 MB of a file into
one message would hold the event loop for 100 ms. Pure."""

from typing import Final

_LENGTH_BYTES: Final = 4

Job = tuple[bytes, ...]
"""What is written to a process, one after the other."""


def with_data(head: bytes, data: bytes) -> Job:
    """A job that `taken_apart` makes into these two again."""
    return len(head).to_bytes(_LENGTH_BYTES, "big"), head, data


def taken_apart(job: bytes) -> tuple[bytes, memoryview]:
    """In the process: the head, and the data, which is not copied."""
    start = _LENGTH_BYTES + int.from_bytes(job[:_LENGTH_BYTES], "big")
    return job[_LENGTH_BYTES:start], memoryview(job)[start:]
