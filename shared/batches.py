"""Some hundreds at a time: what takes a round trip, or a step, for as many as are brought. Pure."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

ASKED_AT_ONCE: Final = 500
"""How many keys are asked for in one round trip: to read the answers takes some milliseconds."""


def slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """All items in their order, `size` at a time; the last slice has what is left."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def filled(items: Iterable[T], size_of: Callable[[T], int], full: int) -> Iterator[list[T]]:
    """All items in their order, as many at a time as it takes until their sizes come to `full`; the
    last list has what is left. None is empty."""
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
    """All items in their order, as many at a time as their sizes come to no more than `most`: one
    that is larger is alone. None is empty."""
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
    """The same of items that come one by one, for as long as they come. None is empty.

    Whoever stops before the end closes it (`contextlib.aclosing`), and what it reads from.
    """
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
