"""A pad over a WebSocket: the thin driver around `Collaborator`.

async with connect("http://127.0.0.1:9001/p/hello") as pad:
    await pad.append("hi\\n")
    async for event in pad:
        print(pad.text)
"""

import asyncio
import random
import secrets
import string
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from shared.client.collaborator import Accepted, Changed, Collaborator, ProtocolError
from shared.client.line import ConnectionLost, Disconnected, Line, PadError, PadUrl, Traffic
from shared.easysync import to_units

JOIN_TIMEOUT = 20.0
"""Seconds from connecting to CLIENT_VARS."""

DIAL_TIMEOUT = 10.0
"""Seconds for one attempt, so that a server that hangs does not keep us from the next."""

RESUME_TIMEOUT = 30.0
"""Seconds for which a lost connection is tried again."""

RETRY_DELAY = (0.05, 0.4)
"""Seconds between two attempts, at least and at most."""

_TOKEN_ALPHABET = string.ascii_letters + string.digits


Event = Changed | Accepted


@dataclass(eq=False)
class Pad:
    """An open pad. Made by `connect`."""

    state: Collaborator
    read_only: bool
    read_only_id: str  #: the id under which the pad can be read, but not written
    traffic: Traffic
    users: dict[str, str | None] = field(default_factory=dict)
    """Name by author id, of the others who are here."""
    names: dict[str, str] = field(default_factory=dict)
    """Name by author id, of everybody who gave one, also those who have left."""
    resumes: int = 0
    _line: Line | None = None
    _events: deque[Event] = field(default_factory=deque)
    _waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = field(default_factory=list)
    _failure: Exception | None = None
    _listener: Callable[[Event], None] | None = None
    _submit_listener: Callable[[bool], None] | None = None

    @property
    def text(self) -> str:
        """What a user would see, as a code-unit string."""
        return self.state.text

    @property
    def rev(self) -> int:
        return self.state.rev

    @property
    def author_id(self) -> str:
        return self.state.author

    async def edit(self, start: int, removed: int, inserted: str) -> None:
        """Replaces `removed` code units at `start` with a code-unit string, and submits that as
        soon as no earlier edit is under way."""
        if self.read_only:
            raise PadError("this address is read-only")
        self.state.edit(start, removed, inserted)
        await self.submit()

    async def append(self, text: str) -> None:
        """Puts text before the pad's final newline; returns when it has been accepted."""
        await self.edit(max(len(self.state.text) - 1, 0), 0, to_units(text))
        await self.flush()

    async def flush(self) -> None:
        """Returns when every edit has been accepted."""
        await self.until(lambda: self.state.settled)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns when the condition has held. It is looked at after each message, and when
        `look_again` is called."""
        if condition():
            return
        self._check()
        waiter = (condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter[1]
        finally:
            self._waiters.remove(waiter)

    def look_again(self) -> None:
        """Something else than a message may have made a condition true."""
        # Conditions are looked at here and not by those who wait: a message of no interest then
        # wakes nobody, which of a hundred clients in one process is most of the work.
        for condition, waiter in self._waiters:
            if waiter.done():
                continue
            try:
                if condition():
                    waiter.set_result(None)
                else:
                    self._check()
            except Exception as error:
                waiter.set_exception(error)

    async def submit(self) -> None:
        """Sends what waits, if nothing is in flight and the line is up."""
        self._check()
        if self._line is None:
            return
        data = self.state.next_submission()
        if self._submit_listener is not None:
            self._submit_listener(data is not None)
        if data is not None:
            await self._line.send({"type": "COLLABROOM", "component": "pad", "data": data})

    def on_event(self, listener: Callable[[Event], None]) -> None:
        """Calls `listener` with each event at once, instead of keeping them for iteration."""
        self._listener = listener

    def on_submit(self, listener: Callable[[bool], None]) -> None:
        """Calls `listener` when the drafts have been looked through for what to send, with whether
        one was sent; those before it came to nothing and are gone (`Collaborator.drafts`)."""
        self._submit_listener = listener

    def cut(self) -> None:
        """Breaks the connection without a word, as a network does. For tests."""
        if self._line is not None:
            self._line.cut()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            await self.until(lambda: bool(self._events))
            yield self._events.popleft()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _run(self, dialer: "Dialer") -> None:
        """Reads until the session ends; a broken connection is made again, if that is wanted."""
        try:
            while True:
                try:
                    await self._read(dialer)
                except ConnectionLost:
                    self.state.connection_lost()
                    line, self._line = self._line, None
                    if line is not None:
                        dialer.kept = line.kept
                        await line.close()
                    if not dialer.resume:
                        raise
                    self._line = await dialer.redial(self.state.rev)
                    self.resumes += 1
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._failure = error
            self.look_again()

    async def _read(self, dialer: "Dialer") -> None:
        while self._line is not None:
            line = self._line
            self._receive(await line.next_message())
            dialer.succeeded()
            await line.acknowledge()
            if self.state.has_waiting:
                await self.submit()
            self.look_again()

    def _receive(self, message: dict[str, Any]) -> None:
        _heed_refusals(message)
        if message.get("type") != "COLLABROOM":
            return
        match message.get("data"):
            case {"type": "USER_NEWINFO", "userInfo": {"userId": str(author)} as who}:
                self.users[author] = name = who.get("name")
                if name:
                    self.names[author] = name
            case {"type": "USER_LEAVE", "userInfo": {"userId": str(author)}}:
                self.users.pop(author, None)
            case dict(data):
                for event in self.state.receive(data):
                    if self._listener is not None:
                        self._listener(event)
                    else:
                        self._events.append(event)


@dataclass
class Dialer:
    """Makes connections to a pad, at the first of its addresses that answers."""

    http: aiohttp.ClientSession
    places: list[PadUrl]
    ready: dict[str, Any]  #: CLIENT_READY
    resume: bool
    traffic: Traffic = field(default_factory=Traffic)
    kept: str | None = None  #: by the last connection, for the next one
    _next: int = 0
    _give_up_at: float | None = None  #: of the event loop's clock; None: nothing has failed

    async def dial(self) -> Line:
        place = self.places[self._next % len(self.places)]
        self._next += 1
        try:
            async with asyncio.timeout(DIAL_TIMEOUT):
                return await Line.open(self.http, place, self.traffic, self.kept)
        except TimeoutError:
            raise ConnectionLost(f"{place.base} does not answer") from None

    async def join(self, *, text_only: bool) -> Pad:
        line = await self._first()
        try:
            await line.send(self.ready)
            message = await line.next_message()
            _heed_refusals(message)
            match message:
                case {
                    "type": "CLIENT_VARS",
                    "data": {"userId": str(author), "collab_client_vars": dict(pad), **rest},
                }:
                    return Pad(
                        Collaborator(pad, author, text_only=text_only),
                        bool(rest.get("readonly")),
                        str(rest.get("readOnlyId", "")),
                        self.traffic,
                        names=_names(pad.get("historicalAuthorData")),
                        _line=line,
                    )
            raise ProtocolError(f"expected CLIENT_VARS, got {message.get('type')}")
        except BaseException:
            await line.close()
            raise

    async def _first(self) -> Line:
        """Raises `ConnectionLost` when each of the places has failed once."""
        for _ in self.places[1:]:
            with suppress(ConnectionLost):
                return await self.dial()
        return await self.dial()

    async def redial(self, rev: int) -> Line:
        """A connection that goes on from `rev`. Raises `ConnectionLost` when `RESUME_TIMEOUT` has
        passed since the first of the attempts that came to nothing."""
        loop = asyncio.get_running_loop()
        failure = ConnectionLost("connections are taken, and dropped")
        while True:
            if self._give_up_at is None:
                self._give_up_at = loop.time() + RESUME_TIMEOUT
            elif loop.time() > self._give_up_at:
                raise failure
            else:
                # Spread out: when a worker dies, all of its clients come at once.
                await asyncio.sleep(random.uniform(*RETRY_DELAY))
            try:
                line = await self.dial()
            except ConnectionLost as error:
                failure = error
            else:
                await line.send({**self.ready, "client_rev": rev, "reconnect": True})
                return line

    def succeeded(self) -> None:
        """The server has said something. Until then a connection is only an attempt: a server that
        cannot serve us just now takes connections, and drops them."""
        self._give_up_at = None


@asynccontextmanager
async def connect(
    url: str | list[str],
    *,
    name: str | None = None,
    color: str | None = None,
    token: str | None = None,
    batch: bool = True,
    text_only: bool = False,
    resume: bool = True,
    http: aiohttp.ClientSession | None = None,
) -> AsyncIterator[Pad]:
    """Joins the pad at `url`, and leaves it at the end.

    Of several addresses (one pad on several workers), the next one is tried when a connection
    breaks. `token` says who you are (``t.…``; a new author without), `batch` announces that several
    revisions may come in one message, `text_only` makes a cheap reader, `http` may be shared by
    many. Raises `PadError` when the pad cannot be joined.
    """
    places = [PadUrl.parse(one) for one in ([url] if isinstance(url, str) else url)]
    ready = {
        "component": "pad",
        "type": "CLIENT_READY",
        "padId": to_units(places[0].pad_id),
        "token": token or new_token(),
        "userInfo": {"name": name, "colorId": color},
        "supports": ["ACKNOWLEDGEMENTS", *(["NEW_CHANGES_BATCH"] if batch else [])],
    }
    async with AsyncExitStack() as stack:
        if http is None:
            http = await stack.enter_async_context(aiohttp.ClientSession())
        dialer = Dialer(http, places, ready, resume)
        try:
            async with asyncio.timeout(JOIN_TIMEOUT):
                pad = await dialer.join(text_only=text_only)
        except TimeoutError:
            raise PadError(f"{places[0].base} does not answer") from None
        reading = asyncio.create_task(pad._run(dialer))
        try:
            yield pad
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            if pad._line is not None:
                await pad._line.close()


def _heed_refusals(message: dict[str, Any]) -> None:
    """The two things that a server says without an envelope, at any time."""
    if "disconnect" in message:
        raise Disconnected(str(message["disconnect"]))
    if "accessStatus" in message:
        raise PadError(f"no access to this pad: {message['accessStatus']}")


def _names(authors: Any) -> dict[str, str]:
    found = authors.items() if isinstance(authors, dict) else ()
    return {author: who["name"] for author, who in found if who and who.get("name")}


def new_token() -> str:
    return "t." + "".join(secrets.choice(_TOKEN_ALPHABET) for _ in range(20))
