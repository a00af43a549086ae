"""This module serves health and metrics over HTTP, the same for every process.

- `GET /health/live`: 200 while the process should be left alone, 503 when it should be restarted.
- `GET /health/ready`: 200 while the process should get work, 503 when it should not.
- `GET /metrics`: the metrics of the process, for Prometheus.

Both health answers are JSON, `{"status": "ok" | "failing", "checks": {name: {"ok", "why"}}}`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder

from padfleet.shared.tasks import awaited

Check = Callable[[], Awaitable[str | None] | str | None]
"""A function that returns None when all is well, otherwise the reason why not, or a `Remark`. A
check that waits for nothing is a plain function, since a check that has to be awaited takes a
separate task each time."""

CHECK_TIMEOUT_S: Final = 2.0

_VERSIONS: Final = re.compile(r"version\s*=([^;,]*)")
_VERSION: Final = re.compile(r"\s*[0-9]{1,3}(\.[0-9]{1,3}){0,2}\s*")


class Remark(str):
    """A remark on a check that passes: something is wrong, but people are served without it."""

    __slots__ = ()


@dataclass(frozen=True)
class HealthReport:
    """The outcome of a set of checks: for each its reason to fail, a `Remark`, or None."""

    reasons: Mapping[str, str | None]

    @property
    def ok(self) -> bool:
        return not self.failing

    @property
    def failing(self) -> dict[str, str]:
        """The checks that fail, and why."""
        return {
            name: why
            for name, why in self.reasons.items()
            if why is not None and not isinstance(why, Remark)
        }

    def as_json(self) -> dict[str, object]:
        return {
            "status": "ok" if self.ok else "failing",
            "checks": {
                name: {"ok": reason is None or isinstance(reason, Remark), "why": reason or ""}
                for name, reason in self.reasons.items()
            },
        }


class Health:
    """The checks of one process.

    Liveness must not depend on anything outside the process: when Redis is unreachable, restarting
    all processes that wait for it only adds their start to the load.
    """

    def __init__(self, timeout_s: float = CHECK_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._live: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}

    def live(self, name: str, check: Check) -> None:
        """Adds a check of liveness. Raises ValueError if the name is taken."""
        _add(self._live, name, check)

    def ready(self, name: str, check: Check) -> None:
        """Adds a check of readiness. Raises ValueError if the name is taken."""
        _add(self._ready, name, check)

    async def liveness(self) -> HealthReport:
        return await self._run(self._live)

    async def readiness(self) -> HealthReport:
        return await self._run(self._ready)

    async def _run(self, checks: Mapping[str, Check]) -> HealthReport:
        found: dict[str, str | None] = {}
        tasks: dict[str, asyncio.Task[str | None]] = {}
        for name, check in checks.items():
            found[name] = None  # keeps the order in which they were added
            try:
                answer = check()
            except Exception as error:
                answer = _fault(error)
            if answer is None or isinstance(answer, str):
                found[name] = answer
            else:
                tasks[name] = awaited(_guarded(answer), "check")
        if not tasks:
            return HealthReport(found)
        try:
            # asyncio.timeout around each check would not do: it waits for a check to accept its
            # cancellation, and a check that hangs is the very one that may not.
            done, _ = await asyncio.wait(tasks.values(), timeout=self._timeout_s)
        finally:
            for task in tasks.values():
                task.cancel()
        late = f"no answer within {self._timeout_s:g} s"
        for name, task in tasks.items():
            found[name] = task.result() if task in done else late
        return HealthReport(found)


def add_ops_routes(
    app: web.Application, health: Health, registry: CollectorRegistry = REGISTRY
) -> None:
    """Adds the routes of health and metrics to `app`."""
    add_health_routes(app, health)

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = encoder_for(request)
        # The header is set as a whole, since aiohttp's content_type takes no parameters, and the
        # version of the format is one.
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    app.router.add_get("/metrics", metrics)


def encoder_for(request: web.Request) -> tuple[Callable[[Any], bytes], str]:
    """Returns what writes metrics in the form that the request accepts, and its content type."""
    accept = request.headers.get("Accept", "")
    # The library takes anything for a version, and fails on it, in some cases while it writes.
    sound = all(map(_VERSION.fullmatch, _VERSIONS.findall(accept)))
    return choose_encoder(accept if sound else "")


def add_health_routes(app: web.Application, health: Health) -> None:
    """Adds only the health routes, which load balancers and probes ask at the clients' port."""

    async def live(_request: web.Request) -> web.Response:
        return _answer(await health.liveness())

    async def ready(_request: web.Request) -> web.Response:
        return _answer(await health.readiness())

    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)


def _add(checks: dict[str, Check], name: str, check: Check) -> None:
    if name in checks:
        raise ValueError(f"there is a health check named {name!r} already")
    checks[name] = check


async def _guarded(answer: Awaitable[str | None]) -> str | None:
    try:
        return await answer
    except asyncio.CancelledError as error:
        # Either we cancelled it because the check was late, or a cancellation came out of what it
        # awaited.
        return f"cancelled{': ' if str(error) else ''}{error}"
    except Exception as error:
        return _fault(error)


def _fault(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _answer(report: HealthReport) -> web.Response:
    return web.json_response(
        report.as_json(),
        status=200 if report.ok else 503,
        headers={"Cache-Control": "no-store"},
    )
