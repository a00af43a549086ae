"""The processes that do limited work, in line: a simulation has no other programs.

What is asked is done, a moment later. That one of them dies, overruns or is short of memory is not
simulated.
"""

from __future__ import annotations

import asyncio
from importlib import import_module

from padfleet.shared.limited.process import JobRefused, Limited, WorkFailed


def put_in_line() -> None:
    """For this whole process."""
    Limited.do = _do  # type: ignore[method-assign]


async def _do(self: Limited, *job: bytes) -> bytes:
    module, _, name = self._work.partition(":")
    work = getattr(import_module(module), name)
    async with self._turn:
        if self._closed:
            raise WorkFailed("the process is stopping")
        try:
            answer: bytes = await asyncio.to_thread(work, b"".join(job))
        except ValueError as error:
            raise JobRefused(str(error)) from error
        return answer
