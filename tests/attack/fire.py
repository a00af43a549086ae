"""One attack, in the attackers' process: what it came to, by its own count."""

from __future__ import annotations

import asyncio
import os

from tests.attack.catalogue import ATTACKS
from tests.attack.drivers import Tally, Target


def stand_back() -> None:
    """Attackers are other people's machines: they are to take as little of this one as may be."""
    os.nice(10)


def fire(name: str, target: Target, seconds: float) -> Tally:
    """Runs in a process of its own, so that an attacker's work is not the bystanders'."""
    return asyncio.run(_fire(name, target, seconds))


async def _fire(name: str, target: Target, seconds: float) -> Tally:
    tally = Tally()
    run = asyncio.ensure_future(ATTACKS[name].run(target, tally))
    try:
        await asyncio.wait({run}, timeout=seconds)
        if run.done():
            run.result()
    finally:
        run.cancel()
        await asyncio.wait({run}, timeout=10)
    return tally
