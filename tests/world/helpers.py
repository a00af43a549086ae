"""Does the work of limited processes in line, since a simulation has no other programs.

The work is done a moment later. A helper that dies, overruns or runs out of memory is not
simulated.
"""

from __future__ import annotations

import asyncio
from importlib import import_module

from padfleet.shared.limited.process import JobRefused, Limited, WorkFailed


def put_in_line() -> None:
    """Replaces the helpers in this whole process."""
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
