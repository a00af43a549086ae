"""Implements one typing client, without I/O, which follows the pad, submits as Etherpad's page
does, and records.

The rules are those of `shared.client.Collaborator`: one submission is in flight, edits that are
typed meanwhile wait and are sent together, and after a reconnect an unanswered submission is sent
again, joined with those that wait. Unlike a Collaborator, a typist goes on listening after
something that cannot follow, so that its recording distinguishes a gap from a wrong order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from padfleet.shared.easysync import (
    EasysyncError,
    apply_to_text,
    compose,
    follow,
    is_identity,
    make_splice,
    prepare_for_wire,
)
from tests.chaos.history.pages import Book, Page
from tests.chaos.history.recording import (
    Accepted,
    CaughtUp,
    Connected,
    ConnectionLost,
    Event,
    Finished,
    GaveUp,
    Joined,
    Moment,
    Received,
    Reconnected,
    Recording,
    Submitted,
    ToldToReload,
    digest,
    pool_json,
)


@dataclass(frozen=True, slots=True)
class Entered:
    """The part of CLIENT_VARS that a typist needs."""

    author: str
    rev: int
    text: str


@dataclass(slots=True)
class _Draft:
    """Its own edits that are sent as one revision, in the numbers of the book's pool."""

    changeset: str
    marks: tuple[str, ...]


class Typist:
    def __init__(
        self, name: str, pad: str, book: Book, clock: Callable[[], float], *, batch: bool = False
    ) -> None:
        """Takes the name, the pad and its book. `clock` returns monotonic seconds; all typists of a
        test share one. With `batch`, it announces NEW_CHANGES_BATCH, which a stock page does
        not."""
        self.name = name
        self.token = ""
        self.recording = Recording(name, pad)
        self.gone: str | None = None  #: why the server wants it gone, until it connects again
        self.gave_up = False
        self.connected = False  #: it is on the pad, and everything that was missed has come
        self.stays = 0  #: how often it has loaded the pad
        self.kept: str | None = None
        """The text that Socket.IO's client keeps for the page's next connection, as its
        `offset`."""
        self._batch = batch
        self._book = book
        self._clock = clock
        self._author = ""
        self._page: Page | None = None
        self._in_flight: _Draft | None = None
        self._waiting: _Draft | None = None
        self._count = 0

    @property
    def rev(self) -> int:
        """Returns the revision of its page, or -1 if it is not on the pad."""
        return self._page.rev if self._page is not None else -1

    @property
    def author(self) -> str:
        """Returns the author that it was on the pad as, or an empty text before it has been."""
        return self._author

    @property
    def page(self) -> Page | None:
        return self._page

    @property
    def settled(self) -> bool:
        """Returns whether it is on the pad, and everything that it typed has been accepted."""
        return self.connected and self._in_flight is None and self._waiting is None

    @property
    def text(self) -> str:
        """Returns the text on the screen: the page, with its own edits under way."""
        text = self._page.text if self._page is not None else ""
        for draft in (self._in_flight, self._waiting):
            if draft is not None:
                text = apply_to_text(draft.changeset, text)
        return text

    def next_mark(self) -> str:
        """Returns a word that nobody else types, and that this client types once."""
        self._count += 1
        return f"[{self.name}.{self._count}]"

    def _record(self, event: Event) -> None:
        self.recording.moments.append(Moment(self._clock(), event))

    # --- The connection --------------------------------------------------------------------------

    def connection_made(self, url: str) -> dict[str, Any]:
        """Returns the CLIENT_READY to send: as a newcomer, or to continue where the last connection
        broke."""
        self._record(Connected(url))
        self.gone = None
        ready = {
            "component": "pad",
            "type": "CLIENT_READY",
            "padId": self.recording.pad,
            "token": self.token,
            "userInfo": {"colorId": None, "name": None},
            "protocolVersion": 2,
        }
        if self._batch:
            ready["supports"] = ["NEW_CHANGES_BATCH"]
        if self._page is None:
            return ready
        self._record(Reconnected(self._page.rev))
        return ready | {"client_rev": self._page.rev, "reconnect": True}

    def connection_lost(self, why: str) -> None:
        self.connected = False
        self._record(ConnectionLost(why))

    def told_to_leave(self, reason: str) -> None:
        """Reloads, as a person does who is asked to: edits that were not accepted are given up."""
        self._record(ToldToReload(reason))
        self.gone = reason
        self.connected = False
        self._page = self._in_flight = self._waiting = self.kept = None

    def entered(self, entered: Entered) -> None:
        self._author = entered.author
        self.stays += 1
        self._page = self._book.page(entered.rev, entered.text)
        self.connected = True
        self.gave_up = False
        self._record(Joined(entered.rev, entered.author, digest(entered.text)))

    def finish(self) -> None:
        """Writes the last entry of the recording."""
        unsent = self._waiting.marks if self._waiting is not None else ()
        text = self._page.text if self._page is not None else ""
        self._record(Finished(self.rev, text, self.connected, unsent))

    # --- Typing ----------------------------------------------------------------------------------

    def edit(
        self, start: int, removed: int, inserted: str, marks: tuple[str, ...] = ()
    ) -> dict[str, Any] | None:
        """Replaces `removed` code units of `text` at `start`. Returns the USER_CHANGES to send, if
        nothing is in flight."""
        by_me = [("author", self._author)] if inserted else []
        return self._take_edit(
            make_splice(self.text, start, removed, inserted, by_me, self._book.pool), marks
        )

    def format(self, changeset: str) -> dict[str, Any] | None:
        """Edits `text` by a changeset in the numbers of the book's pool."""
        return self._take_edit(changeset, ())

    def _take_edit(self, changeset: str, marks: tuple[str, ...]) -> dict[str, Any] | None:
        if self._waiting is None:
            self._waiting = _Draft(changeset, marks)
        else:
            self._waiting.changeset = compose(self._waiting.changeset, changeset, self._book.pool)
            self._waiting.marks += marks
        return self.next_submission()

    def next_submission(self) -> dict[str, Any] | None:
        """Returns the `data` of the USER_CHANGES that is due, or None."""
        if not self.connected or self.gave_up or self._in_flight is not None:
            return None
        draft, self._waiting = self._waiting, None
        if self._page is None or draft is None or is_identity(draft.changeset):
            return None  # edits that cancel each other out are not sent
        self._in_flight = draft
        changeset, pool = prepare_for_wire(draft.changeset, self._book.pool)
        jsonable = pool.to_jsonable()
        self._record(Submitted(self._page.rev, changeset, pool_json(jsonable), draft.marks))
        return {
            "type": "USER_CHANGES",
            "baseRev": self._page.rev,
            "changeset": changeset,
            "apool": jsonable,
        }

    # --- Messages --------------------------------------------------------------------------------

    def received(self, event: Received) -> None:
        self._record(event)
        page = self._page
        if page is None or self.gave_up:
            return
        if event.rev != page.rev + 1:
            self._give_up(f"revision {event.rev} came at {page.rev}")
            return
        try:
            if event.missed and event.author == self._author and self._in_flight is not None:
                self._answered(page, self._in_flight, event.rev)
            else:
                self._changed(page, event)
        except EasysyncError as error:
            self._give_up(f"revision {event.rev} does not apply: {error}")

    def accepted(self, event: Accepted) -> None:
        self._record(event)
        page = self._page
        if page is None or self.gave_up:
            return
        if self._in_flight is None or event.rev not in (page.rev, page.rev + 1):
            self._give_up(f"ACCEPT_COMMIT of {event.rev} at {page.rev}")
            return
        self._answered(page, self._in_flight, event.rev)

    def caught_up(self, rev: int) -> None:
        """Notes that everything that was missed is here: a submission still in flight was never
        accepted."""
        self._record(CaughtUp(rev))
        self.connected = True
        if self._in_flight is None or self.gave_up:
            return
        again, self._in_flight = self._in_flight, None
        if self._waiting is not None:
            later = self._waiting
            again.changeset = compose(again.changeset, later.changeset, self._book.pool)
            again.marks += later.marks
        self._waiting = again

    def _answered(self, page: Page, mine: _Draft, rev: int) -> None:
        self._page = self._book.after(page, mine.changeset, rev)
        self._in_flight = None

    def _changed(self, page: Page, event: Received) -> None:
        pool = self._book.pool
        theirs = self._book.moved(event)
        self._page = self._book.after(page, theirs, event.rev)
        if self._in_flight is not None:
            mine = self._in_flight.changeset
            self._in_flight.changeset = follow(theirs, mine, pool)
            theirs = follow(mine, theirs, pool, reverse_insert_order=True)
        if self._waiting is not None:
            mine = self._waiting.changeset
            self._waiting.changeset = follow(theirs, mine, pool, reverse_insert_order=True)

    def _give_up(self, why: str) -> None:
        self.gave_up = True
        self._record(GaveUp(why))
