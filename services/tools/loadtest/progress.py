"""Shows the progress once a second: on a terminal as one line that is overwritten, elsewhere as
lines."""

import sys
from typing import TextIO

from padfleet.services.tools.loadtest.plan import LoadStep
from padfleet.services.tools.loadtest.report_text import readable
from padfleet.services.tools.loadtest.sample import Sample

CLEAR = "\r\x1b[K"


class LoadProgress:
    def __init__(self, steps: list[LoadStep], out: TextIO = sys.stderr) -> None:
        self._steps = steps
        self._out = out
        self._terminal = out.isatty()

    def show(self, phase: str, step: LoadStep, sample: Sample, servers: dict[str, float]) -> None:
        line = described(phase, step, sample, servers)
        if len(self._steps) > 1:
            line = f"{self._steps.index(step) + 1}/{len(self._steps)} {line}"
        self._out.write(f"{CLEAR}{line}" if self._terminal else f"{line}\n")
        self._out.flush()

    def end(self) -> None:
        if self._terminal:
            print(CLEAR, end="", file=self._out, flush=True)


def described(phase: str, step: LoadStep, sample: Sample, servers: dict[str, float]) -> str:
    """Returns one line on how the load test is going.

    Arguments:
        phase: what the test is doing at the moment.
        sample: what has been counted since the last line.
        servers: the CPU seconds per second of each server, as far as they can be seen.
    """
    counts, seconds = sample.tally.counts, sample.seconds or 1.0
    parts = [
        f"{phase}: {sample.connected} of {step.authors + step.readers}",
        f"{readable(counts.accepted / seconds)} commits/s",
        f"{readable(counts.delivered / seconds)} delivered/s",
        f"ack p95 {readable(sample.tally.latencies['ack'].ms(95))} ms",
        f"delivery p95 {readable(sample.tally.latencies['delivery'].ms(95))} ms",
    ]
    if sample.unaccepted:
        parts.append(f"{sample.unaccepted} waiting")
    if servers:
        parts.append(" ".join(f"{name} {share:.0%}" for name, share in servers.items()))
    parts.append("rig " + " ".join(f"{process.share:.0%}" for process in sample.rig))
    if any(process.saturation() for process in sample.rig):
        parts.append("RIG SATURATED")
    if broken := sample.tally.violations.total():
        parts.append(f"{broken} BROKEN PROMISES")
    return ", ".join(parts)
