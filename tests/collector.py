"""Checks whether a fault keeps the objects that it passed through, with the garbage collector off.

await forgets(lambda held: call_that_fails(held), KeyError)
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable

TURNS = 5
"""How many turns of the event loop it takes until what was begun beside the call has ended."""


class Held(dict[str, object]):
    """An object that a call holds while it goes on, in place of a body, a message or a pad."""


async def forgets(
    call: Callable[[Held], Awaitable[object]],
    fault: type[BaseException],
    *,
    message: dict[str, object] | None = None,
) -> None:
    """Makes the call, which has to raise `fault`. Raises AssertionError if the object that it was
    given still exists when nobody holds it any more.

    Arguments:
        message: the content of that object.
    """
    there = None
    gc.collect()
    gc.disable()
    try:
        there = await _raises(call, fault, message or {})
        for _ in range(TURNS):
            await asyncio.sleep(0)
        held = there()
        assert held is None, f"held by {gc.get_referrers(held)}"
    finally:
        gc.enable()


async def _raises(
    call: Callable[[Held], Awaitable[object]],
    fault: type[BaseException],
    message: dict[str, object],
) -> weakref.ref[Held]:
    held = Held(message)
    there = weakref.ref(held)
    try:
        await call(held)
    except fault:
        return there
    raise AssertionError(f"it did not raise {fault.__name__}")
