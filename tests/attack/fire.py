"""One attack, in the attackers' process: what it came to, by its own count."""

from __future__ import annotations

import asyncio
import faulthandler
import os
from typing import Final

from tests.attack.catalogue import ATTACKS
from tests.attack.drivers import Tally, Target

_STUCK: Final = 60.0
"""Seconds after its time in which an attack that does not end is ended with its process."""


def stand_back() -> None:
    """Attackers are other people's machines: they are to take as little of this one as may be."""
    os.nice(3)


def fire(name: str, target: Target, seconds: float) -> Tally:
    """Runs in a process of its own, so that an attacker's work is not the bystanders'."""
    faulthandler.dump_traceback_later(seconds + _STUCK, exit=True)
    try:
        return asyncio.run(_fire(name, target, seconds))
    finally:
        faulthandler.cancel_dump_traceback_later()


async def _fire(name: str, target: Target, seconds: float) -> Tally:
    tally = Tally()
    run = asyncio.ensure_future(ATTACKS[name].run(target, tally))
    try:
        await asyncio.wait({run}, timeout=seconds)
        for _ in range(int(_STUCK / 2)):
            if tally or run.done():
                break
            await asyncio.wait({run}, timeout=1)  # the machine is slow: they are at it still
        if run.done():
            run.result()
    finally:
        run.cancel()
        await asyncio.wait({run}, timeout=10)
    return tally
