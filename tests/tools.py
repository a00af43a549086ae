"""Runs the tools of padfleet as people do: as processes."""

from __future__ import annotations

import asyncio
import os
from tempfile import TemporaryFile
from typing import NamedTuple

from tests import warm_start


class Ended(NamedTuple):
    code: int
    out: str
    err: str


async def padfleet(redis_url: str, *words: object, **environment: str) -> Ended:
    """Runs one command to its end."""

    def run() -> Ended:
        warm = warm_start.server()
        assert warm is not None
        with TemporaryFile("w+b") as out, TemporaryFile("w+b") as err:
            process = warm.start(
                list(map(str, words)),
                env={**os.environ, "PADFLEET_REDIS_URL": redis_url, **environment},
                stdout=out.fileno(),
                stderr=err.fileno(),
            )
            try:
                code = process.wait(90)
            finally:
                process.kill()
            out.seek(0)
            err.seek(0)
            ended = Ended(code, out.read().decode(), err.read().decode())
        assert "Traceback" not in ended.err, ended.err
        return ended

    return await asyncio.to_thread(run)
