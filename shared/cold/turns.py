"""Work that is done at once where it is small, and beside the event loop where it is not."""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from padfleet.shared.tasks import aside

SMALL: Final = 1 << 15
"""Bytes, compressed or sealed, that are dealt with in the event loop's own time: a millisecond at
most, where a thread costs a tenth of that each time, and as much again of the loop's, since only
one of the two can run."""

AS_RECORDS: Final = 16
"""How many times as many bytes records have, as Redis keeps them, that take as long."""

P = ParamSpec("P")
T = TypeVar("T")


async def in_turn(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` comes to, of so many bytes."""
    return await aside(size > SMALL, work, *args, **kwargs)
