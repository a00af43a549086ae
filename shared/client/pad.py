"""This module is an open pad, with what callers do to it. `Conversation` handles the messages, and
`Collaborator` the edits."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from padfleet.shared.client.collaborator import Collaborator
from padfleet.shared.client.conversation import Conversation
from padfleet.shared.client.cursors import Cursor
from padfleet.shared.client.errors import EditRefused, OutOfRange, PadError, PadLeft
from padfleet.shared.client.events import Event
from padfleet.shared.client.line import Traffic
from padfleet.shared.easysync import to_units


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
    users: dict[str, str | None]
    """The names of the others who are here, by author id."""
    names: dict[str, str]
    """The names of all who gave one, including people who have left, by author id."""
    colors: dict[str, str]
    """The colours (``#rrggbb``) of the others who are or were here, by author id."""
    pointing: bool
    """Whether the server reports where the others have their cursors, and reports this client's
    cursor to them."""
    _conversation: Conversation
    _cursors_wanted: bool

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

    @property
    def resumes(self) -> int:
        """How many times a lost connection has been made again."""
        return self._conversation.resumes

    async def edit(self, start: int, removed: int, inserted: str) -> None:
        """Replaces `removed` code units at `start` with `inserted`, an ordinary string or one of
        code units, and submits the edit as soon as no earlier one is in flight. Edits may have any
        size: an edit that is larger than the server accepts is sent in pieces.

        This does not wait for the answer: `flush` does, and so does leaving the ``async with``
        block.

        Raises `OutOfRange` if the edit is beyond the text or would remove the final newline,
        another `EditRefused` if the address is read-only, and what ended the session, if something
        has, which is `PadLeft` after the block. In these cases nothing has changed.
        """
        if self.read_only:
            raise EditRefused("this address is read-only")
        self._conversation.check()
        self.state.edit(start, removed, inserted)
        await self._conversation.submit()
        self._conversation.look_at_cursor()

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
        self._conversation.check()
        place = None if anchor is None else Cursor(anchor, anchor if head is None else head)
        self.state.point(place)
        self._conversation.look_at_cursor()

    async def flush(self) -> None:
        """Returns when every edit has been accepted. Raises what ended the session, such as
        `Disconnected`, or `ConnectionLost` if the connection could not be made again."""
        await self.until(lambda: self.state.settled)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns once the condition has been true. It is checked after each message, and when
        `look_again` is called. Raises what ended the session."""
        await self._conversation.until(condition)

    def look_again(self) -> None:
        """Checks the conditions that `until` waits for, because something other than a message may
        have made one true."""
        self._conversation.look_again()

    async def submit(self) -> None:
        """Sends the waiting edits, if none is in flight and the connection is up."""
        await self._conversation.submit()

    def on_event(self, listener: Callable[[Event], None]) -> None:
        """Calls `listener` with each event immediately, instead of keeping events for iteration."""
        self._conversation.on_event = listener

    def on_submit(self, listener: Callable[[bool], None]) -> None:
        """Calls `listener` each time after the drafts have been checked for something to send, with
        whether one was sent. Drafts before it had no effect and are gone
        (`Collaborator.drafts`)."""
        self._conversation.on_submit = listener

    def cut(self) -> None:
        """Breaks the connection without closing it, as a network does. This is for tests."""
        self._conversation.cut()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            try:
                event = await self._conversation.next_event()
            except PadLeft:
                return
            yield event
