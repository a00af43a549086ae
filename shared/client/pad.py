"""This module is a pad over a WebSocket: a thin driver around `Collaborator`.

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
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from padfleet.shared.client.backoff import Backoff
from padfleet.shared.client.collaborator import Accepted, Collaborator, CursorsMoved, Event
from padfleet.shared.client.cursors import Cursor
from padfleet.shared.client.errors import (
    ConnectionLost,
    Disconnected,
    EditRefused,
    EditsLost,
    OutOfRange,
    PadError,
    PadLeft,
    ProtocolError,
    TooLarge,
)
from padfleet.shared.client.line import PadUrl, SocketIOConnection, Traffic
from padfleet.shared.client.people import PresentPeople, colors_of, names_of
from padfleet.shared.client.pointing import Pointing
from padfleet.shared.client.splitting import SplitLimits
from padfleet.shared.easysync import to_units

JOIN_TIMEOUT = 20.0
"""How many seconds joining may take, from connecting to CLIENT_VARS."""

DIAL_TIMEOUT = 10.0
"""How many seconds one attempt may take, so that a server that hangs does not keep us from the next
one."""

RESUME_TIMEOUT = 30.0
"""For how many seconds a lost connection is tried again."""

FLUSH_TIMEOUT = 10.0
"""How many seconds edits have to be accepted when the pad is left."""

_TOKEN_ALPHABET = string.ascii_letters + string.digits


@dataclass(eq=False)
class Pad:
    """An open pad, which `connect` makes.

    `async for event in pad` yields a `Changed` for each revision by somebody else and an `Accepted`
    for each of your own, until the session ends. Then it raises what ended the session, unless you
    have left the pad yourself. A client that has asked for cursors also gets a `CursorsMoved` when
    others have moved theirs.
    """

    state: Collaborator
    read_only: bool
    read_only_id: str  #: the id under which the pad can be read, but not written
    traffic: Traffic
    users: dict[str, str | None] = field(default_factory=dict)
    """The names of the others who are here, by author id."""
    names: dict[str, str] = field(default_factory=dict)
    """The names of all who gave one, including people who have left, by author id."""
    colors: dict[str, str] = field(default_factory=dict)
    """The colours (``#rrggbb``) of the others who are or were here, by author id."""
    resumes: int = 0
    pointing: bool = False
    """Whether the server reports where the others have their cursors, and reports this client's
    cursor to them."""
    _palette: Any = None  #: the colours that numbers stand for
    _cursors_wanted: bool = False
    _line: SocketIOConnection | None = None
    _events: deque[Event] = field(default_factory=deque)
    _waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = field(default_factory=list)
    _failure: Exception | None = None
    _told: bool = False  #: the caller has been shown `_failure`
    _listener: Callable[[Event], None] | None = None
    _submit_listener: Callable[[bool], None] | None = None
    _pointing: Pointing = field(init=False)
    _people: PresentPeople = field(init=False)

    def __post_init__(self) -> None:
        self._pointing = Pointing(self._tell_place)
        self._people = PresentPeople(
            self.author_id, self._palette, self.users, self.names, self.colors
        )

    @property
    def text(self) -> str:
        """What a user would see, as a code-unit string."""
        return self.state.text

    @property
    def rev(self) -> int:
        """The newest revision that has arrived."""
        return self.state.rev

    @property
    def cursors(self) -> dict[str, Cursor]:
        """Where the others have their cursors in `text`, by author id, as far as they report them.
        They move with each revision and with each edit of your own; a `CursorsMoved` reports every
        other movement."""
        return self.state.cursors

    @property
    def author_id(self) -> str:
        """The id by which the others know you, such as ``a.XXXXXXXXXXXXXXXX``."""
        return self.state.author

    async def edit(self, start: int, removed: int, inserted: str) -> None:
        """Replaces `removed` code units at `start` with a code-unit string (see `to_units`), and
        submits the edit as soon as no earlier one is in flight. Edits may have any size: an edit
        that is larger than the server accepts is sent in pieces.

        This does not wait for the answer: `flush` does, and so does leaving the ``async with``
        block.

        Raises `OutOfRange` if the edit is beyond the text or would remove the final newline,
        another `EditRefused` if the address is read-only, and what ended the session, if something
        has, which is `PadLeft` after the block. In these cases nothing has changed.
        """
        if self.read_only:
            raise EditRefused("this address is read-only")
        self._check()
        self.state.edit(start, removed, inserted)
        await self.submit()
        self._look_at_cursor()

    async def append(self, text: str) -> None:
        """Adds an ordinary string before the pad's final newline, and returns when it has been
        accepted. Raises what `edit` and `flush` raise."""
        await self.edit(max(len(self.state.text) - 1, 0), 0, to_units(text))
        await self.flush()

    def point(self, anchor: int | None, head: int | None = None) -> None:
        """Reports your own cursor to the others: at `anchor`, or with a selection from there to
        `head`, in code units of `text`. None removes it.

        The cursor stays with the text around it, and behind the text that you type there. The
        others are told of whatever moves it, and again after a lost connection. They are told at
        most five times a second, and always the newest place. If the server does not pass cursors
        on, as on read-only addresses, nothing happens: see `pointing`.

        Raises `OutOfRange` for a place beyond the text, a `PadError` if `connect` was called
        without `cursors`, and what ended the session, if something has.
        """
        if not self._cursors_wanted:
            raise PadError("cursors were not asked for: connect(…, cursors=True) does")
        if anchor is None and head is not None:
            raise OutOfRange("a selection has a beginning: it takes an anchor too")
        self._check()
        place = None if anchor is None else Cursor(anchor, anchor if head is None else head)
        self.state.point(place)
        self._look_at_cursor()

    async def flush(self) -> None:
        """Returns when every edit has been accepted. Raises what ended the session, such as
        `Disconnected`, or `ConnectionLost` if the connection could not be made again."""
        await self.until(lambda: self.state.settled)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns once the condition has been true. It is checked after each message, and when
        `look_again` is called. Raises what ended the session."""
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
        """Checks the conditions that `until` waits for, because something other than a message may
        have made one true."""
        # Conditions are checked here and not by the tasks that wait: an irrelevant message then
        # wakes nobody, which is most of the work with a hundred clients in one process.
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
        """Sends the waiting edits, if none is in flight and the connection is up."""
        self._check()
        if self._line is None:
            return
        try:
            data = self.state.next_submission()
        except TooLarge as error:  # for this server, unlike for the one before
            self._failure = error
            self.look_again()
            self._check()
            return
        if self._submit_listener is not None:
            self._submit_listener(data is not None)
        if data is not None:
            await self._line.send({"type": "COLLABROOM", "component": "pad", "data": data})

    def on_event(self, listener: Callable[[Event], None]) -> None:
        """Calls `listener` with each event immediately, instead of keeping events for iteration."""
        self._listener = listener

    def on_submit(self, listener: Callable[[bool], None]) -> None:
        """Calls `listener` each time after the drafts have been checked for something to send, with
        whether one was sent. Drafts before it had no effect and are gone
        (`Collaborator.drafts`)."""
        self._submit_listener = listener

    def cut(self) -> None:
        """Breaks the connection without closing it, as a network does. This is for tests."""
        if self._line is not None:
            self._line.cut()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            try:
                await self.until(lambda: bool(self._events))
            except PadLeft:
                return
            yield self._events.popleft()

    def _look_at_cursor(self) -> None:
        if self.pointing:
            self._pointing.look()

    async def _tell_place(self) -> bool:
        if self._line is None or (place := self.state.next_place()) is None:
            return False
        data = {"type": "CURSOR", **place._asdict()}
        await self._line.send({"type": "COLLABROOM", "component": "pad", "data": data})
        return True

    def _emit(self, event: Event) -> None:
        if self._listener is not None:
            self._listener(event)
            return
        last = self._events[-1] if self._events else None
        if isinstance(event, CursorsMoved) and isinstance(last, CursorsMoved):
            # If the program does not iterate, or does so slowly, only whose cursors have moved is
            # kept.
            authors = tuple(dict.fromkeys((*last.authors, *event.authors)))
            self._events[-1] = event._replace(authors=authors)
        else:
            self._events.append(event)

    def _check(self) -> None:
        if self._failure is not None:
            self._told = True
            raise self._failure

    def _left(self) -> None:
        """Ends the pad: nobody answers any more, and callers that still wait or continue are told
        so."""
        if self._failure is None:
            self._failure = PadLeft()
        self.look_again()

    async def _leave(self, deadline: float) -> None:
        """Waits until all edits have been answered, for `deadline` seconds at most. Raises
        `EditsLost`."""
        if self.state.settled or self._told:
            return
        try:
            async with asyncio.timeout(deadline):
                await self.flush()
        except TimeoutError:
            why = f"the server did not accept them within {deadline:g} s"
            raise EditsLost(self.state.drafts, why) from None
        except (PadError, ProtocolError) as error:
            raise EditsLost(self.state.drafts, str(error)) from error

    async def _run(self, dialer: "Dialer") -> None:
        """Reads until the session ends. A broken connection is made again, if that is wanted."""
        try:
            while True:
                try:
                    await self._read(dialer)
                except ConnectionLost as lost:
                    for moved in self.state.connection_lost():
                        self._emit(moved)
                    line, self._line = self._line, None
                    if line is not None:
                        dialer.kept = line.kept
                        await line.close()
                    if not dialer.resume:
                        raise
                    dialer.lost()
                    line = await dialer.redial(self.state.rev, lost)
                    self.state.room = line_room(line)
                    self._line = line
                    self._people.came_back()
                    self.resumes += 1
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._failure = error
            self.look_again()

    async def _read(self, dialer: "Dialer") -> None:
        while self._line is not None:
            line = self._line
            progress = self._receive(await line.next_message())
            if progress:
                dialer.backoff.progressed()
            elif self.state.settled and self.state.up_to_date:
                dialer.backoff.resumed()
            await line.acknowledge()
            if self.state.has_waiting:
                await self.submit()
            self._look_at_cursor()
            self.look_again()

    def _receive(self, message: dict[str, Any]) -> bool:
        """Handles a message. Returns whether it was progress, as `Backoff` counts it."""
        _heed_refusals(message)
        if message.get("type") != "COLLABROOM":
            return False
        progress = False
        match message.get("data"):
            case dict(data) if (gone := self._people.told(data)) is not None:
                for author in gone:
                    for moved in self.state.left(author):
                        self._emit(moved)
            case dict(data):
                missed = data.get("type") == "CLIENT_RECONNECT"
                for event in self.state.receive(data):
                    if not isinstance(event, CursorsMoved):
                        accepted = isinstance(event, Accepted)
                        progress = progress or accepted or (self.state.settled and not missed)
                    self._emit(event)
        return progress


def line_room(line: SocketIOConnection) -> SplitLimits | None:
    """Returns what the server accepts in one submission, if it says so."""
    return SplitLimits(line.max_payload) if line.max_payload > 0 else None


@dataclass
class Dialer:
    """Makes connections to a pad, at the first of its addresses that answers."""

    http: aiohttp.ClientSession
    places: list[PadUrl]
    ready: dict[str, Any]  #: CLIENT_READY
    resume: bool
    traffic: Traffic = field(default_factory=Traffic)
    auth: Mapping[str, Any] | None = None  #: for Socket.IO's handshake
    kept: str | None = None  #: kept by the last connection for the next one
    backoff: Backoff = field(default_factory=lambda: Backoff(RESUME_TIMEOUT))
    _next: int = 0
    _up_since: float = 0.0  #: by the event loop's clock

    async def dial(self) -> SocketIOConnection:
        place = self.places[self._next % len(self.places)]
        self._next += 1
        try:
            async with asyncio.timeout(DIAL_TIMEOUT):
                line = await SocketIOConnection.open(
                    self.http, place, self.traffic, self.kept, self.auth
                )
                self._up_since = asyncio.get_running_loop().time()
                return line
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
                    pointing = rest.get("cursors") is True
                    room = line_room(line)
                    palette = rest.get("colorPalette")
                    return Pad(
                        Collaborator(pad, author, text_only=text_only, room=room, cursors=pointing),
                        bool(rest.get("readonly")),
                        str(rest.get("readOnlyId", "")),
                        self.traffic,
                        names=names_of(pad.get("historicalAuthorData")),
                        colors=colors_of(pad.get("historicalAuthorData"), palette),
                        _palette=palette,
                        pointing=pointing,
                        _cursors_wanted="CURSORS" in self.ready["supports"],
                        _line=line,
                    )
            raise ProtocolError(f"expected CLIENT_VARS, got {message.get('type')}")
        except BaseException:
            await line.close()
            raise

    async def _first(self) -> SocketIOConnection:
        """Returns the first connection. Raises `ConnectionLost` when each of the addresses has
        failed once."""
        for _ in self.places[1:]:
            with suppress(ConnectionLost):
                return await self.dial()
        return await self.dial()

    async def redial(self, rev: int, lost: ConnectionLost) -> SocketIOConnection:
        """Makes a connection that continues from `rev`, after one was `lost`. Raises
        `ConnectionLost` when `RESUME_TIMEOUT` has passed since the first unsuccessful attempt."""
        loop = asyncio.get_running_loop()
        failure = ConnectionLost(f"connections are taken, and dropped: {lost}")
        while True:
            pause = self.backoff.pause(loop.time(), random.random())
            if pause is None:
                raise failure
            await asyncio.sleep(pause)
            try:
                line = await self.dial()
            except ConnectionLost as error:
                failure = error
            else:
                await line.send({**self.ready, "client_rev": rev, "reconnect": True})
                return line

    def lost(self) -> None:
        """Records that the connection that `dial` made is lost."""
        self.backoff.was_up(asyncio.get_running_loop().time() - self._up_since)


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
    auth: Mapping[str, Any] | None = None,
    flush_timeout: float = FLUSH_TIMEOUT,
    cursors: bool = False,
) -> AsyncIterator[Pad]:
    """Joins the pad at `url`. At the end of the block, waits until every edit has been accepted,
    and leaves the pad.

    Arguments:
        url: ``http://host:port/p/name``. If there are several (one pad on several workers), the
            next one is tried when a connection breaks.
        name: your name, as the others see it.
        color: your colour, ``#rrggbb``.
        token: says who you are (``t.…``, see `new_token`); without one, you are a new author.
        batch: announces that several revisions may come in one message.
        text_only: makes a cheap reader, which has the text but no attributes, and cannot edit.
        resume: makes a lost connection again, for up to `RESUME_TIMEOUT` seconds.
        http: a session that may be shared by many clients; its headers and cookies are sent with
            each connection.
        auth: an object for access control (``{"token": …}``), which is sent with Socket.IO's
            handshake.
        flush_timeout: how many seconds edits have to be accepted at the end of the block. A block
            that ends with an exception does not wait.
        cursors: announces that this client shows where the others have their cursors, and may
            report its own (`Pad.point`). Servers send cursors to no other clients.

    Raises `PadError` if the pad cannot be joined, and `EditsLost` at the end if edits have not been
    accepted and nothing has reported that yet.
    """
    places = [PadUrl.parse(one) for one in ([url] if isinstance(url, str) else url)]
    ready = {
        "component": "pad",
        "type": "CLIENT_READY",
        "padId": to_units(places[0].pad_id),
        "token": token or new_token(),
        "userInfo": {"name": name, "colorId": color},
        "supports": [
            "ACKNOWLEDGEMENTS",
            "SESSIONS",
            "USERS",
            *(["NEW_CHANGES_BATCH"] if batch else []),
            *(["CURSORS"] if cursors else []),
        ],
    }
    async with AsyncExitStack() as stack:
        if http is None:
            http = await stack.enter_async_context(aiohttp.ClientSession())
        dialer = Dialer(http, places, ready, resume, auth=auth)
        try:
            async with asyncio.timeout(JOIN_TIMEOUT):
                pad = await dialer.join(text_only=text_only)
        except TimeoutError:
            raise PadError(f"{places[0].base} does not answer") from None
        reading = asyncio.create_task(pad._run(dialer))
        try:
            yield pad
            await pad._leave(flush_timeout)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await pad._pointing.close()
            if pad._line is not None:
                await pad._line.close()
            pad._left()


def _heed_refusals(message: dict[str, Any]) -> None:
    """Raises an error for the two messages that a server may send at any time without an envelope:
    `Disconnected` or `PadError`."""
    if "disconnect" in message:
        raise Disconnected(str(message["disconnect"]))
    if "accessStatus" in message:
        raise PadError(f"no access to this pad: {message['accessStatus']}")


def new_token() -> str:
    """Returns a token for a new author, which nobody can guess. Whoever uses it again is the same
    author."""
    return "t." + "".join(secrets.choice(_TOKEN_ALPHABET) for _ in range(20))
