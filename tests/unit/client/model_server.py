"""A minimal model of a pad's server, which orders and rebases changes and keeps everything in
memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from padfleet.shared.easysync import (
    AttributePool,
    apply_to_atext,
    is_identity,
    make_atext,
    move_ops_to_new_pool,
    prepare_for_wire,
)
from padfleet.shared.easysync.reference import rebase

Message = dict[str, Any]


@dataclass(eq=False)
class Visitor:
    """A session: what it will be told, in order."""

    author: str
    outbox: deque[Message] = field(default_factory=deque)

    def take(self, count: int, *, batch: bool) -> list[Message]:
        """Returns the next messages, `count` at most. With `batch`, neighbouring changes become one
        message."""
        taken = [self.outbox.popleft() for _ in range(min(count, len(self.outbox)))]
        if not batch:
            return taken
        joined: list[Message] = []
        for message in taken:
            if message["type"] != "NEW_CHANGES":
                joined.append(message)
            elif joined and joined[-1]["type"] == "NEW_CHANGES_BATCH":
                joined[-1]["changes"].append(message)
            else:
                joined.append({"type": "NEW_CHANGES_BATCH", "changes": [message]})
        return joined


class ModelServer:
    """One pad. The last character of its text is a newline, as clients take care that it is."""

    def __init__(self, text: str = "\n") -> None:
        self.pool = AttributePool()
        self.atext = make_atext(text)
        self.revisions: list[tuple[str, str]] = []  #: changeset and author of revision 1, 2, …
        self._visitors: list[Visitor] = []

    @property
    def rev(self) -> int:
        return len(self.revisions)

    def join(self, author: str) -> tuple[Visitor, Message]:
        """Lets an author in, and returns the visitor with the `collab_client_vars`."""
        visitor = Visitor(author)
        self._visitors.append(visitor)
        return visitor, {
            "initialAttributedText": {"text": self.atext.text, "attribs": self.atext.attribs},
            "apool": self.pool.to_jsonable(),
            "rev": self.rev,
        }

    def come_back(self, author: str, rev: int) -> Visitor:
        """Opens a new session for somebody who has the pad at `rev`."""
        visitor = Visitor(author)
        self._visitors.append(visitor)
        if rev == self.rev:
            visitor.outbox.append({"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": rev})
        for missed in range(rev + 1, self.rev + 1):
            change = self._change(missed)
            visitor.outbox.append(change | {"type": "CLIENT_RECONNECT", "headRev": self.rev})
        return visitor

    def leave(self, visitor: Visitor) -> None:
        self._visitors.remove(visitor)

    def submit(self, visitor: Visitor, data: Message) -> None:
        """Handles a USER_CHANGES message."""
        wire_pool = AttributePool.from_jsonable(data["apool"])
        changeset = move_ops_to_new_pool(data["changeset"], wire_pool, self.pool)
        since = [made for made, _ in self.revisions[data["baseRev"] :]]
        changeset = rebase(changeset, since, self.pool)
        if not is_identity(changeset):
            self.atext = apply_to_atext(changeset, self.atext, self.pool)
            self.revisions.append((changeset, visitor.author))
            for other in self._visitors:
                if other is not visitor:
                    other.outbox.append(self._change(self.rev))
        visitor.outbox.append({"type": "ACCEPT_COMMIT", "newRev": self.rev})

    def point(self, visitor: Visitor, data: Message, others: list[Visitor]) -> None:
        """Handles a CURSOR message and tells the other visitors about it."""
        cursor = {name: data[name] for name in ("rev", "anchor", "head")}
        for other in others:
            if other is not visitor:
                told = {"userId": visitor.author, **cursor}
                other.outbox.append({"type": "CURSORS", "cursors": [told]})

    def _change(self, rev: int) -> Message:
        changeset, author = self.revisions[rev - 1]
        changeset, pool = prepare_for_wire(changeset, self.pool)
        return {
            "type": "NEW_CHANGES",
            "newRev": rev,
            "changeset": changeset,
            "apool": pool.to_wire(),
            "author": author,
        }
