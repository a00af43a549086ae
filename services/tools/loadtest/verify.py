"""Runs the process of the full clients, which apply every change and have a text to compare.

They are separate from the cheap ones, so that their work does not affect the others' latencies.
"""

import hashlib
from contextlib import AsyncExitStack
from typing import Any

import aiohttp

from padfleet.services.tools.loadtest import lines
from padfleet.services.tools.loadtest.agreement import Text
from padfleet.services.tools.loadtest.measure import allow_many_sockets
from padfleet.services.tools.loadtest.plan import Load
from padfleet.shared.client import Pad, PadError, ProtocolError, connect
from padfleet.shared.easysync import from_units


class Verifier:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._stack = AsyncExitStack()
        self._pads: list[tuple[str, Pad]] = []

    async def answer(self, order: dict[str, Any]) -> lines.Answer:
        match order["do"]:
            case "join":
                try:
                    await self._join()
                except (PadError, ProtocolError) as error:
                    return {"failed": str(error)}
            case "state":
                return {"texts": [await _text(pad_id, pad) for pad_id, pad in self._pads]}
            case "leave":
                await self._stack.aclose()
        return {}

    async def _join(self) -> None:
        http = await self._stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        for number in range(self._load.verify):
            beside = self._load.verified(number)
            pad_id = self._load.pad_of(beside)
            url = f"{self._load.url_of(beside).rstrip('/')}/p/{pad_id}"
            pad = await self._stack.enter_async_context(
                connect(url, http=http, text_only=True, resume=False, batch=self._load.batch)
            )
            pad.on_event(lambda _event: None)
            self._pads.append((pad_id, pad))


async def _text(pad_id: str, pad: Pad) -> Text:
    fault = None
    try:
        await pad.submit()  # this submits nothing, but raises if a client has failed
    except (PadError, ProtocolError) as error:
        fault = str(error)
    text = from_units(pad.text).encode(errors="surrogatepass")
    return Text(pad_id, pad.rev, len(pad.text), hashlib.sha256(text).hexdigest(), fault)


def make(first: dict[str, Any]) -> lines.Serve:
    allow_many_sockets()
    return Verifier(Load(**first["load"])).answer


if __name__ == "__main__":
    lines.serve(make)
