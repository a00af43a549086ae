"""Runs the tools of padfleet as people do: as processes. They are copies of one that has imported
everything (`tests/warm_start.py`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from tests import warm_start


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def ran(
    *words: object,
    stdin: str = "",
    timeout: float = 90,
    environment: Mapping[str, str] | None = None,
    cwd: Path = warm_start.ROOT,
) -> Ended:
    """Runs one command to its end, in the folder `cwd`. `timeout` is in seconds."""
    warm = warm_start.server()
    assert warm is not None
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        process = warm.start(
            list(map(str, words)),
            env={**os.environ, **(environment or {})},
            stdin=given.fileno(),
            stdout=out.fileno(),
            stderr=err.fileno(),
            cwd=cwd,
        )
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        ended = Ended(code, out.read().decode(), err.read().decode())
    assert "Traceback" not in ended.err, ended.err
    return ended


async def padfleet(redis_url: str, *words: object, **environment: str) -> Ended:
    """Runs one command for the fleet on this Redis to its end, while the event loop goes on."""
    settings = {"PADFLEET_REDIS_URL": redis_url, **environment}
    return await asyncio.to_thread(ran, *words, environment=settings)
