"""Besieges a real fleet, on which people type, with hostile connections beside them and on their
pad.

Nobody who types may lose their connection or a revision, and no process may end, log a fault, or
keep what an attacker sent.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random

import aiohttp
import psutil

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import Pad, connect
from tests.eventually import eventually
from tests.fleet import Fleet, Member
from tests.fuzz.attacker import Attacker

AT_ONCE = 16
"""How many attackers there are at the same time."""

GROWTH_LIMIT_MB = 60
"""How many MB a process may grow by in the second half."""

LOG_LIMIT = 4000
"""How many bytes of log there may be for each thing that an attacker sends, in all processes
together."""

HOLD_TIMES = 10
"""How many times longer the event loop of a worker may be held under fire than when people only
type, on the same machine; where that was nearly nothing, it is compared with `HOLD_LEAST`."""

HOLD_LEAST = 0.05
"""How many seconds count as nearly nothing."""

CALM_EDITS = 100
"""How many edits each person makes before the fire, for comparison."""

PACE = 0.02
"""How many seconds pass between the edits of one person."""


async def besiege(seed: int, connections: int) -> str:
    """Runs the siege on a fleet of its own, and returns a report. Raises AssertionError for
    whatever broke."""
    # Polling clients that vanish are noticed when they do not answer a ping.
    pings = {"PADFLEET_PING_INTERVAL_MS": "3000", "PADFLEET_PING_TIMEOUT_MS": "5000"}
    with (
        tempfile.TemporaryDirectory(prefix="padfleet-fuzz-") as folder,
        EmbeddedServer(Path(folder) / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, Path(folder), pings) as fleet,
    ):
        fleet.start(writers=1, workers=2)
        report = await siege(fleet, seed, connections)
        for worker in fleet.workers:
            for kept in ("sockets", "sessions"):
                name = f"padfleet_fanout_{kept}"
                await eventually(partial(_none_of, worker, name), name, timeout=30)
        return report


def _none_of(worker: Member, name: str) -> bool:
    return worker.metric(name) == 0


async def siege(fleet: Fleet, seed: int, connections: int) -> str:
    """Besieges a running fleet, and returns a report. The pads are named after the seed."""
    members = [*fleet.workers, *fleet.writers]
    logs = {member.name: member.log.stat().st_size for member in members}
    besieged, quiet = f"besieged-{seed}", f"quiet-{seed}"
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(connect(f"{url}/p/{pad}", resume=False))
            for pad in (besieged, quiet)
            for url in fleet.urls
        ]
        calm, done = Holds(fleet), asyncio.Event()
        done.set()
        await asyncio.gather(
            *(_type(pad, number, done, CALM_EDITS) for number, pad in enumerate(people))
        )
        peace, fire = calm.longest(), Holds(fleet)
        sent, typed, growth = await _under_fire(fleet, people, [besieged, quiet], seed, connections)
        hold = fire.longest()
        for pair in (people[:2], people[2:]):
            await _agree(pair)
    _examine(members, logs, sent)
    assert growth < GROWTH_LIMIT_MB, f"a process grew by {growth:.0f} MB in the second half"
    most = HOLD_TIMES * max(peace, HOLD_LEAST)
    assert hold <= most, f"an event loop was held for {hold:g} s; without attackers for {peace:g} s"
    peak = max(_resident_mb(member) for member in members)
    return (
        f"siege: {connections:,} connections sent {sent:,} packets in "
        f"{time.monotonic() - started:.0f} s, {typed:,} edits beside them were all accepted; "
        f"largest process {peak:.0f} MB, which grew by {growth:.0f} MB in the second half; "
        f"no event loop was held for longer than {hold:g} s ({peace:g} s in peace)"
    )


class Holds:
    """Measures how long the event loops of the workers are held, by their own metrics."""

    def __init__(self, fleet: Fleet) -> None:
        self._workers = fleet.workers
        self._before = [self._counts(worker) for worker in self._workers]

    def longest(self) -> float:
        """Returns the longest time in seconds since this was made: the upper bound of its
        bucket."""
        return max(
            _longest(before, self._counts(worker))
            for worker, before in zip(self._workers, self._before, strict=True)
        )

    @staticmethod
    def _counts(worker: Member) -> dict[float, float]:
        found = re.findall(
            r'^padfleet_loop_delay_seconds_bucket\{le="([^"]+)"\} (\S+)$',
            worker.page("/metrics"),
            re.MULTILINE,
        )
        return {float(bound): float(count) for bound, count in found}


def _longest(before: dict[float, float], after: dict[float, float]) -> float:
    counts = {bound: count - before.get(bound, 0.0) for bound, count in after.items()}
    total = counts[float("inf")]
    assert total, "the event loop was not measured"
    return min(bound for bound, count in counts.items() if count == total)


async def _under_fire(
    fleet: Fleet, people: list[Pad], pads: list[str], seed: int, connections: int
) -> tuple[int, int, float]:
    """Attacks while the people type. Returns how many packets were sent, how many edits were made,
    and by how many MB memory grew."""
    over = asyncio.Event()
    typing = [
        asyncio.create_task(_type(pad, number, over), name=f"typist {number}")
        for number, pad in enumerate(people)
    ]
    halves = []
    attackers = [
        Attacker(
            Random(f"{seed} siege {number}"),
            fleet.urls[number % len(fleet.urls)],
            [pads[0], pads[0], f"theirs-{seed}-{number % 20}"],
        )
        for number in range(connections)
    ]
    members = [*fleet.workers, *fleet.writers]
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as http:
        half = connections // 2
        for some in (attackers[:half], attackers[half:]):
            await _all(some, lambda attacker: attacker.run(http))
            halves.append([_resident_mb(member) for member in members])
    over.set()
    typed = sum(await asyncio.gather(*typing))
    growth = max(after - middle for middle, after in zip(*halves, strict=True))
    return sum(attacker.sent for attacker in attackers), typed, growth


async def _all(attackers: list[Attacker], run: Callable[[Attacker], Awaitable[None]]) -> None:
    waiting = iter(attackers)

    async def one_after_the_other() -> None:
        for attacker in waiting:
            await run(attacker)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


async def _type(pad: Pad, number: int, over: asyncio.Event, least: int = 1) -> int:
    """Types until it is over, but at least `least` edits, each accepted before the next one."""
    count = 0
    while not over.is_set() or count < least:
        async with asyncio.timeout(30):
            await pad.append(f"{number}.{count}\n")
        count += 1
        await asyncio.sleep(PACE)
    return count


async def _agree(pair: list[Pad]) -> None:
    """Checks that both see the same text, with everything in it that either has typed."""
    for pad in pair:
        await pad.append("end\n")
    for pad in pair:
        async with asyncio.timeout(30):
            await pad.until(lambda: pair[0].rev == pair[1].rev)
    assert pair[0].text == pair[1].text, "two who are on the same revision see different texts"


def _examine(members: list[Member], logs: dict[str, int], sent: int) -> None:
    total = 0
    for member in members:
        assert member.process.poll() is None, f"{member.name} has ended"
        with member.log.open("rb") as file:
            file.seek(logs[member.name])
            text = file.read().decode(errors="replace")
        total += len(text)
        for fault in ("Traceback", '"level": "error"', "Logging error"):
            at = text.find(fault)
            assert at < 0, f"{member.name} logged a fault:\n{text[max(0, at - 500) : at + 3000]}"
    assert total < LOG_LIMIT * (sent + 100), f"{total:,} bytes of log for {sent:,} packets"


def _resident_mb(member: Member) -> float:
    return float(psutil.Process(member.process.pid).memory_info().rss) / 1e6
