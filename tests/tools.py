"""Runs the tools of padfleet as people do: as processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import NamedTuple

from tests.fleet import ROOT


class Ended(NamedTuple):
    code: int
    out: str
    err: str


async def padfleet(redis_url: str, *words: object, **environment: str) -> Ended:
    """Runs one command to its end."""

    def run() -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", "services", *map(str, words)],
            cwd=ROOT,
            env={**os.environ, "PADFLEET_REDIS_URL": redis_url, **environment},
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return await asyncio.to_thread(run)
