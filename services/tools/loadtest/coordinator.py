"""Runs a plan: starts the processes of the rig, and leads them from step to step."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from padfleet.services.tools.loadtest.agreement import Spread, Text, differences, quiet
from padfleet.services.tools.loadtest.lines import LoadProcess
from padfleet.services.tools.loadtest.measure import Latency, Servers, Usage, machine_busy_s
from padfleet.services.tools.loadtest.plan import Load, LoadStep, StopAt
from padfleet.services.tools.loadtest.results import (
    LoadReport,
    MeasuredServer,
    RigProcess,
    StepResult,
)
from padfleet.services.tools.loadtest.sample import Sample
from padfleet.services.tools.loadtest.tally import LoadTally

ANSWER_TIMEOUT = 60.0
"""The seconds within which a process of the rig has to answer; it may be busy, but not that
busy."""

JOIN_PATIENCE = 40.0
"""The seconds for joining in addition to what the join rate requires."""

SETTLE_TIMEOUT = 30.0
"""The seconds for everything that is still under way at the end to arrive everywhere."""

INTERVAL = 1.0


@dataclass(frozen=True, slots=True)
class LoadRun:
    """The plan of a run."""

    load: Load
    steps: list[LoadStep]
    warmup: float  #: seconds of each step that are not measured
    pids: list[tuple[str, int]]  #: of servers on this machine, by name
    stop_at: StopAt | None = None


Show = Callable[[str, LoadStep, Sample, dict[str, float]], None]
"""A callback that gets the phase, the step, the last sample and the servers' shares of a core."""


class Rig:
    """Runs the rig. `show` is called every second. `stop` ends the run early, but in order."""

    def __init__(self, run: LoadRun, report: LoadReport, show: Show) -> None:
        self._run = run
        self._show = show
        self._report = report
        self._servers = Servers(run.pids)
        self._workers: list[LoadProcess] = []
        self._verifier: LoadProcess | None = None
        self._last_servers: dict[str, Usage] = {}
        self._stopping = asyncio.Event()
        self._started = 0.0

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Fills the report. Raises `ChildFailed`; the report then holds the steps that were
        done."""
        run = self._run
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._started = time.monotonic()
            try:
                for step in run.steps:
                    result = await self._step(step)
                    if result.seconds:
                        self._report.steps.append(result)
                    if self._stopping.is_set():
                        self._report.notes.append("stopped before the plan was done")
                        break
                    if self._over(result):
                        break
                await self._compare(run.steps[-1])
            finally:
                await asyncio.gather(
                    *(child.ask("leave", ANSWER_TIMEOUT) for child in self._children),
                    return_exceptions=True,
                )

    @property
    def _children(self) -> list[LoadProcess]:
        return [*self._workers, *([self._verifier] if self._verifier else [])]

    async def _start(self, stack: AsyncExitStack) -> None:
        load = self._run.load
        for process in range(load.processes):
            first = {"load": load.jsonable(), "process": process}
            child = await LoadProcess.start(
                f"process {process + 1}", "padfleet.services.tools.loadtest.worker", first
            )
            stack.push_async_callback(child.end)
            self._workers.append(child)
        if load.verify:
            child = await LoadProcess.start(
                "the verifier", "padfleet.services.tools.loadtest.verify", {"load": load.jsonable()}
            )
            stack.push_async_callback(child.end)
            self._verifier = child
            answer = await child.ask("join", ANSWER_TIMEOUT)
            if "failed" in answer:
                self._report.differences.append(f"a full client failed: {answer['failed']}")

    # --- Steps -----------------------------------------------------------------------------------

    async def _step(self, step: LoadStep) -> StepResult:
        await self._all("step", step={name: getattr(step, name) for name in step.__slots__})
        before = self._report.steps[-1] if self._report.steps else None
        coming = step.authors + step.readers
        coming -= before.authors + before.readers if before else 0
        patience = coming / self._run.load.join_rate + JOIN_PATIENCE
        await self._until_joined(step, patience)
        await self._spend("warm-up", step, self._run.warmup)
        return await self._measure(step)

    async def _until_joined(self, step: LoadStep, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not self._stopping.is_set() and time.monotonic() < deadline:
            if (await self._second("joining", step, INTERVAL)).joining == 0:
                return

    async def _spend(self, phase: str, step: LoadStep, seconds: float) -> list[Sample]:
        """Returns the samples of about `seconds`; fewer if the run is to stop."""
        end = time.monotonic() + seconds
        samples = []
        while not self._stopping.is_set() and (left := end - time.monotonic()) > 0.02:
            samples.append(await self._second(phase, step, min(INTERVAL, left)))
        return samples

    async def _measure(self, step: LoadStep) -> StepResult:
        start = await self._sample()
        whole = Sample()
        for sample in await self._spend("measuring", step, step.duration):
            whole.followed_by(sample)
        servers = {
            name: MeasuredServer(now.cpu_s - start.servers[name].cpu_s, now.resident)
            for name, now in whole.servers.items()
            if name in start.servers
        }
        busy = None
        if whole.busy_s is not None and start.busy_s is not None and whole.seconds:
            busy = (whole.busy_s - start.busy_s) / whole.seconds
        return StepResult(
            authors=step.authors,
            readers=step.readers,
            rate=step.rate,
            seconds=whole.seconds,
            connected=whole.connected,
            unaccepted=whole.unaccepted,
            oldest_ms=whole.oldest_ms,
            tally=whole.tally,
            rig=whole.rig,
            servers=servers,
            busy_cores=busy,
        )

    def _over(self, result: StepResult) -> bool:
        """Returns whether the sweep should end here; it adds the reason to the report's notes."""
        if gone := self._servers.gone:
            self._report.notes.append(f"ended early: {', '.join(gone)} is gone")
            return True
        if not result.connected:
            self._report.notes.append("ended early: no client is connected")
            return True
        stop = self._run.stop_at
        if stop is None or not stop.reached(
            result.tally.latencies[stop.what], result.unaccepted, result.oldest_ms
        ):
            return False
        self._report.notes.append(
            f"ended early: {stop.what} p{stop.percentile:g} is over {stop.limit_ms:g} ms"
        )
        return True

    # --- Samples ---------------------------------------------------------------------------------

    async def _second(self, phase: str, step: LoadStep, seconds: float) -> Sample:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass
        before = self._last_servers
        sample = await self._sample()
        shares = {
            name: (now.cpu_s - before[name].cpu_s) / sample.seconds
            for name, now in sample.servers.items()
            if name in before and sample.seconds
        }
        at = time.monotonic() - self._started
        self._report.timeline.append(sample.entry(at, phase, step, shares))
        self._show(phase, step, sample, shares)
        return sample

    async def _sample(self) -> Sample:
        answers = await self._all("cut")
        sample = Sample(servers=self._servers.look(), busy_s=machine_busy_s())
        self._last_servers = sample.servers
        for child, answer in zip(self._workers, answers, strict=True):
            tally = LoadTally.from_jsonable(answer["tally"])
            sample.tally.add(tally)
            self._report.violations.update(tally.violations)
            self._report.errors.update(tally.errors)
            delay = Latency(answer["loop_delay"])
            sample.rig.append(RigProcess(child.name, answer["cpu_s"], answer["seconds"], delay))
            sample.seconds = max(sample.seconds, answer["seconds"])
            sample.connected += answer["connected"]
            sample.joining += answer["joining"]
            sample.unaccepted += answer["unaccepted"]
            sample.oldest_ms = max(sample.oldest_ms, answer["oldest_ms"])
        return sample

    async def _all(self, order: str, **more: Any) -> list[dict[str, Any]]:
        return await asyncio.gather(
            *(child.ask(order, ANSWER_TIMEOUT, **more) for child in self._workers)
        )

    # --- The end ---------------------------------------------------------------------------------

    async def _compare(self, step: LoadStep) -> None:
        """Compares all clients: nobody types any more, and when all has arrived, they must
        agree."""
        await self._all("stop")
        deadline = time.monotonic() + SETTLE_TIMEOUT
        while True:
            pads, texts = await self._state()
            if quiet(pads, texts) or time.monotonic() > deadline:
                break
            self._show("settling", step, await self._sample(), {})
            await asyncio.sleep(0.2)
        await self._sample()  # the report must include what went wrong since
        self._report.differences += differences(pads, texts)
        many = "one pad" if len(pads) == 1 else f"{len(pads)} pads"
        self._report.verified = f"{many}, revision and length of all cheap clients"
        if texts:
            self._report.verified += f", texts of {len(texts)} full clients"

    async def _state(self) -> tuple[dict[str, Spread], list[Text]]:
        pads: dict[str, Spread] = {}
        for answer in await self._all("state"):
            for pad, numbers in answer["pads"].items():
                here = Spread(*numbers)
                pads[pad] = pads[pad].joined(here) if pad in pads else here
        if self._verifier is None:
            return pads, []
        answer = await self._verifier.ask("state", ANSWER_TIMEOUT)
        return pads, [Text(*text) for text in answer["texts"]]
