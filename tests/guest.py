"""Implements a client that identifies itself in any of the possible ways, over a real socket."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import socketio

from padfleet.shared.easysync import make_splice, to_units
from tests.eventually import eventually

Message = dict[str, Any]

DENY: Message = {"accessStatus": "deny"}


class Guest:
    """A client on a socket.

    async with Guest(url, cookie="padfleet_token=…") as guest:
        await guest.join("pad")
    """

    def __init__(
        self,
        url: str,
        *,
        cookie: str = "",
        auth: Any = None,
        query: str = "",
        transports: tuple[str, ...] = ("websocket",),
    ) -> None:
        self._url = f"{url}/?{query}" if query else url
        self._auth = auth
        self._headers = {"Cookie": cookie} if cookie else {}
        self._transports = list(transports)
        self._sio = socketio.AsyncClient(reconnection=False)
        self._sio.on("message", self._heard)
        self._sio.on("shout", self._shouted)
        self._sio.on("history", self._remembers)
        self._sio.on("disconnect", self._gone)
        self.messages: list[Message] = []
        self.shouts: list[Message] = []
        self.history = ""  #: what a page keeps on record of its stay
        self.connected = False

    async def __aenter__(self) -> Guest:
        await self._sio.connect(
            self._url,
            headers=self._headers,
            auth=self._auth,
            transports=self._transports,
            wait_timeout=20,
        )
        self.connected = True
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._sio.disconnect()
        # The library leaves this to the garbage collector.
        if self._sio.eio.http is not None:
            await self._sio.eio.http.close()

    async def _heard(self, message: Message) -> None:
        self.messages.append(message)

    async def _shouted(self, message: Message) -> None:
        self.shouts.append(message)

    async def _remembers(self, history: str) -> None:
        self.history = history

    async def _gone(self, *_: object) -> None:
        self.connected = False

    # --- Saying ----------------------------------------------------------------------------------

    async def ask(self, message: Message) -> Any:
        """Sends a message, and returns the error in its acknowledgement, or None."""
        answer = await self._sio.call("message", message, timeout=20)
        return answer if isinstance(answer, dict) else None

    async def ready(self, pad: str, **more: Any) -> Any:
        """Sends CLIENT_READY, and returns what `ask` returns. Like a browser, it always sends an
        author token of its own."""
        token = "t." + secrets.token_hex(10)
        said = {"component": "pad", "type": "CLIENT_READY", "padId": to_units(pad), "token": token}
        return await self.ask({**said, **more})

    async def join(self, pad: str, **more: Any) -> Guest:
        error = await self.ready(pad, **more)
        assert error is None, (error, self.messages)
        return self

    async def collab(self, kind: str, **data: Any) -> Any:
        return await self.ask(
            {"type": "COLLABROOM", "component": "pad", "data": {"type": kind, **data}}
        )

    async def write(self, text: str, *, base: int | None = None) -> Any:
        """Inserts text at the beginning of the text that CLIENT_VARS contained."""
        old = self.vars["collab_client_vars"]["initialAttributedText"]["text"]
        pool = {"numToAttrib": {"0": ["author", self.vars["userId"]]}, "nextNum": 1}
        return await self.collab(
            "USER_CHANGES",
            baseRev=self.vars["collab_client_vars"]["rev"] if base is None else base,
            changeset=make_splice(old, 0, 0, text, "*0"),
            apool=pool,
        )

    # --- Hearing ---------------------------------------------------------------------------------

    @property
    def vars(self) -> Message:
        (found,) = (m["data"] for m in self.messages if m.get("type") == "CLIENT_VARS")
        return dict(found)

    def heard(self, kind: str) -> list[Message]:
        found = (m["data"] for m in self.messages if m.get("type") == "COLLABROOM")
        return [data for data in found if data["type"] == kind]

    async def hears(self, what: Callable[[], object], name: str = "", timeout: float = 20) -> None:
        await eventually(what, f"{name}, not {self.messages}", timeout=timeout)
