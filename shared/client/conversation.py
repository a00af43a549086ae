"""This module has the messages between a pad and its server, over one connection after the
other."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from padfleet.shared.client.collaborator import Collaborator
from padfleet.shared.client.dialer import Dialer
from padfleet.shared.client.errors import (
    ConnectionLost,
    Disconnected,
    EditsLost,
    PadError,
    PadLeft,
    ProtocolError,
    TooLarge,
)
from padfleet.shared.client.events import Accepted, CursorsMoved, Event
from padfleet.shared.client.line import SocketIOConnection
from padfleet.shared.client.people import PresentPeople
from padfleet.shared.client.pointing import Pointing


class Conversation:
    """Applies the messages that arrive, submits edits when they are due, and connects again."""

    def __init__(
        self,
        state: Collaborator,
        people: PresentPeople,
        line: SocketIOConnection,
        *,
        cursors: bool,
    ) -> None:
        """Begins with the connection on which CLIENT_VARS have arrived. `cursors` says whether the
        server passes on where people have their cursors."""
        self.resumes = 0
        self.on_event: Callable[[Event], None] | None = None
        self.on_submit: Callable[[bool], None] | None = None
        self.failure: Exception | None = None  #: what has ended the session
        self._shown = False  #: the caller has been shown `failure`
        self._state = state
        self._people = people
        self._line: SocketIOConnection | None = line
        self._events: deque[Event] = deque()
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._pointing = Pointing(self._report_place)
        self._cursors = cursors

    # --- What the caller waits for ---------------------------------------------------------------

    def check(self) -> None:
        """Raises what ended the session, if something has."""
        if self.failure is not None:
            self._shown = True
            raise self.failure

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns once the condition has been true. It is checked after each message, and when
        `look_again` is called. Raises what ended the session."""
        if condition():
            return
        self.check()
        waiter = (condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter[1]
        finally:
            self._waiters.remove(waiter)

    def look_again(self) -> None:
        """Checks the conditions that `until` waits for."""
        # Conditions are checked here and not by the tasks that wait: an irrelevant message then
        # wakes nobody, which is most of the work with a hundred clients in one process.
        for condition, waiter in self._waiters:
            if waiter.done():
                continue
            try:
                if condition():
                    waiter.set_result(None)
                else:
                    self.check()
            except Exception as error:
                waiter.set_exception(error)

    async def next_event(self) -> Event:
        """Waits for the next event that no listener has taken. Raises what ended the session."""
        await self.until(lambda: bool(self._events))
        return self._events.popleft()

    # --- Sending ---------------------------------------------------------------------------------

    async def submit(self) -> None:
        """Sends the waiting edits, if none is in flight and the connection is up."""
        self.check()
        if self._line is None:
            return
        try:
            data = self._state.next_submission()
        except TooLarge as error:  # for this server, unlike for the one before
            self._end(error)
            self.check()
            return
        if self.on_submit is not None:
            self.on_submit(data is not None)
        if data is not None:
            await self._line.send({"type": "COLLABROOM", "component": "pad", "data": data})

    def look_at_cursor(self) -> None:
        """Reports where our own cursor is, if it has moved and the server passes that on."""
        if self._cursors:
            self._pointing.look()

    async def _report_place(self) -> bool:
        if self._line is None or (place := self._state.next_place()) is None:
            return False
        data = {"type": "CURSOR", **place._asdict()}
        await self._line.send({"type": "COLLABROOM", "component": "pad", "data": data})
        return True

    # --- Receiving -------------------------------------------------------------------------------

    async def run(self, dialer: Dialer) -> None:
        """Reads until the session ends. A broken connection is made again, if that is wanted."""
        try:
            while True:
                try:
                    await self._read(dialer)
                except ConnectionLost as lost:
                    for moved in self._state.connection_lost():
                        self._emit(moved)
                    line, self._line = self._line, None
                    if line is not None:
                        dialer.kept = line.kept
                        await line.close()
                    if not dialer.resume:
                        raise
                    dialer.lost()
                    line = await dialer.redial(self._state.rev, lost)
                    self._state.limits = line.split_limits
                    self._line = line
                    self._people.came_back()
                    self.resumes += 1
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._end(error)

    async def _read(self, dialer: Dialer) -> None:
        while self._line is not None:
            line = self._line
            progress = self._receive(await line.next_message())
            if progress:
                dialer.backoff.progressed()
            elif self._state.settled and self._state.up_to_date:
                dialer.backoff.resumed()
            await line.acknowledge()
            if self._state.has_waiting:
                await self.submit()
            self.look_at_cursor()
            self.look_again()

    def _receive(self, message: dict[str, Any]) -> bool:
        """Handles a message. Returns whether it was progress, as `Backoff` counts it."""
        raise_if_refused(message)
        if message.get("type") != "COLLABROOM":
            return False
        progress = False
        match message.get("data"):
            case dict(data) if (gone := self._people.receive(data)) is not None:
                for author in gone:
                    for moved in self._state.left(author):
                        self._emit(moved)
            case dict(data):
                missed = data.get("type") == "CLIENT_RECONNECT"
                for event in self._state.receive(data):
                    if not isinstance(event, CursorsMoved):
                        accepted = isinstance(event, Accepted)
                        progress = progress or accepted or (self._state.settled and not missed)
                    self._emit(event)
        return progress

    def _emit(self, event: Event) -> None:
        if self.on_event is not None:
            self.on_event(event)
            return
        last = self._events[-1] if self._events else None
        if isinstance(event, CursorsMoved) and isinstance(last, CursorsMoved):
            # If the program does not iterate, or does so slowly, only whose cursors have moved is
            # kept.
            authors = tuple(dict.fromkeys((*last.authors, *event.authors)))
            self._events[-1] = event._replace(authors=authors)
        else:
            self._events.append(event)

    # --- The end ---------------------------------------------------------------------------------

    def _end(self, error: Exception) -> None:
        self.failure = error
        self.look_again()

    def cut(self) -> None:
        """Breaks the connection without closing it, as a network does. This is for tests."""
        if self._line is not None:
            self._line.cut()

    async def settle(self, deadline: float) -> None:
        """Waits until all edits have been answered, for `deadline` seconds at most. Raises
        `EditsLost`."""
        if self._state.settled or self._shown:
            return
        try:
            async with asyncio.timeout(deadline):
                await self.until(lambda: self._state.settled)
        except TimeoutError:
            why = f"the server did not accept them within {deadline:g} s"
            raise EditsLost(self._state.drafts, why) from None
        except (PadError, ProtocolError) as error:
            raise EditsLost(self._state.drafts, str(error)) from error

    async def close(self) -> None:
        """Closes the connection. Nobody answers any more, and callers that still wait or continue
        are told so."""
        await self._pointing.close()
        if self._line is not None:
            await self._line.close()
        if self.failure is None:
            self.failure = PadLeft()
        self.look_again()


def raise_if_refused(message: dict[str, Any]) -> None:
    """Raises an error for the two messages that a server may send at any time without an envelope:
    `Disconnected` or `PadError`."""
    if "disconnect" in message:
        raise Disconnected(str(message["disconnect"]))
    if "accessStatus" in message:
        raise PadError(f"no access to this pad: {message['accessStatus']}")
