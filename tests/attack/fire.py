"""Runs one attack in the attackers' process, and counts its outcomes."""

from __future__ import annotations

import asyncio
import faulthandler
import os
from typing import Final

from tests.attack.attack import Attack
from tests.attack.catalogue import ATTACKS
from tests.attack.drivers import Tally, Target

_STUCK: Final = 60.0
"""How many seconds after its time an attack has for reaching what it has to reach, and then again
for ending; after that, its process is ended."""


def stand_back() -> None:
    """Lowers the priority of the attackers, who would be on other people's machines and should take
    as little as possible of this one."""
    os.nice(3)


def fire(name: str, target: Target, seconds: float | None = None) -> Tally:
    """Runs an attack in a process of its own, so that the attacker's work is not done by the
    bystanders' process. With `seconds`, it goes on for that time instead of its own, and has to
    reach only a part of what it should."""
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
