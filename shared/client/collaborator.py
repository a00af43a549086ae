"""The client's side of Easysync: pure, no I/O.

What is known of a pad is `base` (its text at `rev`), the changeset in flight to the server, and
the edits made since, which wait. `text` is all three together: what the user sees. The rules are
those of Etherpad's page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.easysync import (
    AText,
    AttributePool,
    apply_to_atext,
    apply_to_text,
    compose,
    follow,
    identity,
    is_identity,
    make_splice,
    move_ops_to_new_pool,
    new_len,
    prepare_for_wire,
)


class ProtocolError(Exception):
    """The server sent what cannot follow: a gap, a repetition, an answer to nothing."""


class Changed(NamedTuple):
    """A revision of somebody else has been taken in.

    Fired for each one, also for those that came in one message. `changeset` is what it did to
    `text`, in the numbers of the collaborator's pool.
    """

    rev: int
    author: str
    changeset: str


class Accepted(NamedTuple):
    """The submission in flight has become part of the pad, at `rev`."""

    rev: int


@dataclass(slots=True)
class Counts:
    """What has come in."""

    revisions: int = 0
    batches: int = 0
    batched: int = 0  #: revisions that came in batches


class Collaborator:
    """One client's copy of a pad, from the `collab_client_vars` of CLIENT_VARS.

    `text_only`: for readers; attributes are not kept, which saves most of the work, and nothing
    can be edited.
    """

    def __init__(self, variables: dict[str, Any], author: str, *, text_only: bool = False) -> None:
        start = variables["initialAttributedText"]
        self.rev: int = variables["rev"]
        self.author = author
        self.counts = Counts()
        self._text_only = text_only
        self._pool = AttributePool.from_jsonable(variables["apool"])
        self._base = AText(start["text"], start["attribs"])
        self._in_flight: str | None = None
        self._waiting: str | None = None
        self._resuming = False
        self.text: str = start["text"]

    @property
    def pool(self) -> AttributePool:
        return self._pool

    @property
    def attributed_text(self) -> AText:
        """The pad at `rev`, without own edits under way. Not kept up by a reader."""
        return self._base

    @property
    def settled(self) -> bool:
        """Whether every edit has been accepted."""
        return self._in_flight is None and self._waiting is None

    @property
    def submitting(self) -> bool:
        return self._in_flight is not None

    @property
    def has_waiting(self) -> bool:
        return self._waiting is not None

    # --- Editing ---------------------------------------------------------------------------------

    def edit(self, start: int, removed: int, inserted: str) -> str:
        """Replaces `removed` code units at `start`; returns the changeset on `text`."""
        by_me = [("author", self.author)] if inserted else []
        changeset = make_splice(self.text, start, removed, inserted, by_me, self._pool)
        self.apply_own(changeset)
        return changeset

    def apply_own(self, changeset: str) -> None:
        """An edit of `text` as a changeset in the numbers of `pool`."""
        if self._text_only:
            raise ValueError("a text-only collaborator cannot edit")
        self.text = apply_to_text(changeset, self.text)
        if self._waiting is None:
            self._waiting = changeset
        else:
            self._waiting = compose(self._waiting, changeset, self._pool)

    def next_submission(self) -> dict[str, Any] | None:
        """The `data` of the USER_CHANGES that is due, if one is: one at a time is in flight."""
        if self._resuming or self._in_flight is not None or self._waiting is None:
            return None
        if is_identity(self._waiting):  # edits that cancel each other out
            self._waiting = None
            return None
        self._in_flight, self._waiting = self._waiting, None
        changeset, pool = prepare_for_wire(self._in_flight, self._pool)
        return {
            "type": "USER_CHANGES",
            "baseRev": self.rev,
            "changeset": changeset,
            "apool": pool.to_jsonable(),
        }

    def connection_lost(self) -> None:
        """Until what was missed has come in, nothing is submitted."""
        self._resuming = True

    def _resumed(self) -> None:
        """All that was missed is here: what still is in flight was never taken, and is sent again,
        joined with what was typed since."""
        self._resuming = False
        if self._in_flight is not None:
            waiting = self._waiting or identity(new_len(self._in_flight))
            self._waiting = compose(self._in_flight, waiting, self._pool)
            self._in_flight = None

    # --- Messages --------------------------------------------------------------------------------

    def receive(self, data: dict[str, Any]) -> Iterator[Changed | Accepted]:
        """Takes in the `data` of a COLLABROOM message; what is none of ours is passed over.

        Raises `ProtocolError`.
        """
        match data.get("type"):
            case "NEW_CHANGES":
                yield self._take(data)
            case "NEW_CHANGES_BATCH":
                self.counts.batches += 1
                self.counts.batched += len(data["changes"])
                for change in data["changes"]:
                    yield self._take(change)
            case "ACCEPT_COMMIT":
                yield self._accept(data["newRev"], allowed=(self.rev, self.rev + 1))
            case "CLIENT_RECONNECT" if not data.get("noChanges"):
                if data["author"] == self.author and self._in_flight is not None:
                    self.counts.revisions += 1
                    yield self._accept(data["newRev"], allowed=(self.rev + 1,))
                else:
                    yield self._take(data)
        if data.get("type") == "CLIENT_RECONNECT" and (
            data.get("noChanges") or data["newRev"] == data["headRev"]
        ):
            self._resumed()

    def _accept(self, rev: int, *, allowed: tuple[int, ...]) -> Accepted:
        if rev not in allowed:
            raise ProtocolError(f"ACCEPT_COMMIT of revision {rev} at revision {self.rev}")
        if self._in_flight is None:
            raise ProtocolError(f"ACCEPT_COMMIT of revision {rev}, but nothing was submitted")
        self._base = apply_to_atext(self._in_flight, self._base, self._pool)
        self._in_flight = None
        self.rev = rev
        return Accepted(rev)

    def _take(self, data: dict[str, Any]) -> Changed:
        rev = data["newRev"]
        if rev != self.rev + 1:
            raise ProtocolError(f"revision {rev} came at revision {self.rev}")
        self.counts.revisions += 1
        self.rev = rev
        author = data.get("author", "")
        if self._text_only:
            changeset = data["changeset"]
            self.text = apply_to_text(changeset, self.text)
            return Changed(rev, author, changeset)
        wire_pool = AttributePool.from_jsonable(data["apool"])
        theirs = move_ops_to_new_pool(data["changeset"], wire_pool, self._pool)
        self._base = apply_to_atext(theirs, self._base, self._pool)
        # In flight, ours comes after theirs, as the server will have it; what still waits will be
        # submitted on top of theirs, and goes wherever the user is better served.
        if self._in_flight is not None:
            mine, self._in_flight = self._in_flight, follow(theirs, self._in_flight, self._pool)
            theirs = follow(mine, theirs, self._pool, reverse_insert_order=True)
        if self._waiting is not None:
            mine = self._waiting
            self._waiting = follow(theirs, mine, self._pool, reverse_insert_order=True)
            theirs = follow(mine, theirs, self._pool)
        self.text = apply_to_text(theirs, self.text)
        return Changed(rev, author, theirs)
