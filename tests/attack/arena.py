"""Runs a live fleet under attack, and measures it: one writer and two workers, or two nodes, on one
Redis."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar

import aiohttp
import psutil
import redis

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.limited.process import IDLE
from tests import signing
from tests.attack.attack import PAD, Attack
from tests.attack.bystanders import Bystanders, bystanders
from tests.attack.drivers import Tally, Target
from tests.attack.fire import fire, stand_back
from tests.attack.headers import GRANTED, ISSUER, PROXY
from tests.attack.judge import LEFT_REDIS_MB, Growth, Latency, Result, is_kept, worst
from tests.attack.standstill import Standstill
from tests.eventually import eventually
from tests.fleet import Fleet, Member
from tests.fuzz.siege import Holds

T = TypeVar("T")

KEY: Final = "key-of-the-attacked-fleet"
SETTINGS: Final = {
    "PADFLEET_API_KEY": KEY,
    "PADFLEET_API_ISSUER": ISSUER,
    "PADFLEET_API_AUDIENCE": GRANTED["aud"],
    "PADFLEET_API_SCOPE": GRANTED["scope"],
    "PADFLEET_TRUSTED_PROXIES": PROXY,
    # These are short, so that what they end is seen to end without waiting for a minute after each
    # attack. Most attacks take less time than a client has for a request or a ping even so.
    "PADFLEET_UNWRITTEN_AFTER_MS": "2000",
    "PADFLEET_VISITORS_KEPT_MS": "3000",
    "PADFLEET_PING_INTERVAL_MS": "3000",
    "PADFLEET_PING_TIMEOUT_MS": "5000",
    "PADFLEET_REQUEST_TIMEOUT_MS": "8000",
}

LOOK_S: Final = 0.25
SETTLED_S: Final = 30.0
"""How many seconds after an attack its growth has to be gone: abandoned polling sessions are
noticed when they have not answered a ping, after 8 s, and joins that wait for their turn after 10
s."""

KEPT_S: Final = 6.0
"""A process that has not become smaller for so many seconds keeps what it has, since its allocator
does. Only another run of the attack then says whether it would grow further."""

ENDED_S: Final = IDLE + 30
"""How many seconds after the last attack helpers have to end who have nothing to do."""

AGAIN: Final = 2
"""How many times an attack is run again if a process stays larger after it."""

SERVED_S: Final = 100.0
"""How many seconds after a shortened attack bystanders have to be served again, however slow the
machine is."""

_PREPARED_S: Final = 180.0

_NOT_TO_BE_LOGGED: Final = (
    '"level": "error"',
    "Traceback",
    "Logging error",
    "SocketIsClosedError",  # a client that has gone is nobody's fault
)
_TRACEBACK_LINES: Final = 40

LARGE_LINES: Final = 30_000
CHATTY: Final = 120
LONG: Final = 300


@dataclass(frozen=True)
class Busy:
    """The processor time that has been used so far, in seconds."""

    at: float  #: on the monotonic clock
    machine: float  #: of all cores
    of: dict[str, float]  #: by process

    def since(self, before: Busy) -> tuple[dict[str, float], float]:
        """Returns how many cores each has kept busy since, and which share of the machine all other
        programs had."""
        seconds = max(self.at - before.at, 1e-6)
        cores = {
            name: max(0.0, spent - before.of.get(name, 0.0)) / seconds
            for name, spent in self.of.items()
        }
        all_of_it = (self.machine - before.machine) / seconds
        others = max(0.0, all_of_it - sum(cores.values()))
        return cores | {"others": others}, others / (os.cpu_count() or 1)


@dataclass(frozen=True)
class Reading:
    memory: dict[str, float]  #: MB
    redis_mb: float
    keys: int


class Shrinking:
    """Says whether memory is still being given back."""

    def __init__(self, patience: float) -> None:
        self._patience = patience  #: in seconds
        self._least = float("inf")
        self._since = 0.0

    def goes_on(self, mb: float, now: float) -> bool:
        """Takes the memory that is used now; returns whether it has shrunk recently."""
        if mb < self._least - 1:
            self._least, self._since = mb, now
        return now - self._since < self._patience


class Arena:
    def __init__(
        self,
        fleet: Fleet,
        server: EmbeddedServer,
        target: Target,
        people: Bystanders,
        http: aiohttp.ClientSession,
    ) -> None:
        self.fleet = fleet
        self._members = [*fleet.workers, *fleet.writers]
        self._redis = redis.Redis.from_url(server.url)
        self._redis_pid = server.pid
        self._target = target
        self._people = people
        self._attackers = _attackers()
        self._standstill = Standstill()
        self._http = http
        self._read = {member.name: member.log.stat().st_size for member in self._members}
        self._counted = self._counts()
        self._fired = 0
        self._helpers = 0  #: how many the bystanders need

    async def calm(self, seconds: float) -> Latency:
        """Returns how long edits take when nobody attacks."""
        diary = self._people.opened()
        await asyncio.sleep(seconds)
        self._helpers = self._children()
        return Latency.of(diary.edits)

    async def run(self, attack: Attack, *, seconds: float | None = None) -> Result:
        """Runs an attack, and returns the worst of its runs.

        If a process stays larger, the attack is run again: an allocator then reuses what it has
        kept, and memory that has really been forgotten grows with each run.

        Arguments:
            seconds: how long the attack goes on at most, instead of its own time.
        """
        runs = [await self._run(attack, seconds)]
        result = runs[0]
        while len(runs) <= AGAIN and any(is_kept(*one) for one in result.memory.items()):
            runs.append(await self._run(attack, seconds))
            result = worst(runs, attack, part=seconds is not None)
        return result

    async def _run(self, attack: Attack, seconds: float | None) -> Result:
        before = self.reading()
        holds = await _patiently(partial(Holds, self.fleet))
        diary = self._people.opened()
        readings: list[Reading] = []
        looking = asyncio.create_task(self._look(readings))
        begun = time.monotonic()
        self._fired += 1
        target = replace(
            self._target, address=f"127.0.{1 + self._fired // 200}.{self._fired % 200}"
        )
        stuck: list[str] = []
        await asyncio.to_thread(self._standstill.longest_ms)
        busy = self._busy()
        try:
            tally = await asyncio.get_running_loop().run_in_executor(
                self._attackers, fire, attack.name, target, seconds
            )
        except BrokenProcessPool:
            tally, stuck = Tally(), ["the attackers were stuck, and ended"]
            self._attackers = _attackers()
        finally:
            looking.cancel()
        took = time.monotonic() - begun
        cpu, others = self._busy().since(busy)
        stood_ms = await asyncio.to_thread(self._standstill.longest_ms)
        self._people.opened()
        hold = await _patiently(holds.longest)
        peak = [*readings, self.reading()]
        after, broken = await self._settle(attack, before)
        return Result(
            attack.name,
            attack.clients,
            took,
            dict(tally),
            Latency.of(diary.edits),
            len(diary.errands) + sum(diary.failed.values()),
            dict(diary.failed),
            1000 * max(diary.errands, default=0.0),
            1000 * hold,
            {
                name: Growth(max(one.memory[name] for one in peak) - mb, after.memory[name] - mb)
                for name, mb in before.memory.items()
            },
            Growth(
                max(one.redis_mb for one in peak) - before.redis_mb,
                after.redis_mb - before.redis_mb,
            ),
            Growth(max(one.keys for one in peak) - before.keys, after.keys - before.keys),
            cpu,
            others,
            [*stuck, *broken, *await self._broken()],
            stood_ms,
        )

    async def served(self) -> list[str]:
        """Waits until a bystander's edits and all kinds of errands are served again, and returns
        those that are not served within `SERVED_S`."""
        diary = self._people.opened()

        def lacking() -> list[str]:
            edits = [] if diary.edits else ["edits"]
            return [*edits, *sorted(self._people.kinds - diary.served)]

        try:
            await eventually(lambda: not lacking(), "bystanders are served", timeout=SERVED_S)
        except AssertionError:
            return [f"afterwards, not served: {', '.join(lacking())} ({dict(diary.failed)})"]
        return []

    async def ended(self) -> list[str]:
        """Waits until no helpers are left but those that the bystanders need; returns what is wrong
        if more stay."""
        try:
            await eventually(
                lambda: self._children() <= self._helpers, "helpers end", timeout=ENDED_S
            )
        except AssertionError:
            return [f"{self._children()} helpers stay; before the attacks there were fewer"]
        return []

    def close(self) -> None:
        self._attackers.shutdown()
        self._standstill.close()
        self._redis.close()

    # --- Measuring -------------------------------------------------------------------------------

    def reading(self) -> Reading:
        memory, helpers = {}, 0.0
        for member in self._members:
            process = psutil.Process(member.process.pid)
            memory[member.name] = process.memory_info().rss / 1e6
            for child in process.children(recursive=True):
                try:
                    helpers += child.memory_info().rss / 1e6
                except psutil.NoSuchProcess:
                    continue
        info = self._redis.info("memory")
        size = self._redis.dbsize()
        return Reading({**memory, "helpers": helpers}, info["used_memory"] / 1e6, int(size))

    def _children(self) -> int:
        """Returns how many helpers there are."""
        return sum(
            len(psutil.Process(member.process.pid).children(recursive=True))
            for member in self._members
        )

    def _busy(self) -> Busy:
        struck, other = self.fleet.workers
        found = {
            "worker": _spent(struck.process.pid),
            "other worker": _spent(other.process.pid),
            "writer": sum(_spent(member.process.pid) for member in self.fleet.writers),
            "Redis": _spent(self._redis_pid),
            "attackers": sum(map(_spent, self._attackers._processes or ())),
            "bystanders": sum(os.times()[:2]),
        }
        times = psutil.cpu_times()
        # This leaves out idle time and waits for disks, which belong to nobody.
        machine = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
        return Busy(time.monotonic(), machine, found)

    async def _look(self, readings: list[Reading]) -> None:
        while True:
            readings.append(self.reading())
            await asyncio.sleep(LOOK_S)

    async def _settle(self, attack: Attack, before: Reading) -> tuple[Reading, list[str]]:
        """Deletes what attackers wrote, and waits until what the attack took is given back."""
        await self._delete_pads()
        until = time.monotonic() + SETTLED_S
        shrinking = Shrinking(KEPT_S)
        while True:
            left = await _patiently(self._left)
            after = self.reading()
            small = not any(
                is_kept(name, Growth(0, after.memory[name] - mb))
                for name, mb in before.memory.items()
            )
            gone = (
                not left
                and after.redis_mb - before.redis_mb < LEFT_REDIS_MB
                and after.keys - before.keys <= attack.keys_left
            )
            now = time.monotonic()
            shrinks = shrinking.goes_on(sum(after.memory.values()), now)
            if now > until or (gone and (small or not shrinks)):
                return after, left
            await asyncio.sleep(LOOK_S)

    def _left(self) -> list[str]:
        """Returns the sockets that are still there, other than those of bystanders, an errand's
        included."""
        return [
            f"{member.name} keeps {kept - 2:.0f} sockets"
            for member in self.fleet.workers
            if (kept := member.metric("padfleet_fanout_sockets")) > 2
        ]

    async def _delete_pads(self) -> None:
        url = self._target.api
        async with self._http.post(url("listAllPads"), data={"apikey": KEY}) as answer:
            pads = (await answer.json())["data"]["padIDs"]
        for pad in pads:
            if pad.startswith(PAD):
                said = {"apikey": KEY, "padID": pad}
                async with self._http.post(url("deletePad"), data=said) as answer:
                    await answer.read()

    def _counts(self) -> dict[str, float]:
        names = ("padfleet_task_faults_total", "padfleet_task_restarts_total")
        return {
            f"{name} of {member.name}": member.metric(name)
            for member in self._members
            for name in names
        }

    async def _broken(self) -> list[str]:
        found = [
            f"{member.name} has ended"
            for member in self._members
            if member.process.poll() is not None
        ]
        counts = await _patiently(self._counts)
        found += [what for what, count in counts.items() if count > self._counted[what]]
        self._counted = counts
        for member in self._members:
            found += self._logged(member)
        return found

    def _logged(self, member: Member) -> list[str]:
        """Returns the first error that it has logged since the last look."""
        with member.log.open("rb") as file:
            file.seek(self._read[member.name])
            text = file.read().decode(errors="replace")
            self._read[member.name] = file.tell()
        lines = text.splitlines()
        for number, line in enumerate(lines):
            if any(word in line for word in _NOT_TO_BE_LOGGED):
                said = "\n".join(one[:2000] for one in lines[number : number + _TRACEBACK_LINES])
                return [f"{member.name} logged: {said}"]
        return []


def _spent(pid: int) -> float:
    """Returns the seconds of processor time that the process and its helpers have taken; helpers
    that have ended are not counted."""
    try:
        process = psutil.Process(pid)
        of_each = [process, *process.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in of_each)
    except psutil.NoSuchProcess:
        return 0.0


def _attackers() -> ProcessPoolExecutor:
    """Returns a pool of one process, so that the attackers' work is not done by the bystanders'
    process."""
    return ProcessPoolExecutor(1, get_context("spawn"), stand_back)


async def _patiently(look: Callable[[], T]) -> T:
    """Returns the result of a look at processes, without holding up the bystanders; a process that
    is too busy to answer is asked again for a while."""
    until = time.monotonic() + SETTLED_S
    while True:
        try:
            return await asyncio.to_thread(look)
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def arena(folder: Path, *, of_nodes: bool = False) -> AsyncIterator[Arena]:
    """Runs the fleet, with pads on it and people who type. With `of_nodes`, both workers are nodes,
    which commit what people write on them themselves."""
    keys = folder / "keys.json"
    keys.write_bytes(signing.jwks(signing.jwk(signing.ed25519(), "one")))
    settings = {**SETTINGS, "PADFLEET_API_JWKS_FILE": str(keys)}
    with (
        EmbeddedServer(folder / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, folder, settings) as fleet,
    ):
        if of_nodes:
            fleet.start(writers=0, workers=0, nodes=2)
        else:
            fleet.start(writers=1, workers=2)
        worker, other = fleet.workers
        target = Target(
            worker.host, worker.port, other.port, worker.ops_port, KEY, "large", "chatty", "long"
        )
        # A new connection for each request: a worker under attack closes idle ones, and a POST on
        # one that it is closing is not repeated.
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as http:
            await _prepare(http, target)
            async with bystanders(fleet, target) as people:
                with closing(Arena(fleet, server, target, people, http)) as made:
                    yield made


async def _prepare(http: aiohttp.ClientSession, target: Target) -> None:
    turns = asyncio.Semaphore(8)

    async def call(function: str, **fields: str) -> None:
        """Makes the call again if the fleet did not get to it: the machine may have much else to
        do."""
        async with turns, asyncio.timeout(_PREPARED_S):
            while True:
                said = {"apikey": KEY, **fields}
                try:
                    async with http.post(target.api(function), data=said) as answer:
                        found = await answer.json()
                except aiohttp.ClientConnectionError:
                    continue
                if found["code"] == 0:
                    return
                assert found["code"] == 2, found
                await asyncio.sleep(LOOK_S)

    for pad in (target.large, target.chatty, target.long):
        await call("createPad", padID=pad, text="\n")
    lines = "".join(f"{number} {'x' * 90}\n" for number in range(LARGE_LINES))
    await call("setText", padID=target.large, text=lines)
    author = "a.0000000000000000"
    said = [
        call("appendChatMessage", padID=target.chatty, text=f"{n}" * 3000, authorID=author)
        for n in range(CHATTY)
    ]
    written = [call("appendText", padID=target.long, text=f"{n} {'y' * 40}\n") for n in range(LONG)]
    await asyncio.gather(*said, *written)


@asynccontextmanager
async def temporary_arena(*, of_nodes: bool) -> AsyncIterator[Arena]:
    with tempfile.TemporaryDirectory(prefix="padfleet-attack-") as folder:
        async with arena(Path(folder), of_nodes=of_nodes) as made:
            yield made


async def run_all(
    made: Arena, attacks: Sequence[Attack], deadline: float
) -> AsyncIterator[Result | str]:
    """Yields the result of each attack, or the name of one for which there was no time before
    `deadline`."""
    for attack in attacks:
        if time.monotonic() + attack.seconds + SETTLED_S > deadline:
            yield attack.name
        else:
            yield await made.run(attack)
