"""Runs `padfleet` with its tasks at the mercy of a test: lines on its input say which task dies,
and how.

    {"task": "liveness", "how": "raises", "times": 1}

It is not a part of padfleet, and replaces `Supervisor` from outside.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import threading
from typing import Any

from padfleet.__main__ import main as padfleet
from padfleet.shared import runtime
from padfleet.shared.supervision import policy as supervision_policy
from padfleet.shared.supervision.keeper import Kept, Work
from padfleet.shared.supervision.policy import LASTING, Policy
from padfleet.shared.supervision.progress import progress
from padfleet.shared.supervision.supervisor import Supervisor

HANGS_FOR_S = 0.5


class Sabotaged(Supervisor):
    """A supervisor each of whose tasks can be told to die."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._orders: dict[str, tuple[asyncio.Event, list[str]]] = {}
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), daemon=True).start()

    def keep(self, name: str, work: Work, policy: Policy = LASTING, *, part: str = "") -> Kept:
        told, ways = self._orders.setdefault(name, (asyncio.Event(), []))

        async def sabotaged() -> None:
            inner = asyncio.ensure_future(work())
            order = asyncio.ensure_future(told.wait())
            try:
                await asyncio.wait([inner, order], return_when=asyncio.FIRST_COMPLETED)
                if inner.done():
                    await inner
                    return
            finally:
                order.cancel()
                while not inner.done():  # see `Supervisor`: a cancellation may get lost
                    inner.cancel()
                    await asyncio.wait([inner], timeout=0.2)
            how = ways.pop(0)
            if not ways:
                told.clear()
            await _die(how, kept, policy)

        kept = super().keep(name, sabotaged, policy, part=part)
        return kept

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(self._order, json.loads(line))

    def _order(self, order: dict[str, Any]) -> None:
        told, ways = self._orders[order["task"]]
        ways += [order["how"]] * order["times"]
        told.set()


async def _die(how: str, kept: Any, policy: Policy) -> None:
    if how == "raises":
        raise RuntimeError("sabotage")
    if how == "is cancelled":
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
    if how == "hangs":
        # As if its own deadline were short, from here on.
        kept.life._policy = dataclasses.replace(policy, deadline=HANGS_FOR_S)
        progress()
        kept.life._policy = policy
        await asyncio.Event().wait()


def main() -> int:
    vars(runtime)["Supervisor"] = Sabotaged
    # One that cannot be helped is soon given up.
    vars(supervision_policy)["LONGEST_PAUSE"] = 0.5
    return padfleet()


if __name__ == "__main__":
    sys.exit(main())
