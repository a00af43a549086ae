"""Waits until a process says that it is ready."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp

_PAUSE_S: Final = 0.1
_REQUEST_S: Final = 5.0
_PATIENCE_S: Final = 5.0


class NotReady(Exception):
    """A process did not get ready in time; the text says what it is waiting for."""


async def wait_until_ready(
    session: aiohttp.ClientSession, url: str, timeout_s: float, on_long_wait: Callable[[str], None]
) -> None:
    """Waits until `GET <url>/health/ready` answers 200. Raises `NotReady` after `timeout_s`
    seconds.

    Arguments:
        on_long_wait: called with the reason now and then, so that nobody looks at a silent
            terminal.
    """
    start = time.monotonic()
    deadline, next_word = start + timeout_s, start + _PATIENCE_S
    while True:
        why = await _why_not(session, f"{url}/health/ready")
        if why is None:
            return
        now = time.monotonic()
        if now > deadline:
            raise NotReady(f"{url} was not ready within {timeout_s:g} s: {why}")
        if now > next_word:
            on_long_wait(why)
            next_word = now + _PATIENCE_S
        await asyncio.sleep(_PAUSE_S)


async def _why_not(session: aiohttp.ClientSession, url: str) -> str | None:
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=_REQUEST_S)) as response:
            if response.status == 200:
                return None
            return reasons(await response.json(), response.status)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return str(error) or type(error).__name__


def reasons(body: Any, status: int) -> str:
    """Returns what a health answer says is missing, or the status alone if the body is not such an
    answer."""
    checks = body.get("checks") if isinstance(body, Mapping) else None
    if not isinstance(checks, Mapping):
        return f"HTTP {status}"
    failing = [
        f"{name}: {check.get('why')}"
        for name, check in checks.items()
        if isinstance(check, Mapping) and not check.get("ok")
    ]
    return "; ".join(failing) or f"HTTP {status}"
