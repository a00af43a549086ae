"""This module groups items into batches, for what takes a round trip or a step for many items at
once. It is pure."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

ASKED_AT_ONCE: Final = 500
"""How many keys are asked for in one round trip; reading the answers takes some milliseconds."""


def slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yields all items in their order, `size` at a time; the last slice has what is left."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def filled(items: Iterable[T], size_of: Callable[[T], int], full: int) -> Iterator[list[T]]:
    """Yields all items in their order, in lists that end when the sizes reach `full`; the last list
    has what is left. No list is empty."""
    part: list[T] = []
    size = 0
    for item in items:
        part.append(item)
        size += size_of(item)
        if size >= full:
            yield part
            part, size = [], 0
    if part:
        yield part


def fitting(items: Iterable[T], size_of: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """Yields all items in their order, in lists whose sizes add up to at most `most`. An item that
    is larger than that is in a separate list. No list is empty."""
    part: list[T] = []
    size = 0
    for item in items:
        own = size_of(item)
        if part and size + own > most:
            yield part
            part, size = [], 0
        part.append(item)
        size += own
    if part:
        yield part


async def batches(items: AsyncIterable[T], size: int) -> AsyncGenerator[list[T], None]:
    """Collects items that come one by one, and yields them in lists of `size`; the last list may be
    shorter. No list is empty.

    A caller that stops before the end has to close this (`contextlib.aclosing`), and what it reads
    from.
    """
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
