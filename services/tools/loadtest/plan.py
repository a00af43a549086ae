"""Plans how many clients there are when, and on which pad and server each is. Pure."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from padfleet.services.tools.loadtest.measure import Latency

SWEPT = ("authors", "readers", "rate")
MAX_STEPS = 1000

_SWEEP = re.compile(
    r"(?P<what>[a-z]+)=(?P<low>[0-9.]+?)\.\.(?P<high>[0-9.]+)(?P<options>(:[^:]+)*)"
)
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_STOP = re.compile(r"(?:(?P<what>ack|delivery)\.)?p(?P<percentile>[0-9.]+)=(?P<limit>.+)")


class BadPlan(ValueError):
    """The plan is invalid; the text says what is wrong and how it should be."""


def seconds(text: str) -> float:
    """Reads ``10``, ``10s``, ``1.5m``, ``500ms`` as seconds. Raises `BadPlan`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise BadPlan(f"{text!r} is not a time; write 10s, 500ms or 2m")
    return float(found[1]) * _UNITS[found[2] or "s"]


@dataclass(frozen=True, slots=True)
class LoadStep:
    """A stretch of time with the same load."""

    authors: int
    readers: int
    rate: float  #: edits a second of each author
    duration: float  #: seconds that are measured, after all have joined and the warm-up


@dataclass(frozen=True, slots=True)
class Sweep:
    """The value that grows from step to step: ``authors=50..3000:step=100:dwell=10s``."""

    what: str
    low: float
    high: float
    step: float
    dwell: float

    @classmethod
    def parse(cls, text: str, dwell: float) -> "Sweep":
        """Reads a sweep. `dwell` applies unless the text has its own. Raises `BadPlan`."""
        form = f"{text!r} is not a sweep; write authors=50..3000:step=100:dwell=10s"
        found = _SWEEP.fullmatch(text)
        if found is None:
            raise BadPlan(form)
        what = found["what"]
        if what not in SWEPT:
            raise BadPlan(f"cannot sweep {what!r}; choose one of {', '.join(SWEPT)}")
        try:
            low, high = float(found["low"]), float(found["high"])
            options = dict(part.split("=", 1) for part in found["options"].split(":")[1:])
            unknown = set(options) - {"step", "dwell"}
            if unknown:
                raise BadPlan(
                    f"{unknown.pop()!r} is not part of a sweep; the parts are step and dwell"
                )
            step = float(options.get("step", low))
        except BadPlan:
            raise
        except ValueError:
            raise BadPlan(form) from None
        dwell = seconds(options["dwell"]) if "dwell" in options else dwell
        sweep = cls(what, low, high, step, dwell)
        sweep._check(text)
        return sweep

    def _check(self, text: str) -> None:
        if self.low > self.high:
            raise BadPlan(f"{text!r} goes down; clients stay on from step to step, so go up")
        if self.step <= 0 or self.dwell <= 0:
            raise BadPlan(f"{text!r}: step and dwell have to be more than 0")
        if (self.high - self.low) / self.step >= MAX_STEPS:
            raise BadPlan(f"{text!r} has more than {MAX_STEPS} steps")
        if self.what != "rate" and not all(
            value.is_integer() for value in (self.low, self.high, self.step)
        ):
            raise BadPlan(f"{text!r}: there are whole {self.what} only")

    def values(self) -> Iterator[float]:
        """Yields the values from `low` upwards; the last one is always `high`."""
        count = int((self.high - self.low) / self.step + 1e-9)
        for number in range(count + 1):
            yield self.low + number * self.step
        if self.low + count * self.step < self.high - 1e-9:
            yield self.high


def steps(base: LoadStep, sweep: Sweep | None) -> list[LoadStep]:
    """Returns the steps of a sweep, or only `base` if there is no sweep."""
    if sweep is None:
        return [base]
    base = replace(base, duration=sweep.dwell)
    if sweep.what == "rate":
        return [replace(base, rate=value) for value in sweep.values()]
    if sweep.what == "authors":
        return [replace(base, authors=int(value)) for value in sweep.values()]
    return [replace(base, readers=int(value)) for value in sweep.values()]


@dataclass(frozen=True, slots=True)
class StopAt:
    """A limit such as ``p95=1s`` or ``delivery.p99=500ms``. A step that takes longer than this is
    the last one."""

    what: str  #: ack or delivery
    percentile: float
    limit_ms: float

    @classmethod
    def parse(cls, text: str) -> "StopAt":
        """Reads a limit. Raises `BadPlan`."""
        found = _STOP.fullmatch(text)
        try:
            percentile = float(found["percentile"]) if found is not None else -1
        except ValueError:
            percentile = -1
        if found is None or not 0 < percentile <= 100:
            raise BadPlan(f"{text!r} is not a limit; write p95=1s or delivery.p99=500ms")
        return cls(found["what"] or "ack", percentile, seconds(found["limit"]) * 1000)

    def reached(self, found: Latency, unaccepted: int, oldest_ms: float) -> bool:
        """Returns whether the limit is reached. Latencies include only edits that were accepted,
        and a server that no longer answers accepts none. So the limit also counts as reached if
        enough edits are waiting to move the percentile."""
        longest = found.ms(self.percentile)
        if longest is not None and longest > self.limit_ms:
            return True
        many = unaccepted > (1 - self.percentile / 100) * (unaccepted + found.count)
        return self.what == "ack" and many and oldest_ms > self.limit_ms


@dataclass(frozen=True, slots=True)
class Load:
    """The part of a plan that stays the same over all steps; each process of the rig gets it."""

    urls: list[str]
    pad: str  #: the pad's name, or with several the beginning of their names
    pads: int
    batch: bool
    arrivals: str  #: of edits: uniform or poisson
    spread: bool  #: authors type all over the first line; else all at the start
    join_rate: float  #: clients a second, over all processes
    processes: int
    verify: int  #: full clients
    compression: bool = True  #: is offered

    def pad_of(self, number: int) -> str:
        """Returns the pad of the client with this number; authors and readers are counted
        separately."""
        which = number % self.pads
        return self.pad if self.pads == 1 else f"{self.pad}-{which}"

    def url_of(self, number: int) -> str:
        """Returns the client's server. Clients of one pad are spread over all servers, and so are
        pads of one client each."""
        turn = number // self.pads + number % self.pads
        return self.urls[turn % len(self.urls)]

    def share(self, process: int, before: int, upto: int) -> list[int]:
        """Returns the numbers from `before` to below `upto` that belong to this process."""
        first = before + (process - before) % self.processes
        return list(range(first, upto, self.processes))

    def verified(self, number: int) -> int:
        """Returns which client a full client joins: two to a pad, so that they can be compared."""
        return number // 2 % self.pads + number % 2 * self.pads

    def jsonable(self) -> dict[str, Any]:
        return asdict(self)
