"""Tests how requests for history share their places: by address, and within one address by
author."""

from __future__ import annotations

import asyncio
from typing import cast

from padfleet.services.fanout.timeslider.helper import HistoryHelper
from padfleet.services.fanout.timeslider.requests import MOST_OF_ONE, Timeslider
from padfleet.shared.limited import QueueFull
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.payers import payer_of


async def test_many_sessions_of_one_client_do_not_keep_others_out() -> None:
    """16 sessions of one author ask for all that they may; others of the same address, and of
    another one, each have their turn."""
    timeslider = Timeslider(cast(Redis, None), cast(HistoryHelper, None))
    gate = asyncio.Event()
    served: list[str] = []
    refused: list[str] = []

    async def ask(address: str, author: str) -> None:
        try:
            async with timeslider._turn(payer_of(address), author):
                if author == "greedy":
                    await gate.wait()
                served.append(author)
        except QueueFull:
            refused.append(author)

    async with asyncio.timeout(20):
        greedy = [asyncio.create_task(ask("192.0.2.1", "greedy")) for _ in range(16 * MOST_OF_ONE)]
        await asyncio.sleep(0)
        others = [
            asyncio.create_task(ask(address, f"{address} {number}"))
            for number in range(33)
            for address in ("192.0.2.1", "198.51.100.7")
        ]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*greedy, *others)
    assert [author for author in refused if author != "greedy"] == []
    assert len([author for author in served if author != "greedy"]) == 66
    assert timeslider._lines == {}, "nothing is kept of who has gone"
