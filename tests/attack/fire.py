"""One attack, in the attackers' process: what it came to, by its own count."""

from __future__ import annotations

import asyncio
import faulthandler
import os
from typing import Final

from tests.attack.attack import Attack
from tests.attack.catalogue import ATTACKS
from tests.attack.drivers import Tally, Target

_STUCK: Final = 60.0
"""Seconds after its time that an attack has to reach what it is to reach, and once more to end;
then it is ended with its process."""


def stand_back() -> None:
    """Attackers are other people's machines: they are to take as little of this one as may be."""
    os.nice(3)


def fire(name: str, target: Target, seconds: float | None = None) -> Tally:
    """Runs in a process of its own, so that an attacker's work is not the bystanders'. `seconds`:
    for so long, not for as long as the attack says, and for a part of what it reaches."""
    attack = ATTACKS[name]
    part = seconds is not None
    most = min(attack.seconds, seconds) if seconds is not None else attack.seconds
    faulthandler.dump_traceback_later(most + 2 * _STUCK, exit=True)
    try:
        return asyncio.run(_fire(attack, target, most, part))
    finally:
        faulthandler.cancel_dump_traceback_later()


async def _fire(attack: Attack, target: Target, seconds: float, part: bool) -> Tally:
    tally = Tally()
    run = asyncio.ensure_future(attack.run(target, tally))
    try:
        await asyncio.wait({run}, timeout=seconds)
        for _ in range(int(_STUCK)):
            if run.done() or not attack.missed(tally, part=part):
                break
            await asyncio.wait({run}, timeout=1)  # the machine is slow: they are at it still
        if run.done():
            run.result()
    finally:
        run.cancel()
        await asyncio.wait({run}, timeout=10)
    return tally
