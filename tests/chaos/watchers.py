"""Runs thousands who watch pads, in a process of their own. They come back by themselves.

It is not the test's process, which has typists to serve, whose times would then be those of the
crowd. `python -m tests.chaos.watchers` answers what `Watchers` asks, with one JSON value per line.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

from padfleet.services.tools.loadtest.measure import allow_many_sockets
from tests.chaos.history import Spread, Typists, check, read_heads, read_streams, returns
from tests.eventually import eventually
from tests.fleet import ROOT

PATIENCE_S: Final = 120.0
EXIT_S: Final = 20.0

LIKE_A_PAGE: Final = (1.0, 5.0)
"""The seconds before the first try, and at most; they are multiplied by 0.5 to 1.5 at random."""


class Watchers:
    """The crowd, as ``with Watchers(...) as watchers``. Every method waits, at most
    `PATIENCE_S`."""

    def __init__(self, pads: Sequence[str], count: int, first: str, then: str) -> None:
        """Takes the pads, and how many watchers come to the worker `first`, and to `then` when they
        lose it."""
        self.count = count
        self._what = {"pads": list(pads), "count": count, "first": first, "then": then}
        self._process: subprocess.Popen[str] | None = None

    def joined(self) -> float:
        """Returns how many seconds it took until all of them were on their pads."""
        return float(self._ask(self._what))

    def back(self, since: float) -> Spread:
        """Waits until all watchers that had to go at `since` (monotonic clock of this machine) have
        come back, and returns after how many seconds."""
        return Spread(**self._ask(since))

    def agree(self, redis_url: str) -> None:
        """Raises AssertionError unless all have the last revision and were sent what they should
        have been. Nobody may be typing any more, and this has to be the last question."""
        wrong = self._ask(redis_url)
        assert not wrong, "\n".join(wrong)

    def _ask(self, what: Any) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the watchers have ended; what they said is above"
        return json.loads(answer)

    def __enter__(self) -> Watchers:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.watchers"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


# --- In the other process ------------------------------------------------------------------------


async def _heard() -> Any:
    """Returns the next question, or None when there are no more."""
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


async def _watch() -> None:
    what = await _heard()
    began = time.monotonic()
    crowd = await Typists.start(
        [what["first"]],
        what["pads"],
        clients=what["count"],
        rate=0,
        pause=LIKE_A_PAGE,
        timeout=PATIENCE_S,
    )
    async with crowd:
        _say(time.monotonic() - began)
        crowd.urls = [what["then"]]
        since = await _heard()
        if since is None:
            return
        _say(await _came_back(crowd, since))
        redis_url = await _heard()
        if redis_url is not None:
            _say(await _wrong_with(crowd, what["pads"], redis_url))


async def _came_back(crowd: Typists, since: float) -> dict[str, float]:
    def back() -> list[float]:
        if not all(typist.connected for typist in crowd.typists):
            return []
        found = [back - since for _, back in returns(crowd.recordings, since)]
        return found if len(found) >= len(crowd.typists) else []

    spread = Spread.of(await eventually(back, "all have come back", timeout=PATIENCE_S))
    assert spread is not None
    return {"least": spread.least, "median": spread.median, "most": spread.most}


async def _wrong_with(crowd: Typists, pads: list[str], redis_url: str) -> list[str]:
    late = await crowd.quiesce(PATIENCE_S, lambda: read_heads(redis_url, pads))
    recordings = await crowd.finish()
    verdicts = [check(recordings, stream) for stream in await read_streams(redis_url, pads)]
    told: Counter[str] = sum((verdict.reloads for verdict in verdicts), Counter())
    reloads = [f"{count} were told to reload: {reason}" for reason, count in told.items()]
    return [*late, *(str(verdict) for verdict in verdicts if not verdict.ok), *reloads]


if __name__ == "__main__":
    allow_many_sockets()
    asyncio.run(_watch())
