"""Runs a process full of cheap clients, which the coordinator starts as `python -m`."""

import asyncio
import gc
from typing import Any

from padfleet.services.tools.loadtest import lines
from padfleet.services.tools.loadtest.driver import (
    DriverConnection,
    NoServer,
    Workload,
    open_client,
)
from padfleet.services.tools.loadtest.inflate import SharedInflater
from padfleet.services.tools.loadtest.measure import Latency, allow_many_sockets, own_cpu_s
from padfleet.services.tools.loadtest.plan import Load, LoadStep
from padfleet.services.tools.loadtest.tally import LoadTally
from padfleet.services.tools.loadtest.target import LoadTarget

TICK = 0.02
"""The number of seconds between two measurements of how late the event loop is."""


class Worker:
    """Answers the coordinator's orders: each method is one, with the fields of the order."""

    def __init__(self, load: Load, process: int) -> None:
        self._load = load
        self._process = process
        self._targets = {url: LoadTarget.parse(url) for url in load.urls}
        self._workload = Workload(
            arrivals=load.arrivals,
            spread=load.spread,
            inflater=SharedInflater() if load.compression else None,
        )
        self._connections: list[DriverConnection] = []
        self._here = {"authors": 0, "readers": 0}
        self._opening: set[asyncio.Task[None]] = set()
        self._growth: asyncio.Task[None] | None = None
        self._delay = Latency()
        self._watch: asyncio.Task[None] | None = None
        self._cpu = own_cpu_s()
        self._since = asyncio.get_running_loop().time()

    async def answer(self, order: dict[str, Any]) -> lines.Answer:
        if self._watch is None:
            self._watch = asyncio.create_task(self._measure_delay())
        match order["do"]:
            case "step":
                self._step(LoadStep(**order["step"]))
            case "cut":
                return self._cut()
            case "stop":
                self._set_rate(0)
            case "state":
                return self._state()
            case "leave":
                self._leave()
        return {}

    # --- Orders ----------------------------------------------------------------------------------

    def _step(self, step: LoadStep) -> None:
        """Starts a step and answers at once; `cut` reports how many clients are still joining."""
        self._set_rate(step.rate)
        new = []
        for kind, wanted in (("authors", step.authors), ("readers", step.readers)):
            shares = self._load.share(self._process, self._here[kind], wanted)
            new += [(number, kind == "authors") for number in shares]
            self._here[kind] = max(wanted, self._here[kind])
        self._growth = asyncio.create_task(self._grow(new, self._growth))

    async def _grow(
        self, clients: list[tuple[int, bool]], before: asyncio.Task[None] | None
    ) -> None:
        """Adds clients at the join rate, each when its time has come, however long others take."""
        if before is not None:
            await before
        loop = asyncio.get_running_loop()
        pause = self._load.processes / self._load.join_rate
        due = loop.time() + pause * self._process / self._load.processes
        for number, writes in clients:
            await asyncio.sleep(max(0.0, due - loop.time()))
            task = asyncio.create_task(self._open(number, writes))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
            due += pause

    async def _open(self, number: int, writes: bool) -> None:
        load = self._load
        target = self._targets[load.url_of(number)]
        try:
            connection = await open_client(
                target, load.pad_of(number), self._workload, writes=writes, batch=load.batch
            )
        except NoServer as error:
            self._workload.tally.errors[f"not joined: {error}"] += 1
            return
        self._connections.append(connection)

    def _set_rate(self, rate: float) -> None:
        if rate != self._workload.rate:
            self._workload.rate = rate
            for connection in self._connections:
                connection.rate_changed()

    def _cut(self) -> lines.Answer:
        """Returns what happened since the last call."""
        now = asyncio.get_running_loop().time()
        tally, self._workload.tally = self._workload.tally, LoadTally()
        delay, self._delay = self._delay, Latency()
        cpu, self._cpu = own_cpu_s() - self._cpu, own_cpu_s()
        seconds, self._since = now - self._since, now
        waiting = [c.client for c in self._connections if c.open and not c.client.settled]
        oldest = min((due for c in waiting if (due := c.oldest()) is not None), default=now)
        growing = self._growth is not None and not self._growth.done()
        return {
            "tally": tally.settle().jsonable(),
            "seconds": seconds,
            "cpu_s": cpu,
            "loop_delay": delay.encode(),
            "connected": sum(connection.open for connection in self._connections),
            "joining": len(self._opening) + growing,
            "unaccepted": sum(client.waiting for client in waiting),
            "oldest_ms": (now - oldest) * 1000,
        }

    def _state(self) -> lines.Answer:
        """Returns where the clients of each pad are: lowest and highest revision and length, and
        how many edits are under way."""
        pads: dict[str, list[int]] = {}
        for connection in self._connections:
            client = connection.client
            if not connection.open or client.gone is not None:
                continue
            here = [client.rev, client.rev, client.length, client.length, client.waiting]
            there = pads.setdefault(client.pad_id, here)
            if there is not here:
                there[0] = min(there[0], client.rev)
                there[1] = max(there[1], client.rev)
                there[2] = min(there[2], client.length)
                there[3] = max(there[3], client.length)
                there[4] += client.waiting
        return {"pads": pads}

    def _leave(self) -> None:
        for task in (self._growth, *self._opening):
            if task is not None:
                task.cancel()
        for connection in self._connections:
            connection.leave()

    async def _measure_delay(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time() + TICK
            await asyncio.sleep(TICK)
            self._delay.record((loop.time() - asked) * 1e6)


def make(first: dict[str, Any]) -> lines.Serve:
    allow_many_sockets()
    # Ten thousand clients are many objects, all in use: scanning them for garbage would show up as
    # latency.
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000_000)
    return Worker(Load(**first["load"]), first["process"]).answer


if __name__ == "__main__":
    lines.serve(make)
