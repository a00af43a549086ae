"""Measures how the work of a coroutine is spread over the turns of the event loop, in processor
time: a slow or busy machine is slow for all of the work alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest


async def longest_share(work: Coroutine[Any, Any, object]) -> float:
    """Returns the longest turn's share of everything that this process, with its threads, computes
    for `work`."""
    longest = 0.0
    run = asyncio.Handle._run

    def measured(handle: asyncio.Handle) -> None:
        nonlocal longest
        began = time.thread_time()
        run(handle)
        longest = max(longest, time.thread_time() - began)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", measured)
        before = time.process_time()
        await asyncio.create_task(work)  # in turns that begin after this one
        return longest / (time.process_time() - before)
