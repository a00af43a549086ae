"""This module runs work directly if it is small, and outside the event loop if it is not."""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from padfleet.shared.tasks import aside

SMALL: Final = 1 << 15
"""How many bytes are compressed or sealed directly in the event loop, which takes a millisecond at
most. A thread costs a tenth of that each time, and as much again of the loop's time, since only one
of the two can run."""

AS_RECORDS: Final = 16
"""Work on this many times as many bytes takes as long if they are records in the form that Redis
has."""

P = ParamSpec("P")
T = TypeVar("T")


async def in_turn(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Returns the result of `work`, which handles this many bytes."""
    return await aside(size > SMALL, work, *args, **kwargs)
